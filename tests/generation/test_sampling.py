"""Seeds, truncation, paths through the latent space, and projection."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bottega import encoders, generation
from bottega.errors import PictureError, SettingsError
from bottega.generation import GENERATORS, FewShotGenerator, Generator
from bottega.generation.sampling import closed_spline


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    generator = FewShotGenerator(32, latent=16, classes=("a", "b"), width=8).requires_grad_(False)
    for layer in generator.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    generator.train()(torch.randn(32, 16), torch.eye(2).repeat(16, 1))  # statistics as after a training
    return generator.eval()


def test_same_seed_same_picture(generator: Generator) -> None:
    three = generation.sample(generator, 3, seed=5)
    assert torch.allclose(generation.sample(generator, 1, seed=7), three[2:], atol=1e-6)
    assert not torch.allclose(three[0], three[1], atol=1e-2)
    assert three.shape == (3, 3, 32, 32)


def test_one_class(generator: Generator) -> None:
    source = torch.Generator().manual_seed(3)
    z = torch.randn(1, 16, generator=source)
    expected = generator(z, torch.tensor([[0.0, 1.0]]))
    assert torch.allclose(generation.sample(generator, 1, seed=3, classes="b"), expected, atol=1e-6)


@pytest.mark.parametrize("name", list(GENERATORS))
def test_truncation_goes_to_the_mean_picture(name: str) -> None:
    torch.manual_seed(1)
    arguments = {} if name == "dcgan" else {"classes": ("a", "b")}
    one = GENERATORS[name](size=32, latent=16, width=8, **arguments).eval()
    classes = None if name == "dcgan" else "a"
    spreads = [
        generation.sample_codes(one, 8, classes=classes, truncation=truncation).std(0).mean().item()
        for truncation in (0.0, 0.5, 1.0)
    ]
    assert spreads[0] == pytest.approx(0, abs=1e-6)
    assert spreads[1] == pytest.approx(spreads[2] / 2, rel=1e-3)


def test_the_mean_style(generator: Generator) -> None:
    condition = torch.tensor([[1.0, 0.0]])
    z = torch.randn(20_000, 16, generator=torch.Generator().manual_seed(9))
    mean = generator.map_style(z, condition.expand(len(z), -1)).mean(0, keepdim=True)
    scale = generator.map_style(z[:200], condition.expand(200, -1)).std(0).mean()
    assert (generator.mean_style(condition) - mean).abs().max() < 0.3 * scale


@pytest.mark.parametrize(
    ("values", "message"), [({"count": 0}, "1 or more"), ({"truncation": 3.0}, "0 to 2")]
)
def test_bad_samples(generator: Generator, values: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        generation.sample(generator, **{"count": 1, **values})  # type: ignore[arg-type]


def test_interpolation_has_both_ends(generator: Generator) -> None:
    ends = generation.sample_codes(generator, 2)
    pictures = generation.interpolate(generator, ends[:1], ends[1:], 5)
    assert torch.allclose(pictures[[0, 4]], generation.sample(generator, 2), atol=1e-5)
    steps = (pictures[1:] - pictures[:-1]).abs().mean((1, 2, 3))
    assert steps.min() > 0
    with pytest.raises(SettingsError, match="use 2 or more"):
        generation.interpolate(generator, ends[:1], ends[1:], 1)


def test_a_walk_passes_its_stops_and_closes(generator: Generator) -> None:
    stops = generation.sample_codes(generator, 3)
    frames = list(generation.walk(generator, stops, 12))
    assert len(frames) == 12
    pictures = torch.cat(frames)
    assert torch.allclose(pictures[[0, 4, 8]], generation.sample(generator, 3), atol=1e-5)
    steps = (pictures - pictures.roll(-1, 0)).abs().mean((1, 2, 3))
    assert steps.max() < 4 * steps.median()  # the last frame leads to the first like any other
    with pytest.raises(SettingsError, match="2 stops or more"):
        list(generation.walk(generator, stops[:1], 5))
    with pytest.raises(SettingsError, match="3 frames or more"):
        list(generation.walk(generator, stops, 2))


def test_the_spline_is_smooth_and_exact() -> None:
    points = torch.tensor([[0.0], [1.0], [0.5], [2.0]])
    times = torch.linspace(0, 4, 4001)[:-1]
    pictures = closed_spline(points, times)[:, 0]
    assert torch.allclose(pictures[[0, 1000, 2000, 3000]], points[:, 0], atol=1e-5)
    speed = (pictures.roll(-1) - pictures) * 1000
    assert (speed.roll(-1) - speed).abs().max() < 0.02  # no kink anywhere, the seam included


def test_mixing_takes_coarse_and_fine(generator: Generator) -> None:
    both = generation.sample_codes(generator, 2)
    mixed = generation.mix_styles(generator, both[:1], both[1:], 2)
    assert torch.equal(mixed[:, :2], both[:1, :2])
    assert torch.equal(mixed[:, 2:], both[1:, 2:])
    with pytest.raises(SettingsError, match=r"level of mixing is 4; its range is 1 to 3"):
        generation.mix_styles(generator, both[:1], both[1:], 4)
    plain = GENERATORS["dcgan"](size=32, latent=4, width=4).eval()
    code = generation.sample_codes(plain, 1)
    with pytest.raises(SettingsError, match="only one level"):
        generation.mix_styles(plain, code, code, 1)
    with pytest.raises(SettingsError, match="Codes of this generator"):
        next(generation.synthesize_batches(generator, code))


def test_projection_recovers_a_generated_picture(generator: Generator) -> None:
    encoder = encoders.load_encoder("small")
    target = generation.sample(generator, 1, seed=1234, classes="a")
    result = generation.project(generator, target, encoder=encoder, steps=12, classes="a")
    nearest = generation.project(generator, target, encoder=encoder, steps=1, classes="a")
    assert result.code.shape == (1, generator.levels, generator.style_dim)
    assert result.distance < 0.85 * nearest.distance
    assert torch.allclose(next(generation.synthesize_batches(generator, result.code)), result.picture)


def test_bad_projections(generator: Generator) -> None:
    encoder: nn.Module = encoders.build_encoder("small")
    with pytest.raises(PictureError, match="One picture"):
        generation.project(generator, torch.rand(2, 3, 32, 32), encoder=encoder, steps=1)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="use 1 or more"):
        generation.project(generator, torch.rand(1, 3, 32, 32), encoder=encoder, steps=0)  # type: ignore[arg-type]
