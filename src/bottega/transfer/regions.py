"""Styles, and regions: several styles in one picture, each with its own mask, and parts that stay unstyled.

A region's style distance compares statistics that are divided by the region's own mass, so its gradient per
pixel is about 1 / (pixels in the region). Weighted by the region's share of the area, as in the objective,
every pixel gets the same gradient as if its region were the whole picture, however small it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.layers import gaussian_blur, reduce_mask
from bottega.layers.moments import check_same_size
from bottega.pictures import resize
from bottega.transfer.color_transfer import ColorMatchMethod, luminance_transfer, recolor_style

BACKGROUND = "background"
# Masks above this are 1: resizing and normalizing leave rounding errors.
FULL_MASK = 1 - 1e-5


@dataclass(frozen=True)
class Style:
    """One style picture.

    Attributes:
        picture: ``(1, 3, H, W)``, sRGB in [0, 1].
        weight: share among the styles of one region, any scale.
        scale: stroke size relative to the ``style_scale`` of the transfer.
        mask: ``(1, 1, H, W)`` in [0, 1]: the part of the picture to use; ``None`` uses all.
        use_colors: False uses the strokes alone; the colors stay the content's.
    """

    picture: Tensor
    weight: float = 1.0
    scale: float = 1.0
    mask: Tensor | None = None
    use_colors: bool = True

    def __post_init__(self) -> None:
        if self.picture.ndim != 4 or self.picture.shape[:2] != (1, 3):
            raise PictureError(
                f"A style picture must have the shape (1, 3, H, W), not {tuple(self.picture.shape)}."
            )
        if self.weight < 0 or self.scale <= 0:
            raise SettingsError(
                f"The weight of a style must be 0 or more and its scale above 0, "
                f"not {self.weight} and {self.scale}."
            )
        if self.mask is not None:
            check_same_size("mask of a style", self.mask, "style picture", self.picture)


@dataclass(frozen=True)
class Region:
    """A part of the picture and its styles.

    Attributes:
        name: in messages and recipes.
        mask: ``(1, 1, H, W)`` in [0, 1], of the content's size; ``None`` is the background: the area outside
            the other regions' masks.
        styles: empty leaves the pixels unchanged.
        style_weight: factor of the style loss; 1 is that of a picture without regions.
        content_weight: factor of the content loss, likewise.
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


def partition(regions: Sequence[Region], size: tuple[int, int]) -> list[Region]:
    """Regions whose masks add up to one at every pixel.

    1. Where masks sum to more than one, they are divided by their sum.
    2. The rest belongs to the region without a mask, the background.
    3. If all regions have masks, the rest stays unchanged, as a region named "background".

    A single region without a mask is the whole picture and stays without one. A background without styles
    is dropped where the others cover everything.

    Args:
        size: the content's (height, width).

    Raises:
        PictureError: a mask has another size than the content, or leaves nothing for the background's styles.
        SettingsError: two regions have one name, or more than one has no mask.
    """
    _check_names(regions)
    if len(regions) == 1 and regions[0].mask is None:
        return list(regions)
    masks = {r.name: _check_size(r.name, r.mask, size) for r in regions if r.mask is not None}
    total = torch.stack(list(masks.values())).sum(0)
    result = [replace(r, mask=masks[r.name] / total.clamp_min(1)) for r in regions if r.mask is not None]
    background = next((r for r in regions if r.mask is None), Region(BACKGROUND))
    if float(total.min()) < FULL_MASK:
        result.append(replace(background, mask=(1 - total).clamp_min(0)))
    elif background.styles:
        raise PictureError(
            f'The masks cover the whole picture and leave no area for the styles of "{background.name}".'
        )
    return result


def feather(mask: Tensor, pixels: float) -> Tensor:
    """Soften a mask's edge into a ramp about ``pixels`` wide, centered on the edge.

    A Gaussian blur with a sigma of ``pixels / 4``. Further than 0.75 · ``pixels`` from any edge the mask does
    not change.

    Raises:
        SettingsError: ``pixels`` is below 0.
    """
    if not pixels >= 0:
        raise SettingsError(f"The width of a feathered edge must be 0 or more pixels, not {pixels}.")
    return gaussian_blur(mask, pixels / 4).clamp(0, 1)


