"""The texture of a style image as patches, with the descriptors by which synthesis chooses among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import ColorMoments, gaussian_blur
from bottega.layers.blocks import BLOCK_SIDE, pad_tones, picture_to_blocks, row_bands, upsample_tones

PATCH_BLOCKS = 16  # blocks along each side of a patch: 64 pixels, a few strokes
CELL_BLOCKS = PATCH_BLOCKS // 4
"""Blocks along each side of the 16 cells of a patch, which its descriptor describes one by one."""
BASE_SIGMA_BLOCKS = 3.0
"""Sigma, in blocks, of the blur that separates texture (finer) from the base layer (smoother)."""
MAX_SIDE_PIXELS = 1536  # of larger style images only the center is used, or the center of their mask
PATCH_GROUPS = 16
"""Each position chooses from one group, and groups alternate, so that an even sky does not repeat a patch."""
PATCH_COUNT = 2048  # in all groups together
DESCRIPTOR_STEPS = 256.0
"""Levels of brightness that descriptors are rounded to: whole numbers add up exactly, in any order."""
MEAN_COLOR_WEIGHT = 2.0  # weight of a patch's 3 mean colors as against the 48 numbers of its form
VARIATION_WEIGHT = 4.0  # weight of the color variation inside the cells: an even sky should get even patches
RESIDUAL_SHARE = 0.3
"""Share of the network's own residual that remains under full texture. The texture is the style's own; what
the network adds to match statistics even better looks like a veil over it."""
COVERAGE_POWER = 8  # the probability of a patch is its mask coverage, relative to the largest, to this power
MAX_RESERVED_SHARE = 0.7  # largest share of the variance of a style's colors that is reserved for texture


@dataclass(frozen=True)
class TexturePatches:
    """Patches of one style.

    Attributes:
        detail: ``(blocks, 48)``, the style image minus its base layer, block by block, row by row.
        width: blocks in a row.
        corners: ``(PATCH_GROUPS, n)`` int64, the index of each patch's upper left block.
        descriptors: ``(PATCH_GROUPS, n, 52)``, see :func:`patch_descriptors`.
        detail_std: standard deviation of the detail's brightness, in units of [0, 1].
        detail_covariance: ``(3, 3)`` float64, of the detail's colors.
        weight: of this style in a mixture, in (0, 1].
    """

    detail: Tensor
    width: int
    corners: Tensor
    descriptors: Tensor
    detail_std: float
    detail_covariance: Tensor
    weight: float = 1.0


@torch.no_grad()
def extract_texture_patches(style: Tensor, mask: Tensor | None = None) -> TexturePatches:
    """Extract the texture of a style image ``(1, 3, H, W)``, sRGB in [0, 1], at its own scale.

    Args:
        mask: ``(1, 1, H, W)`` in [0, 1], the part that patches are taken from.
    """
    image, coverage = _crop_to_blocks(style.float(), mask)
    means = F.avg_pool2d(image, BLOCK_SIDE)[0].permute(1, 2, 0)
    blocks = picture_to_blocks(image).contiguous()
    base = pad_tones(gaussian_blur(means.permute(2, 0, 1)[None], BASE_SIGMA_BLOCKS)[0].permute(1, 2, 0))
    for rows in row_bands(blocks):
        blocks[rows] -= upsample_tones(base, rows).view(blocks[rows].shape)
    if not bool(coverage.any()):  # the mask lies entirely outside the crop: without texture
        blocks.zero_()
        coverage = torch.ones_like(coverage)
    corners = _choose_corners(coverage, torch.Generator().manual_seed(0))
    weights = F.avg_pool2d(coverage, BLOCK_SIDE).flatten()
    pixels = blocks.view(len(weights), -1, 3)
    brightness_power = pixels.mean(2).square().mean(1)
    return TexturePatches(
        detail=blocks.flatten(0, 1),
        width=means.shape[1],
        corners=(corners[0] * means.shape[1] + corners[1]).view(PATCH_GROUPS, -1),
        descriptors=patch_descriptors(means, corners).view(PATCH_GROUPS, PATCH_COUNT // PATCH_GROUPS, -1),
        detail_std=float((brightness_power * weights).sum() / weights.sum()) ** 0.5,
        detail_covariance=_covariance(pixels, weights),
    )


def mix_texture_patches(
    textures: Sequence[Sequence[TexturePatches]], weights: Sequence[float]
) -> tuple[TexturePatches, ...]:
    """Combine the textures of several styles; those of weight zero are left out."""
    return tuple(
        replace(patches, weight=patches.weight * weight)
        for texture, weight in zip(textures, weights, strict=True)
        for patches in texture
        if patches.weight * weight > 0
    )


def texture_gains(texture: Sequence[TexturePatches]) -> list[float]:
    """Amplitude of each style in a mixture; together they have the variance of a single style."""
    total = sum(patches.weight for patches in texture)
    norm = sum(patches.weight**2 for patches in texture) ** 0.5
    return [total * patches.weight / norm for patches in texture]


def reserve_texture_variance(
    colors: ColorMoments, texture: Sequence[TexturePatches], amount: float
) -> ColorMoments:
    """Subtract the variance that texture will add from a style's colors ``(1, …)``, float64 on the CPU."""
    if amount == 0 or not texture:
        return colors
    covariance = colors.covariance[0]
    # Rounding of float32 sums makes the covariance of a solid style slightly negative.
    negative = -float(torch.linalg.eigvalsh(covariance)[0].clamp_max(0))
    covariance = covariance + (negative + 1e-6) * torch.eye(3, dtype=torch.float64)
    parts = zip(texture_gains(texture), texture, strict=True)
    added = amount**2 * torch.stack([gain**2 * patches.detail_covariance for gain, patches in parts]).sum(0)
    inverse = torch.linalg.inv(torch.linalg.cholesky(covariance))
    share = float(torch.linalg.eigvalsh(inverse @ added @ inverse.mT).max())
    reserved = added * min(1.0, MAX_RESERVED_SHARE / max(share, 1e-9))
    return replace(colors, second=colors.second - colors.mass[:, :, None] * reserved)


