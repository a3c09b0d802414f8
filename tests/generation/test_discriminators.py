"""Discriminators and differentiable augmentation."""

from __future__ import annotations

import pytest
import torch

from bottega import encoders
from bottega.errors import SettingsError
from bottega.generation.discriminators.base import minibatch_stddev
from bottega.generation.discriminators.dcgan import ConvDiscriminator
from bottega.generation.discriminators.multiscale import MultiscaleDiscriminator
from bottega.generation.discriminators.projected import ProjectedDiscriminator, Projector, last_layers
from bottega.generation.discriminators.residual import ResidualDiscriminator
from bottega.generation.training.diff_augment import DiffAugment, cutout, jitter_color, translate


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 4, side: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=seeded(1))


def test_translation_moves_whole_pictures() -> None:
    one = pictures(1)
    moved = translate(one, seeded(4))
    places = [
        (down, right)
        for down in range(-4, 5)
        for right in range(-4, 5)
        if torch.allclose(
            moved[..., max(0, -down) : 32 - max(0, down), max(0, -right) : 32 - max(0, right)],
            one[..., max(0, down) : 32 + min(0, down), max(0, right) : 32 + min(0, right)],
            atol=1e-6,
        )
    ]
    assert len(places) == 1
    assert moved.shape == one.shape


def test_cutout_leaves_a_gray_square() -> None:
    changed = cutout(pictures(200), seeded(2))
    gray = (changed == 0.5).all(1).float().mean((1, 2))
    assert gray.max() == pytest.approx(0.25)
    assert gray.min() >= 0.0625 * 0.9  # a quarter of the square at least, in a corner
    assert gray.mean() < 0.25


def test_jitter_color_keeps_the_structure() -> None:
    gray = pictures().mean(1, keepdim=True).expand(-1, 3, -1, -1)
    changed = jitter_color(gray, seeded(3))
    assert torch.allclose(changed[:, 0], changed[:, 1], atol=1e-6)
    flat = torch.stack([gray[:, 0].flatten(1), changed[:, 0].flatten(1)], 1)
    assert all(torch.corrcoef(pair)[0, 1] > 0.999 for pair in flat)


def test_probability_zero_changes_nothing_and_one_everything() -> None:
    images = pictures()
    assert torch.equal(DiffAugment(probability=0.0)(images, seeded()), images)
    changed = DiffAugment(probability=1.0)(images, seeded())
    assert ((changed - images).abs().amax((1, 2, 3)) > 0).all()


def test_gradients_pass_through() -> None:
    images = pictures().requires_grad_()
    (gradient,) = torch.autograd.grad(DiffAugment(probability=1.0)(images, seeded()).sum(), images)
    assert (gradient.abs().sum((1, 2, 3)) > 0).all()


def test_probability_follows_the_discriminator() -> None:
    augmentation = DiffAugment(probability=0.5, span=100)
    augmentation.adapt(torch.ones(10, 1))
    assert augmentation.get_buffer("probability").item() == pytest.approx(0.6)
    augmentation.adapt(torch.tensor([[1.0], [-1.0]]))
    assert augmentation.get_buffer("probability").item() == pytest.approx(0.58)
    for _ in range(20):
        augmentation.adapt(torch.ones(10, 1))
    assert augmentation.get_buffer("probability").item() == pytest.approx(0.9)
    still = DiffAugment(probability=0.5, span=0)
    still.adapt(torch.ones(10, 1))
    assert still.get_buffer("probability").item() == 0.5


def test_bad_augmentation() -> None:
    with pytest.raises(SettingsError, match='"blur" is not an augmentation; use color, translation'):
        DiffAugment(["blur"])
    with pytest.raises(SettingsError, match="range is 0 to 1"):
        DiffAugment(probability=1.5)


@pytest.fixture(scope="module")
def projected() -> ProjectedDiscriminator:
    torch.manual_seed(0)
    return ProjectedDiscriminator(Projector(encoders.load_encoder("small")), 32, condition_dim=3)


def test_projector_takes_one_layer_of_each_stride() -> None:
    assert last_layers(encoders.build_encoder("small")) == ("relu1_2", "relu2_2", "relu3_3", "relu4_3")


def test_logits_and_gradients(projected: ProjectedDiscriminator) -> None:
    images = pictures().requires_grad_()
    condition = torch.eye(3)[[0, 1, 2, 0]]
    logits = projected(images, condition)
    assert logits.shape == (4, 5 * 16)
    assert logits.dtype == torch.float32
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    assert (gradient.abs().sum((1, 2, 3)) > 0).all()
    assert not torch.allclose(logits, projected(images, condition.roll(1, 1)), atol=1e-4)


def test_the_encoder_stays_outside(projected: ProjectedDiscriminator) -> None:
    """It neither learns nor is saved; the random mixing is saved, but does not learn."""
    names = set(projected.state_dict())
    assert not any("encoder" in name or "features" in name for name in names)
    assert "projector.mixing0" in names
    assert not any("mixing" in name for name, _ in projected.named_parameters())
    assert not any(weights.requires_grad for weights in projected.projector.encoder.parameters())


