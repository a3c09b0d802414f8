"""Colors under transparent pixels never influence anything."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from bottega.errors import PictureError
from bottega.pictures import (
    Picture,
    composite_on_white,
    fill_transparent,
    load,
    save,
    transparent_area,
    visible_mask,
)


def cut_out(hidden: float, samples: bool = False) -> Picture:
    """A gradient in the left half; what lies under the transparent right half is ``hidden``."""
    pixels = torch.linspace(0.2, 0.8, 20).view(1, 1, 20, 1).repeat(1, 3, 1, 33)
    alpha = torch.ones(1, 1, 20, 33)
    pixels[..., 16:], alpha[..., 16:] = hidden, 0
    array = (pixels[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return Picture(array if samples else pixels, alpha)


@pytest.mark.parametrize("samples", [False, True])
def test_hidden_colors_become_those_of_visible_neighbors(samples: bool) -> None:
    black, white = (fill_transparent(cut_out(value, samples)) for value in (0.0, 1.0))
    assert torch.equal(black.pixels, white.pixels)
    assert (black.samples is not None) == samples
    original = cut_out(0.0, samples).pixels
    assert torch.equal(black.pixels[..., :16], original[..., :16])
    # The gradient goes on beyond the edge, further away more and more coarsely.
    errors = (black.pixels[..., 16:] - original[..., 15:16]).abs().mean((0, 1, 2))
    assert float(errors[0]) < 0.03
    assert float(errors.max()) < 0.2


def test_pictures_without_hidden_colors_stay_the_same_object() -> None:
    opaque = Picture(torch.rand(1, 3, 4, 5))
    faint = Picture(torch.rand(1, 3, 4, 5), torch.full((1, 1, 4, 5), 1 / 255))
    assert fill_transparent(opaque) is opaque
    assert fill_transparent(faint) is faint


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (9, 1), (5, 3)])
def test_one_visible_pixel_fills_the_picture(size: tuple[int, int]) -> None:
    pixels, alpha = torch.zeros(1, 3, *size), torch.zeros(1, 1, *size)
    pixels[..., -1, -1], alpha[..., -1, -1] = 0.7, 1
    torch.testing.assert_close(fill_transparent(Picture(pixels, alpha)).pixels, torch.full_like(pixels, 0.7))


def test_fully_transparent_pictures_are_refused() -> None:
    picture = Picture(torch.rand(1, 3, 4, 5), torch.zeros(1, 1, 4, 5), name="empty.png")
    with pytest.raises(PictureError, match=r"empty\.png is fully transparent"):
        fill_transparent(picture)


def test_composites_look_as_in_a_jpeg(tmp_path) -> None:
    picture = Picture(torch.rand(1, 3, 16, 16).round(), torch.rand(1, 1, 1, 1).expand(1, 1, 16, 16))
    jpeg = load(save(picture, tmp_path / "white.jpg", quality=100)).pixels
    assert float((jpeg - composite_on_white(picture)).abs().max()) < 0.03
    assert torch.equal(composite_on_white(cut_out(0.0)), composite_on_white(cut_out(1.0)))


def test_masks_of_what_is_visible() -> None:
    picture = cut_out(0.0)
    assert torch.equal(visible_mask(picture), picture.alpha)
    half = torch.full((1, 1, 20, 33), 0.5)
    assert torch.equal(visible_mask(picture, half), half * picture.alpha)
    assert visible_mask(Picture(torch.rand(1, 3, 4, 5))) is None
    with pytest.raises(PictureError, match="5 × 4 pixels and the picture 33 × 20"):
        visible_mask(picture, torch.ones(1, 1, 4, 5))


def columns(mask: Tensor | None) -> list[int]:
    assert mask is not None
    return mask[0, 0].amin(0).nonzero().flatten().tolist()


def test_transparent_area() -> None:
    assert columns(transparent_area(cut_out(0.0))) == list(range(16, 33))
    assert columns(transparent_area(cut_out(0.0), 4)) == list(range(20, 33))
    assert transparent_area(cut_out(0.0), 20) is None
    assert transparent_area(Picture(torch.rand(1, 3, 4, 5))) is None
