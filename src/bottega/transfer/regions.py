"""A style: a picture whose manner is taken, and how much of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.layers import gaussian_blur, reduce_mask
from bottega.pictures import resize


@dataclass(frozen=True)
class Style:
    """One style picture.

    Attributes:
        picture: ``(1, 3, H, W)``, sRGB in [0, 1].
        weight: share among the styles of one region, any scale.
        scale: stroke size relative to the whole transfer's ``style_scale``.
        mask: ``(1, 1, H, W)`` in [0, 1]: only this part of the picture is taken; none takes all.
    """

    picture: Tensor
    weight: float = 1.0
    scale: float = 1.0
    mask: Tensor | None = None

    def __post_init__(self) -> None:
        if self.picture.ndim != 4 or self.picture.shape[:2] != (1, 3):
            raise PictureError(
                f"A style picture must have the shape (1, 3, H, W), not {tuple(self.picture.shape)}."
            )
        if self.weight < 0 or self.scale <= 0:
            raise SettingsError(
                f"A style needs a weight of 0 or more and a scale above 0, "
                f"not {self.weight} and {self.scale}."
            )
        if self.mask is not None and self.mask.shape[-2:] != self.picture.shape[-2:]:
            raise PictureError(
                f"The mask of a style is {self.mask.shape[-1]} × {self.mask.shape[-2]} pixels, "
                f"its picture {self.picture.shape[-1]} × {self.picture.shape[-2]}; they must be equal."
            )


BACKGROUND = "background"
# Masks closer to 1 than this are 1: resizing and normalising leave rounding behind.
WHOLE = 1 - 1e-5


@dataclass(frozen=True)
class Region:
    """A part of the picture and what happens there.

    Attributes:
        name: what messages and recipes call it.
        mask: ``(1, 1, H, W)`` in [0, 1], of the content's size; none is the background: all that the other
            regions' masks leave.
        styles: whose manner it takes; none leaves its pixels alone.
        style_weight: multiplies the pull of the styles; 1 is that of a picture without regions.
        content_weight: multiplies the pull of the content, likewise.
    """

    name: str
    mask: Tensor | None = None
    styles: Sequence[Style] = ()
    style_weight: float = 1.0
    content_weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.name:
            raise SettingsError("A region needs a name, such as subject.")
        for field, weight in (("style", self.style_weight), ("content", self.content_weight)):
            if not 0 <= weight < float("inf"):
                raise SettingsError(
                    f'The {field} weight of the region "{self.name}" must be 0 or more, not {weight}.'
                )
        if self.mask is not None:
            _check_mask(self.name, self.mask)

    def with_styles(self, styles: Sequence[Style]) -> Region:
        """The same region with other styles."""
        return replace(self, styles=tuple(styles))


def partition(regions: Sequence[Region], size: tuple[int, int]) -> list[Region]:
    """Regions whose masks add up to one at every pixel.

    1. Where masks overlap to more than one, they are divided by their sum: the pixel is shared.
    2. What they leave goes to the region without a mask, the background.
    3. Where no region is without a mask, what is left over is left alone, as a region named "background".

    A single region without a mask is the whole picture and keeps having none. A background without styles
    is dropped where the others leave it nothing.

    Args:
        size: the content's (height, width).

    Raises:
        PictureError: a mask has another size than the content, or leaves nothing for the background's styles.
        SettingsError: two regions have one name, or more than one has no mask.
    """
    _check_names(regions)
    if len(regions) == 1 and regions[0].mask is None:
        return list(regions)
    masks = {r.name: _fitting(r.name, r.mask, size) for r in regions if r.mask is not None}
    total = torch.stack(list(masks.values())).sum(0)
    found = [replace(r, mask=masks[r.name] / total.clamp_min(1)) for r in regions if r.mask is not None]
    background = next((r for r in regions if r.mask is None), Region(BACKGROUND))
    if float(total.min()) < WHOLE:
        found.append(replace(background, mask=(1 - total).clamp_min(0)))
    elif background.styles:
        raise PictureError(
            f'The masks cover the whole picture, so nothing is left for the styles of "{background.name}".'
        )
    return found


def feather(mask: Tensor, pixels: float) -> Tensor:
    """Soften a mask's edge into a ramp about ``pixels`` wide, centred on the edge.

    A Gaussian blur whose quarter-width (sigma) is ``pixels / 4``. Further than 0.75 · ``pixels`` from
    any edge the mask stays what it was.

    Raises:
        SettingsError: ``pixels`` is below 0.
    """
    if not pixels >= 0:
        raise SettingsError(f"A feathered edge is 0 or more pixels wide, not {pixels}.")
    return gaussian_blur(mask, pixels / 4).clamp(0, 1)


def mask_pyramid(mask: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
    """The mask at the resolution of each stride, as area means; see :func:`bottega.layers.reduce_mask`."""
    return {stride: reduce_mask(mask, stride) for stride in strides}


def composite(picture: Tensor, content: Tensor, regions: Sequence[Region]) -> Tensor:
    """Put the content back where regions without styles lie.

    Where their masks add up to 1 the content's pixels come back exactly, where they add up to less the two
    pictures are mixed; masks of another size are resized to the picture's.

    Args:
        picture, content: ``(1, 3, H, W)``.
        regions: a partition. A lone region without a mask covers everything.
    """
    if all(region.styles for region in regions):
        return picture
    size = (picture.shape[-2], picture.shape[-1])
    still = picture.new_zeros((1, 1, *size))
    for region in regions:
        if not region.styles:
            still = still + (1 if region.mask is None else resize(region.mask.to(still), size))
    mixed = torch.lerp(picture, content, still.clamp(0, 1))
    return torch.where(still > WHOLE, content, torch.where(still < 1 - WHOLE, picture, mixed))


def _check_names(regions: Sequence[Region]) -> None:
    names = [region.name for region in regions]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f'Two regions are called "{name}"; each needs a name of its own.')
    maskless = [region.name for region in regions if region.mask is None]
    if len(maskless) > 1:
        raise SettingsError(
            f'The regions "{maskless[0]}" and "{maskless[1]}" have no mask; only one, the background, may.'
        )
    if BACKGROUND in names and BACKGROUND not in maskless:
        raise SettingsError(f'The region "{BACKGROUND}" takes no mask: it is what the other masks leave.')


def _check_mask(name: str, mask: Tensor) -> None:
    if mask.ndim != 4 or mask.shape[:2] != (1, 1):
        raise PictureError(
            f'The mask of the region "{name}" must have the shape (1, 1, H, W), not {tuple(mask.shape)}.'
        )
    if not (float(mask.min()) >= 0 and float(mask.max()) <= 1):
        raise PictureError(f'The mask of the region "{name}" has values outside 0 to 1.')
    if float(mask.max()) == 0:
        raise PictureError(f'The mask of the region "{name}" is empty: it covers nothing of the picture.')


def _fitting(name: str, mask: Tensor, size: tuple[int, int]) -> Tensor:
    if mask.shape[-2:] != size:
        raise PictureError(
            f'The mask of the region "{name}" is {mask.shape[-1]} × {mask.shape[-2]} pixels, '
            f"the content {size[1]} × {size[0]}; they must be equal."
        )
    return mask.float()