def patch_descriptors(means: Tensor, corners: tuple[Tensor, Tensor], stride: int = 1) -> Tensor:
    """Describe patches by the mean colors of blocks ``(h, w, 3)``: ``(..., 52)``, whole numbers.

    48 numbers for the form (the mean colors of the 16 cells minus that of the patch), 3 for the patch's mean
    color and 1 for the variation inside the cells.

    Args:
        corners: rows and columns ``(...)`` of the patches' upper left blocks.
        stride: a divisor of :data:`CELL_BLOCKS` that all corners are multiples of.
    """
    planes = means.permute(2, 0, 1)[None]
    pooled = F.avg_pool2d(torch.cat([planes, planes.square()], 1), CELL_BLOCKS, stride)[0].permute(1, 2, 0)
    offsets = torch.arange(0, PATCH_BLOCKS, CELL_BLOCKS) // stride
    rows, columns = (corner[..., None] // stride + offsets for corner in corners)
    cells, squares = pooled[rows[..., :, None], columns[..., None, :]].flatten(-3, -2).chunk(2, -1)
    mean = cells.mean(-2, keepdim=True)
    variation = (squares - cells.square()).mean((-2, -1)).clamp_min(0).sqrt()[..., None]
    parts = [(cells - mean).flatten(-2), MEAN_COLOR_WEIGHT * mean.flatten(-2), VARIATION_WEIGHT * variation]
    return torch.cat(parts, -1).mul_(DESCRIPTOR_STEPS).round_()


def _covariance(pixels: Tensor, weights: Tensor) -> Tensor:
    """Of ``(blocks, pixels, 3)`` with one weight per block."""
    flat = (pixels * (weights / weights.sum())[:, None, None]).view(-1, 3)
    return (flat.mT @ pixels.reshape(-1, 3) / pixels.shape[1]).double()


def _choose_corners(coverage: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Rows and columns of randomly chosen patches, which lie inside the mask."""
    covered = F.avg_pool2d(coverage, PATCH_BLOCKS * BLOCK_SIDE, BLOCK_SIDE)[0, 0]
    probability = (covered / covered.max()).pow(COVERAGE_POWER).flatten()
    chosen = torch.multinomial(probability, PATCH_COUNT, True, generator=generator)
    columns = covered.shape[1]
    return torch.div(chosen, columns, rounding_mode="floor"), chosen % columns


def _crop_to_blocks(style: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Style and mask with sides of whole blocks, from one patch to :data:`MAX_SIDE_PIXELS`.

    The crop lies around the center of the mask.
    """
    coverage = torch.ones_like(style[:, :1]) if mask is None else mask.float()
    missing = [max(0, PATCH_BLOCKS * BLOCK_SIDE - side) for side in style.shape[-2:]]
    if max(missing):
        pad = (0, missing[1], 0, missing[0])
        style, coverage = (F.pad(image, pad, mode="replicate") for image in (style, coverage))
    spans = []
    for axis, side in ((3, style.shape[-2]), (2, style.shape[-1])):
        length = min(side, MAX_SIDE_PIXELS) // BLOCK_SIDE * BLOCK_SIDE
        covered = coverage.sum((0, 1, axis)).nonzero().flatten()
        center = (int(covered[0]) + int(covered[-1]) + 1) // 2 if len(covered) else side // 2
        start = min(max(center - length // 2, 0), side - length)
        spans.append(slice(start, start + length))
    return style[..., spans[0], spans[1]], coverage[..., spans[0], spans[1]]
