from __future__ import annotations

import pytest
import torch

from bottega.errors import PictureError
from bottega.losses import content_loss, content_power, total_variation


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_content_value_and_units() -> None:
    x, y = random(2, 3, 5, 7), random(2, 3, 5, 7, seed=1)
    a, b = x.numpy(), y.numpy()
    expected = ((a - b) ** 2).mean() / (b**2).mean()
    assert float(content_loss(x, y)) == pytest.approx(expected, rel=1e-12)
    assert float(content_loss(90 * x, 90 * y)) == pytest.approx(expected, rel=1e-12)
    assert float(content_loss(torch.zeros_like(y), y)) == pytest.approx(1)
    assert float(content_loss(y, y)) == 0


def test_content_mask() -> None:
    x, y = random(2, 3, 5, 7), random(2, 3, 5, 7, seed=1)
    torch.testing.assert_close(content_loss(x, y, torch.ones(1, 1, 5, 7)), content_loss(x, y))
    mask = torch.zeros(1, 1, 5, 7)
    mask[..., 1:4, 2:6] = 1
    cropped = content_loss(x[..., 1:4, 2:6], y[..., 1:4, 2:6])
    torch.testing.assert_close(content_loss(x, y, mask), cropped)


def test_content_of_tiles_adds_up() -> None:
    x, y, mask = random(1, 3, 6, 8), random(1, 3, 6, 8, seed=1), random(1, 1, 6, 8, seed=2)
    power = content_power(y, mask)
    tiles = [slice(0, 3), slice(3, 8)]
    parts = [content_loss(x[..., t], y[..., t], mask[..., t], power) for t in tiles]
    torch.testing.assert_close(torch.stack(parts).sum(), content_loss(x, y, mask))


def test_content_gradient_and_zero_target() -> None:
    x, y = random(1, 2, 3, 4).requires_grad_(), random(1, 2, 3, 4, seed=1)
    assert torch.autograd.gradcheck(lambda f: content_loss(f, y, random(1, 1, 3, 4, seed=3)), (x,))
    assert torch.isfinite(content_loss(x, torch.zeros_like(y)))
    assert content_loss(x.bfloat16(), y.bfloat16()).dtype == torch.float32


def test_masks_of_another_size_are_rejected() -> None:
    x = random(1, 3, 5, 7)
    for mask in (torch.ones(1, 1, 7, 5), torch.ones(1, 3, 5, 7), torch.ones(5, 7)):
        with pytest.raises(PictureError, match="7 × 5"):
            content_loss(x, x, mask)


def test_variation_value() -> None:
    x = random(2, 3, 5, 7)
    a = x.numpy()

    def huber(d):  # type: ignore[no-untyped-def]
        import numpy as np

        return np.where(abs(d) <= 0.1, d**2 / 2, 0.1 * (abs(d) - 0.05)).mean()

    across, down = a[..., 1:] - a[..., :-1], a[..., 1:, :] - a[..., :-1, :]
    assert float(total_variation(x)) == pytest.approx(huber(across) + huber(down), rel=1e-12)
    assert float(total_variation(x, axes=[-1])) == pytest.approx(huber(across), rel=1e-12)
    assert float(total_variation(torch.full((1, 3, 4, 4), 0.4))) == 0


def test_variation_of_one_row_and_gradient() -> None:
    assert float(total_variation(random(1, 3, 1, 1))) == 0
    assert float(total_variation(random(1, 3, 1, 9))) > 0
    x = random(1, 2, 4, 5).requires_grad_()
    assert torch.autograd.gradcheck(total_variation, (x,))
