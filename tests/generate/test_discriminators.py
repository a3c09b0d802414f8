"""What judges: augmentation, the projected discriminator, the plain one."""

from __future__ import annotations

import pytest
import torch

from bottega import encoders
from bottega.errors import SettingsError
from bottega.generate.discriminators.base import group_deviation
from bottega.generate.discriminators.dcgan import ConvDiscriminator
from bottega.generate.discriminators.multiscale import PyramidDiscriminator
from bottega.generate.discriminators.projected import ProjectedDiscriminator, Projector, last_layers
from bottega.generate.discriminators.residual import ResidualDiscriminator
from bottega.generate.training.diff_augment import Augmentation, cut_out, recolor, shift


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 4, side: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=seeded(1))


def test_shift_moves_whole_pictures() -> None:
    one = pictures(1)
    moved = shift(one, seeded(4))
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


def test_cut_out_leaves_a_grey_square() -> None:
    changed = cut_out(pictures(200), seeded(2))
    grey = (changed == 0.5).all(1).float().mean((1, 2))
    assert grey.max() == pytest.approx(0.25)
    assert grey.min() >= 0.0625 * 0.9  # a quarter of the square at least, in a corner
    assert grey.mean() < 0.25


def test_recolor_keeps_what_is_where() -> None:
    grey = pictures().mean(1, keepdim=True).expand(-1, 3, -1, -1)
    changed = recolor(grey, seeded(3))
    assert torch.allclose(changed[:, 0], changed[:, 1], atol=1e-6)
    flat = torch.stack([grey[:, 0].flatten(1), changed[:, 0].flatten(1)], 1)
    assert all(torch.corrcoef(pair)[0, 1] > 0.999 for pair in flat)


def test_probability_zero_changes_nothing_and_one_everything() -> None:
    shown = pictures()
    assert torch.equal(Augmentation(probability=0.0)(shown, seeded()), shown)
    changed = Augmentation(probability=1.0)(shown, seeded())
    assert ((changed - shown).abs().amax((1, 2, 3)) > 0).all()


def test_gradients_pass_through() -> None:
    shown = pictures().requires_grad_()
    (gradient,) = torch.autograd.grad(Augmentation(probability=1.0)(shown, seeded()).sum(), shown)
    assert (gradient.abs().sum((1, 2, 3)) > 0).all()


def test_probability_follows_the_discriminator() -> None:
    augmentation = Augmentation(probability=0.5, span=100)
    augmentation.adapt(torch.ones(10, 1))
    assert augmentation.get_buffer("probability").item() == pytest.approx(0.6)
    augmentation.adapt(torch.tensor([[1.0], [-1.0]]))
    assert augmentation.get_buffer("probability").item() == pytest.approx(0.58)
    for _ in range(20):
        augmentation.adapt(torch.ones(10, 1))
    assert augmentation.get_buffer("probability").item() == pytest.approx(0.9)
    still = Augmentation(probability=0.5, span=0)
    still.adapt(torch.ones(10, 1))
    assert still.get_buffer("probability").item() == 0.5


def test_bad_augmentation() -> None:
    with pytest.raises(SettingsError, match='"blur" is no augmentation; there are color, translation'):
        Augmentation(["blur"])
    with pytest.raises(SettingsError, match="range is 0 to 1"):
        Augmentation(probability=1.5)


@pytest.fixture(scope="module")
def projected() -> ProjectedDiscriminator:
    torch.manual_seed(0)
    return ProjectedDiscriminator(Projector(encoders.load_encoder("small")), 32, conditions=3)


def test_projector_takes_one_layer_of_each_stride() -> None:
    assert last_layers(encoders.build_encoder("small")) == ("relu1_2", "relu2_2", "relu3_3", "relu4_3")


def test_logits_and_gradients(projected: ProjectedDiscriminator) -> None:
    shown = pictures().requires_grad_()
    condition = torch.eye(3)[[0, 1, 2, 0]]
    logits = projected(shown, condition)
    assert logits.shape == (4, 5 * 16)
    assert logits.dtype == torch.float32
    (gradient,) = torch.autograd.grad(logits.sum(), shown)
    assert (gradient.abs().sum((1, 2, 3)) > 0).all()
    assert not torch.allclose(logits, projected(shown, condition.roll(1, 1)), atol=1e-4)


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
    apart = (head.eval()(a, torch.zeros(1, 3)) - head(b, torch.zeros(1, 3))).norm()
    assert apart < 9 * (a - b).norm()


