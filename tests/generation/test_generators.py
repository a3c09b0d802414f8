"""Every generator: shapes, ranges, conditions, files, and bad input."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from bottega import generation, weights
from bottega.errors import SettingsError, WeightsError
from bottega.generation import GENERATORS, ConditionalDCGAN, FewShotGenerator, Generator

CLASSES = ("noble", "warrior", "monk")


def build(name: str, size: int = 32, **more: object) -> Generator:
    torch.manual_seed(0)
    conditions = {} if name == "dcgan" else {"classes": CLASSES, "attributes": ("light",)}
    return with_batch_norm_statistics(GENERATORS[name](size=size, latent=16, width=4, **conditions, **more))


@torch.no_grad()
def with_batch_norm_statistics(generator: Generator) -> Generator:
    """Batch norm with statistics as after a training; without them all pictures are nearly gray."""
    for layer in generator.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    generator.train()(*inputs(generator, 16))
    return generator.eval()


def inputs(generator: Generator, count: int = 4) -> tuple[torch.Tensor, torch.Tensor | None]:
    source = torch.Generator().manual_seed(3)
    return torch.randn(count, 16, generator=source), generator.sample_conditions(None, count, source)


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("name", list(GENERATORS))
@torch.no_grad()
def test_shapes_and_range(name: str, size: int) -> None:
    generator = build(name, size)
    pictures = generator(*inputs(generator))
    assert pictures.shape == (4, 3, size, size)
    assert pictures.dtype == torch.float32
    assert 0 <= pictures.min() <= pictures.max() <= 1
    assert generator.map_style(*inputs(generator)).shape == (4, generator.style_dim)


def test_fewshot_at_the_largest_size() -> None:
    generator = FewShotGenerator(512, latent=16, width=4).eval()
    with torch.no_grad():
        assert generator(torch.randn(1, 16)).shape == (1, 3, 512, 512)


@pytest.mark.parametrize("name", list(GENERATORS))
@torch.no_grad()
def test_a_picture_does_not_depend_on_its_batch(name: str) -> None:
    generator = build(name)
    z, condition = inputs(generator)
    alone = generator(z[2:3], None if condition is None else condition[2:3])
    assert torch.allclose(generator(z, condition)[2:3], alone, atol=1e-5)


@pytest.mark.parametrize("name", ["fewshot", "cdcgan", "vae"])
@torch.no_grad()
def test_the_condition_changes_the_picture(name: str) -> None:
    generator = build(name)
    z, condition = inputs(generator)
    assert condition is not None
    other = condition.roll(1, 1)
    assert (generator(z, condition) - generator(z, other)).abs().max() > 1e-3


@pytest.mark.parametrize("name", list(GENERATORS))
def test_gradients_reach_every_generator_weight(name: str) -> None:
    generator = build(name).train()
    generator(*inputs(generator)).square().mean().backward()
    idle = {n for n, p in generator.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0}
    encoder_half = {n for n in idle if n.startswith(("reduce.", "posterior."))}
    # Batch norm takes a constant away, so biases in front of it have no gradient and are left out.
    assert idle - encoder_half == set()
    assert bool(encoder_half) == (name == "vae")


def test_vae_encodes_pictures() -> None:
    vae = build("vae")
    assert isinstance(vae, generation.VAE)
    condition = vae.sample_conditions("monk", 2, torch.Generator())
    mean, log_variance = vae.encode(torch.rand(2, 3, 32, 32), condition)
    assert mean.shape == log_variance.shape == (2, 16)


def test_mixed_conditions() -> None:
    generator = build("fewshot")
    source = torch.Generator().manual_seed(0)
    shares = generator.sample_conditions({"monk": 3, "noble": 1}, 2, source, {"light": 0.7})
    assert shares is not None
    assert torch.allclose(shares, torch.tensor([[0.25, 0, 0.75, 0.7]] * 2))
    pictures = generator.sample_conditions(None, 200, source)
    assert pictures is not None
    assert (pictures[:, :3].sum(0) > 40).all()  # every class comes, about equally often


@pytest.mark.parametrize(
    ("classes", "attributes", "message"),
    [
        ("warior", None, r'class "warior" \(did you mean "warrior"\?\); use noble, warrior, monk'),
        ({"noble": 0.0}, None, "at least one of them above 0"),
        ({"noble": 1.0, "monk": -1.0}, None, "must be 0 or more"),
        (None, {"dark": 0.5}, 'attribute "dark"; use light'),
        (None, {"light": 1.5}, r"light is 1.5; its range is 0 to 1"),
    ],
)
def test_bad_conditions(classes: object, attributes: object, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        build("fewshot").sample_conditions(classes, 1, torch.Generator(), attributes)  # type: ignore[arg-type]


def test_classes_of_an_unconditional_generator() -> None:
    with pytest.raises(SettingsError, match="has no classes"):
        build("dcgan").sample_conditions("noble", 1, torch.Generator())


def test_bad_inputs() -> None:
    generator = build("fewshot")
    z, condition = inputs(generator)
    with pytest.raises(SettingsError, match=r"shape \(N, 16\), not \(4, 15\)"):
        generator(z[:, :15], condition)
    with pytest.raises(SettingsError, match=r"shape \(4, 4\); it is missing"):
        generator(z)
    with pytest.raises(SettingsError, match="takes no condition"):
        build("dcgan")(z, condition)


def test_bad_sizes() -> None:
    with pytest.raises(SettingsError, match="size of a generator is 100; use one of 32"):
        FewShotGenerator(100)
    with pytest.raises(SettingsError, match="is 5; use a multiple of 4"):
        FewShotGenerator(64, width=5)
    with pytest.raises(SettingsError, match="needs classes or attributes"):
        ConditionalDCGAN(64)
    with pytest.raises(SettingsError, match="must differ"):
        FewShotGenerator(64, classes=("a", "a"))


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("name", list(GENERATORS))
@torch.no_grad()
def test_files(name: str, half: bool, tmp_path: Path) -> None:
    generator = build(name)
    file = tmp_path / "g.safetensors"
    generation.save(generator, file, {"note": "text"}, half=half)
    again = generation.load(file)
    assert again.configuration == generator.configuration
    assert again.classes == generator.classes
    difference = (again(*inputs(again)) - generator(*inputs(generator))).abs().max()
    assert difference < (0.02 if half else 1e-5)
    assert weights.load_file(file)[1]["note"] == "text"


def test_files_of_other_networks(tmp_path: Path) -> None:
    file = tmp_path / "other.safetensors"
    weights.save_file(file, {"x": torch.zeros(1)}, {"architecture": "micro"})
    with pytest.raises(WeightsError, match=r'holds "micro", which is not one of the generators'):
        generation.load(file)
    weights.save_file(file, {"x": torch.zeros(1)}, {"architecture": "dcgan", "settings": {}})
    with pytest.raises(WeightsError, match='does not fit the generator "dcgan"'):
        generation.load(file)
    with pytest.raises(WeightsError, match="not one of the networks fewshot"):
        generation.save(Generator(32, 4), file)
