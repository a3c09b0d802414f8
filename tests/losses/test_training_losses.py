"""Losses of batches: each picture against its own target."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bottega.errors import PictureError
from bottega.losses import (
    flat_area_loss,
    identity_loss,
    moment_loss,
    normalized_content_loss,
    sliced_loss,
    stability_loss,
)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sliced(features: Tensor, target: Tensor) -> Tensor:
    return sliced_loss(features, target, torch.Generator().manual_seed(0), samples=64)


STYLE_LOSSES = [moment_loss, sliced]


@pytest.mark.parametrize("loss", [*STYLE_LOSSES, normalized_content_loss, identity_loss])
def test_equal_pictures_have_zero_loss_and_a_batch_equals_its_pictures(loss) -> None:
    x, y = random(3, 5, 6, 7), random(3, 5, 6, 7, seed=1) ** 2
    assert float(loss(x, x).abs().max()) < 1e-12
    losses = loss(x, y)
    assert losses.shape == (3,)
    assert float(losses.min()) > 1e-3
    torch.testing.assert_close(losses[1:2], loss(x[1:2], y[1:2]))
    z = x[:1, :, :3, :3].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: loss(p, y[:1, :, :3, :3]), (z,), atol=1e-5)


@pytest.mark.parametrize("loss", STYLE_LOSSES)
def test_style_losses_ignore_units_size_and_position(loss) -> None:
    x, y = random(2, 5, 6, 7), random(2, 5, 8, 9, seed=1) ** 2
    torch.testing.assert_close(loss(100 * x, 100 * y), loss(x, y), rtol=1e-3, atol=0)
    assert float((loss(0 * x, y) - 1).abs().max()) < 0.02
    shuffled = y.flatten(2)[:, :, torch.randperm(72)].view_as(y)
    if loss is not sliced:  # which samples randomly
        assert float(loss(shuffled, y).max()) < 1e-12


def test_min_power_limits_the_loss_of_flat_styles() -> None:
    x, flat = random(1, 3, 6, 6), torch.full((1, 3, 6, 6), 0.01, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    assert float(moment_loss(x, flat)) > 10 > float(moment_loss(x, flat, 0.5))
    assert float(sliced_loss(x, flat, generator)) > 10 > float(sliced_loss(x, flat, generator, min_power=0.5))


def test_moments_in_numbers() -> None:
    x = torch.tensor([[[[0.0, 2.0]]]], dtype=torch.float64)
    y = torch.tensor([[[[4.0, 10.0]]]], dtype=torch.float64)
    # means 1 and 7, deviations 1 and 3: (36 + 4) / (49 + 9)
    assert float(moment_loss(x, y)) == pytest.approx(40 / 58, rel=1e-4)


def test_sliced_of_one_channel_is_the_wasserstein_distance() -> None:
    x, y = random(1, 1, 4, 4), random(1, 1, 4, 4, seed=1)
    expected = (x.flatten().sort()[0] - y.flatten().sort()[0]).square().mean() / y.square().mean()
    torch.testing.assert_close(sliced(x, y)[0], expected)


def test_normalized_content_loss_ignores_means_and_deviations() -> None:
    x = random(2, 5, 6, 7)
    gains = 1 + random(2, 5, 1, 1, seed=2)
    assert float(normalized_content_loss(3 * x + 3, x).max()) < 1e-8
    assert float(normalized_content_loss(x * gains + 3, x).max()) < 0.01
    assert float(normalized_content_loss(x.flip(-1), x).min()) > 0.5
    # A channel with nothing but faint noise counts little.
    noisy, other = x.clone(), x.clone()
    noisy[:, 0], other[:, 0] = 1e-3 * random(2, 6, 7, seed=3), 1e-3 * random(2, 6, 7, seed=4)
    assert float(normalized_content_loss(noisy, other).max()) < 1e-3


def test_stability_allows_the_changes_of_the_content() -> None:
    frames = [random(2, 3, 5, 5, seed=seed) for seed in range(3)]
    a, b, result = frames
    assert float(stability_loss(result, result + (b - a), a, b).max()) < 1e-15
    torch.testing.assert_close(
        stability_loss(result, result + 0.1, a, a), torch.full((2,), 0.01, dtype=torch.float64)
    )


def test_flat_area_loss_penalizes_ripples_on_flat_areas() -> None:
    columns = torch.arange(64, dtype=torch.float64)
    ripples, gradient = (0.05 * torch.sin(2 * torch.pi * columns / length) for length in (8, 64))
    flat = torch.full((1, 3, 64, 64), 0.5, dtype=torch.float64)
    textured = flat + 0.2 * (random(1, 1, 64, 64) - 0.5)
    # Half the square of the amplitude, in units of 0.05; the blur removes a little of it.
    assert float(flat_area_loss(flat + ripples, flat)) == pytest.approx(0.45, abs=0.06)
    assert float(flat_area_loss(flat + gradient, flat)) < 0.02
    assert float(flat_area_loss(textured + ripples, textured)) < 0.4 * float(
        flat_area_loss(textured + ripples, flat)
    )
    result = (flat + ripples)[..., :9, :9].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: flat_area_loss(p, flat[..., :9, :9]), (result,))


def test_batches_of_other_shapes_are_rejected() -> None:
    x = random(2, 3, 4, 4)
    for loss in STYLE_LOSSES:
        with pytest.raises(PictureError, match="as many pictures and channels"):
            loss(x, random(2, 4, 4, 4))
    for loss in (normalized_content_loss, identity_loss, flat_area_loss):
        with pytest.raises(PictureError, match="one shape"):
            loss(x, random(2, 3, 4, 5))
    with pytest.raises(PictureError, match="one shape"):
        stability_loss(x, x, x, random(1, 3, 4, 4))