def test_deviation_of_groups() -> None:
    """One number for each group of four in a row; of pictures that are all alike it is nothing."""
    shown = torch.randn(10, 5, 3, 2, generator=seeded())
    shown[4:8] = shown[4]
    found = group_deviation(shown)
    assert found.shape == (10, 1, 3, 2)
    assert torch.allclose(found[:4], shown[:4].std(0, correction=0).mean().expand(4, 1, 3, 2))
    assert (found[4:8] < 1e-3).all()
    assert torch.allclose(found[8:], (shown[8] - shown[9]).abs().mean() / 2, atol=1e-4)


@pytest.mark.parametrize("side", [32, 64, 128])
def test_residual_discriminator(side: int) -> None:
    torch.manual_seed(0)
    judge = ResidualDiscriminator(side, width=4, conditions=2)
    shown = pictures(side=side).requires_grad_()
    condition = torch.eye(2)[[0, 1, 0, 1]]
    logits = judge(shown, condition)
    assert logits.shape == (4, 1)
    assert 0.02 < logits.std() < 10  # no layer fades, none explodes
    (gradient,) = torch.autograd.grad(logits.sum(), shown)
    assert (gradient.abs().sum((1, 2, 3)) > 0).all()
    assert not torch.allclose(logits, judge(shown, condition.flip(1)), atol=1e-3)
    assert ResidualDiscriminator(side, width=4)(shown).shape == (4, 1)


def test_discriminators_see_what_is_alike() -> None:
    """The same picture four times over is judged otherwise than beside others."""
    torch.manual_seed(0)
    shown = pictures()
    alike = shown[:1].expand(4, -1, -1, -1)
    projector = Projector(encoders.load_encoder("small"))
    for judge in (ResidualDiscriminator(32, width=4), ProjectedDiscriminator(projector, 32)):
        assert not torch.allclose(judge(shown)[0], judge(alike)[0], atol=1e-3)


def test_a_pyramid_judges_by_the_parts_that_fit() -> None:
    """Small pictures by the part for them; large ones by that on their reduction, and by their own."""
    torch.manual_seed(0)
    projector = Projector(encoders.load_encoder("small"))
    small, large = (ProjectedDiscriminator(projector, side).eval() for side in (32, 64))
    pyramid = PyramidDiscriminator({64: large, 32: small}).eval()
    shown = pictures(side=64)
    reduced = torch.nn.functional.avg_pool2d(shown, 2)
    with torch.no_grad():
        assert torch.equal(pyramid(reduced), small(reduced))
        assert torch.equal(pyramid(shown), torch.cat([small(reduced), large(shown)], 1))
    residual = PyramidDiscriminator({side: ResidualDiscriminator(side, 4) for side in (32, 64)})
    assert residual(shown).shape == (4, 2)
    assert residual(reduced).shape == (4, 1)


def test_plain_discriminator() -> None:
    torch.manual_seed(0)
    judge = ConvDiscriminator(64, width=4, conditions=2, norm=False)
    shown, condition = pictures(side=64), torch.eye(2)[[0, 1, 0, 1]]
    logits = judge(shown, condition)
    assert logits.shape == (4, 1)
    assert torch.allclose(judge(shown[:1], condition[:1]), logits[:1], atol=1e-5)
    assert any(isinstance(x, torch.nn.BatchNorm2d) for x in ConvDiscriminator(64, 4).modules())


@pytest.mark.parametrize("name", ["squeezenet", "resnet50"])
def test_projectors_of_other_encoders(name: str) -> None:
    """Any encoder will do, however deep its layers are; here with random weights."""
    torch.manual_seed(0)
    projector = Projector(encoders.build_encoder(name))
    judge = PyramidDiscriminator({side: ProjectedDiscriminator(projector, side) for side in (32, 64)})
    shown = pictures(side=64).requires_grad_()
    logits = judge(shown)
    assert logits.shape[0] == 4
    assert logits.shape[1] >= 2 * 5
    (gradient,) = torch.autograd.grad(logits.sum(), shown)
    assert (gradient.abs().sum((1, 2, 3)) > 0).all()
