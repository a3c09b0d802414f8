"""The one check of what all picture metrics take."""

from __future__ import annotations

from torch import Tensor

from bottega.errors import PictureError

RANGE_TOLERANCE = 0.01  # rounding of half precision and of video codecs


def check_pictures(*pictures: Tensor, channels: int = 0, min_side: int = 1, in_range: bool = True) -> None:
    """Check that a picture metric can measure these tensors.

    Args:
        pictures: each ``(N, C, H, W)``; all of one shape where there are several.
        channels: how many there must be; 0 accepts any number.
        min_side: the least height and width in pixels.
        in_range: whether values must lie in [0, 1].

    Raises:
        PictureError: another shape, too small, not floating point, or values outside [0, 1].
    """
    for picture in pictures:
        if picture.ndim != 4 or (channels and picture.shape[1] != channels):
            raise PictureError(
                f"A metric needs pictures of shape (N, {channels or 'C'}, height, width), "
                f"not {tuple(picture.shape)}."
            )
        if picture.shape != pictures[0].shape:
            raise PictureError(
                f"Only pictures of one size can be compared; these have the shapes "
                f"{tuple(pictures[0].shape)} and {tuple(picture.shape)}."
            )
        if min(picture.shape[-2:]) < min_side:
            raise PictureError(
                f"This metric needs at least {min_side} pixels each way; a picture has "
                f"{picture.shape[-1]} × {picture.shape[-2]}."
            )
        if not in_range or not picture.numel():
            continue
        if not picture.is_floating_point():
            raise PictureError(
                f"A metric needs floating-point values in [0, 1], not {picture.dtype}; divide by 255."
            )
        low, high = (value.item() for value in picture.detach().aminmax())
        if not (low >= -RANGE_TOLERANCE and high <= 1 + RANGE_TOLERANCE):
            raise PictureError(
                f"A metric needs pictures with values in [0, 1]; these go from {low:.4g} to {high:.4g}. "
                "Divide 8-bit values by 255."
            )