def mask_pyramid(mask: Tensor, strides: Collection[int]) -> dict[int, Tensor]:
    """The mask at the resolution of each stride, as area means; see :func:`bottega.layers.reduce_mask`."""
    return {stride: reduce_mask(mask, stride) for stride in strides}


def composite(picture: Tensor, content: Tensor, regions: Sequence[Region]) -> Tensor:
    """Put the content back into regions without styles.

    Where their masks sum to 1 the content's pixels come back exactly, elsewhere the two pictures are mixed;
    masks of another size are resized to the picture's.

    Args:
        picture: ``(1, 3, H, W)``.
        content: likewise.
        regions: a partition. A single region without a mask covers everything.
    """
    if all(region.styles for region in regions):
        return picture
    size = (picture.shape[-2], picture.shape[-1])
    unstyled = picture.new_zeros((1, 1, *size))
    for region in regions:
        if not region.styles:
            unstyled = unstyled + (1 if region.mask is None else resize(region.mask.to(unstyled), size))
    mixed = torch.lerp(picture, content, unstyled.clamp(0, 1))
    return torch.where(unstyled > FULL_MASK, content, torch.where(unstyled < 1 - FULL_MASK, picture, mixed))


def recolor_styles(regions: Sequence[Region], content: Tensor, method: ColorMatchMethod) -> list[Region]:
    """The regions with their styles in the content's colors.

    A style that cannot take them on keeps its own, and ``use_colors`` is False; see
    :func:`~bottega.transfer.color_transfer.recolor_style`.
    """

    def recolor(style: Style, mask: Tensor | None) -> Style:
        picture = recolor_style(style.picture, content, method, mask=style.mask, reference_mask=mask)
        return replace(style, use_colors=False) if picture is None else replace(style, picture=picture)

    return [
        replace(region, styles=[recolor(style, region.mask) for style in region.styles]) for region in regions
    ]


def restore_colors(picture: Tensor, content: Tensor, regions: Sequence[Region]) -> Tensor:
    """The content's hue and chroma in the regions with a style whose colors are not used.

    Args:
        picture: ``(1, 3, H, W)``.
        content: likewise.
        regions: a partition; masks of another size are resized to the picture's.
    """
    without = [r for r in regions if not all(style.use_colors for style in r.styles)]
    if not without:
        return picture
    restored = luminance_transfer(picture, content)
    if any(region.mask is None for region in without):
        return restored
    size = (picture.shape[-2], picture.shape[-1])
    masks = [resize(region.mask.to(picture), size) for region in without if region.mask is not None]
    share = torch.stack(masks).sum(0)
    return torch.lerp(picture, restored, share.clamp(0, 1))


def _check_names(regions: Sequence[Region]) -> None:
    names = [region.name for region in regions]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f'Two regions have the name "{name}"; names must differ.')
    maskless = [region.name for region in regions if region.mask is None]
    if len(maskless) > 1:
        raise SettingsError(
            f'The regions "{maskless[0]}" and "{maskless[1]}" have no mask; only one, the background, may.'
        )
    if BACKGROUND in names and BACKGROUND not in maskless:
        raise SettingsError(
            f'The region "{BACKGROUND}" cannot have a mask: it is the area outside the other masks.'
        )


def _check_mask(name: str, mask: Tensor) -> None:
    if mask.ndim != 4 or mask.shape[:2] != (1, 1):
        raise PictureError(
            f'The mask of the region "{name}" must have the shape (1, 1, H, W), not {tuple(mask.shape)}.'
        )
    if not (float(mask.min()) >= 0 and float(mask.max()) <= 1):
        raise PictureError(f'The mask of the region "{name}" has values outside 0 to 1.')
    if float(mask.max()) == 0:
        raise PictureError(f'The mask of the region "{name}" is empty.')


def _check_size(name: str, mask: Tensor, size: tuple[int, int]) -> Tensor:
    if mask.shape[-2:] != size:
        raise PictureError(
            f'The mask of the region "{name}" is {mask.shape[-1]} × {mask.shape[-2]} pixels, '
            f"the content {size[1]} × {size[0]}; they must be equal."
        )
    return mask.float()