def test_mixing_depends_on_its_seed_alone() -> None:
    encoder = encoders.build_encoder("small")
    first, again, other = (Projector(encoder, seed=seed).state_dict()["mixing2"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_heads_are_bounded(projected: ProjectedDiscriminator) -> None:
    """Spectral norm: no head stretches a difference by more than its layers' windows overlap."""
    head = projected.heads[3].eval()
    a, b = torch.randn(2, 1, 64, 4, 4, generator=seeded())
    for _ in range(30):
        head.train()(a, torch.zeros(1, 3))
    difference = (head.eval()(a, torch.zeros(1, 3)) - head(b, torch.zeros(1, 3))).norm()
    assert difference < 9 * (a - b).norm()


def test_minibatch_stddev() -> None:
    """One number for each group of four in a row; of pictures that are all repeated it is nothing."""
    images = torch.randn(10, 5, 3, 2, generator=seeded())
    images[4:8] = images[4]
    channel = minibatch_stddev(images)
    assert channel.shape == (10, 1, 3, 2)
    assert torch.allclose(channel[:4], images[:4].std(0, correction=0).mean().expand(4, 1, 3, 2))
    assert (channel[4:8] < 1e-3).all()
    assert torch.allclose(channel[8:], (images[8] - images[9]).abs().mean() / 2, atol=1e-4)


@pytest.mark.parametrize("side", [32, 64, 128])
def test_residual_discriminator(side: int) -> None:
    torch.manual_seed(0)
    discriminator = ResidualDiscriminator(side, width=4, condition_dim=2)
    images = pictures(side=side).requires_grad_()
    condition = torch.eye(2)[[0, 1, 0, 1]]
    logits = discriminator(images, condition)
    assert logits.shape == (4, 1)
    assert 0.02 < logits.std() < 10  # no layer fades, none explodes
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    assert (gradient.abs().sum((1, 2, 3)) > 0).all()
    assert not torch.allclose(logits, discriminator(images, condition.flip(1)), atol=1e-3)
    assert ResidualDiscriminator(side, width=4)(images).shape == (4, 1)


def test_discriminators_detect_repetition() -> None:
    """The same picture four times gets other logits than beside other pictures."""
    torch.manual_seed(0)
    images = pictures()
    repeated = images[:1].expand(4, -1, -1, -1)
    projector = Projector(encoders.load_encoder("small"))
    for discriminator in (ResidualDiscriminator(32, width=4), ProjectedDiscriminator(projector, 32)):
        assert not torch.allclose(discriminator(images)[0], discriminator(repeated)[0], atol=1e-3)


def test_multiscale_uses_the_sides_that_fit() -> None:
    """Small pictures use their own discriminator; large ones that on their reduction, and their own."""
    torch.manual_seed(0)
    projector = Projector(encoders.load_encoder("small"))
    small, large = (ProjectedDiscriminator(projector, side).eval() for side in (32, 64))
    multiscale = MultiscaleDiscriminator({64: large, 32: small}).eval()
    images = pictures(side=64)
    reduced = torch.nn.functional.avg_pool2d(images, 2)
    with torch.no_grad():
        assert torch.equal(multiscale(reduced), small(reduced))
        assert torch.equal(multiscale(images), torch.cat([small(reduced), large(images)], 1))
    residual = MultiscaleDiscriminator({side: ResidualDiscriminator(side, 4) for side in (32, 64)})
    assert residual(images).shape == (4, 2)
    assert residual(reduced).shape == (4, 1)


def test_dcgan_discriminator() -> None:
    torch.manual_seed(0)
    discriminator = ConvDiscriminator(64, width=4, condition_dim=2, norm=False)
    images, condition = pictures(side=64), torch.eye(2)[[0, 1, 0, 1]]
    logits = discriminator(images, condition)
    assert logits.shape == (4, 1)
    assert torch.allclose(discriminator(images[:1], condition[:1]), logits[:1], atol=1e-5)
    assert any(isinstance(x, torch.nn.BatchNorm2d) for x in ConvDiscriminator(64, 4).modules())


@pytest.mark.parametrize("name", ["squeezenet", "resnet50"])
def test_projectors_of_other_encoders(name: str) -> None:
    """Any encoder will do, however deep its layers are; here with random weights."""
    torch.manual_seed(0)
    projector = Projector(encoders.build_encoder(name))
    discriminator = MultiscaleDiscriminator(
        {side: ProjectedDiscriminator(projector, side) for side in (32, 64)}
    )
    images = pictures(side=64).requires_grad_()
    logits = discriminator(images)
    assert logits.shape[0] == 4
    assert logits.shape[1] >= 2 * 5
    (gradient,) = torch.autograd.grad(logits.sum(), images)
    assert (gradient.abs().sum((1, 2, 3)) > 0).all()
