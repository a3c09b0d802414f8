"""Put a style's texture on an image that has the style's colors already.

Overlapping patches of 64 pixels, half a patch apart, cover the image. For each the style's patch with the
nearest descriptor is used, so that a stroke along an edge comes to lie along an edge (Efros and Freeman 2001
choose one patch after the other; here all are chosen at once). The squares of the blending windows add up to
one, which preserves variance where unlike patches overlap (Heitz and Neyret 2018, equation 3), and the
windows change within a few pixels, as averages of many patches would blur strokes away. Strong detail of the
image stays free of texture, weak detail is replaced by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import pad_to_multiple
from bottega.layers.blocks import (
    BLOCK_SIDE,
    BLOCK_VALUES,
    BLOCKS_PER_BAND,
    blocks_to_picture,
    pad_tones,
    picture_to_blocks,
    upsample_tones,
)
from bottega.transfer.texture.patches import (
    CELL_BLOCKS,
    PATCH_BLOCKS,
    PATCH_GROUPS,
    TexturePatches,
    patch_descriptors,
    texture_gains,
)

STEP_BLOCKS = PATCH_BLOCKS // 2  # from one patch to the next
TEXTURE_RADIUS_PIXELS = (PATCH_BLOCKS + 1) * BLOCK_SIDE
"""To each side, what the texture of a pixel depends on."""
TEXTURE_SCALES = (1, 2, 4)  # supported sizes of the texture, relative to the style image
DETAIL_THRESHOLD, MAX_DETAIL_THRESHOLD = 0.5, 0.06
"""Deviation of a pixel from its block's base at which it is half detail, half texture: as a multiple of the
texture's ``detail_std``, and at most."""
EPSILON = 1e-12
WINDOW_POWER = 3  # of the sine windows; 1 gives the softest change from patch to patch


@torch.no_grad()
def synthesize_texture(
    blocks: Tensor,
    means: Tensor,
    texture: Sequence[TexturePatches],
    amount: float,
    color: float = 1.0,
    corner: tuple[int, int] = (0, 0),
    scale: int = 1,
) -> Tensor:
    """Add texture to blocks ``(h, w, 48)``, in place; values stay within [0, 1].

    Args:
        blocks: the image in the style's colors.
        means: ``(h, w, 3)``, the blocks' mean colors, by which patches are chosen.
        texture: of one style, or of the styles of a mixture.
        amount: 0 leaves the image as it is, 1 adds all texture.
        color: 0 adds texture in brightness only.
        corner: row and column of the first pixel in the whole image or scene: tiles get the texture of the
            whole image, frames of a panning camera that of the scene.
        scale: one of :data:`TEXTURE_SCALES`. A photo of 12 megapixels is viewed as a whole, and strokes of a
            style image of one megapixel would be grain on it: the texture is synthesized on the reduced
            image, and the change is enlarged and added.
    """
    if amount == 0 or not texture:
        return blocks
    if scale == 1:
        return _add_patches(blocks, means, texture, amount, color, corner)
    small = _downscale(blocks, scale)
    small_blocks = picture_to_blocks(small).clone(memory_format=torch.contiguous_format)
    small_means = F.avg_pool2d(means.permute(2, 0, 1)[None], scale)[0].permute(1, 2, 0)
    small_corner = (corner[0] // scale, corner[1] // scale)
    textured = _add_patches(small_blocks, small_means, texture, amount, color, small_corner)
    change = blocks_to_picture(textured) - small
    enlarged_change = F.interpolate(change, scale_factor=scale, mode="bilinear", align_corners=False)
    return blocks.add_(picture_to_blocks(enlarged_change)).clamp_(0, 1)


@torch.no_grad()
def add_texture(images: Tensor, texture: Sequence[TexturePatches]) -> Tensor:
    """:func:`synthesize_texture` for images ``(N, 3, H, W)`` on any device; no gradient flows through it."""
    height, width = images.shape[-2:]
    results = []
    with torch.autocast("cpu", enabled=False):
        for image in pad_to_multiple(images.float().cpu(), BLOCK_SIDE).clamp(0, 1):
            blocks = picture_to_blocks(image[None]).contiguous()
            means = blocks.view(*blocks.shape[:2], -1, 3).mean(2)
            results.append(blocks_to_picture(synthesize_texture(blocks, means, texture, 1.0)))
    return torch.cat(results)[..., :height, :width].to(images)


def _add_patches(
    blocks: Tensor,
    means: Tensor,
    texture: Sequence[TexturePatches],
    amount: float,
    color: float,
    corner: tuple[int, int],
) -> Tensor:
    threshold = sum(
        patches.weight * min(DETAIL_THRESHOLD * patches.detail_std, MAX_DETAIL_THRESHOLD)
        for patches in texture
    )
    origin = (corner[0] // BLOCK_SIDE, corner[1] // BLOCK_SIDE)
    shift = (corner[0] % BLOCK_SIDE, corner[1] % BLOCK_SIDE)
    chosen = [_choose_patches(means, patches, origin) for patches in texture]
    base = pad_tones(means)
    for rows in _patch_bands(blocks, origin[0] % STEP_BLOCKS):
        band = blocks[rows]
        detail = band - upsample_tones(base, rows).view(band.shape)
        total = torch.zeros(())
        for patches, corners, gain in zip(texture, chosen, texture_gains(texture), strict=True):
            blended = _blend_shifted(patches, corners, rows, origin, shift, band.shape[1])
            total = blended.mul_(gain).add_(total)
        if color < 1:
            pixels = total.view(*total.shape[:2], -1, 3)
            total = torch.lerp(pixels.mean(-1, keepdim=True), pixels, color).flatten(2)
        # The share of the texture is t² / (d² + t²): one half where the detail d is at the threshold t. A
        # style without texture has the threshold 0 and leaves every detail.
        change = total.sub_(detail).div_(detail.square_().add_(threshold**2 + EPSILON))
        band.add_(change, alpha=amount * threshold**2).clamp_(0, 1)
    return blocks


def _patch_bands(blocks: Tensor, offset: int) -> Iterator[slice]:
    """Bands of rows that fit the CPU cache; each but the first begins where patches do."""
    height, width = blocks.shape[:2]
    count = max(1, BLOCKS_PER_BAND // width // STEP_BLOCKS) * STEP_BLOCKS
    starts = [0, *range(count - offset, height, count)]
    return (slice(start, stop) for start, stop in zip(starts, [*starts[1:], height], strict=True))


def _choose_patches(means: Tensor, patches: TexturePatches, origin: tuple[int, int]) -> Tensor:
    """Upper left blocks of the chosen patches, by rows and columns; the first start half a patch or more
    outside the image."""
    before = [STEP_BLOCKS + start % STEP_BLOCKS for start in origin]
    after = [
        2 * STEP_BLOCKS - (start + side) % STEP_BLOCKS
        for start, side in zip(origin, means.shape[:2], strict=True)
    ]
    pad = (before[1], after[1], before[0], after[0])
    padded = F.pad(means.permute(2, 0, 1)[None], pad, mode="replicate")[0].permute(1, 2, 0)
    down, across = (torch.arange(0, side - PATCH_BLOCKS + 1, STEP_BLOCKS) for side in padded.shape[:2])
    grid = (down[:, None].expand(-1, len(across)), across.expand(len(down), -1))
    descriptors = patch_descriptors(padded, grid, CELL_BLOCKS)
    groups = _groups(len(down), len(across), origin).flatten()
    order = groups.argsort()
    sizes = torch.bincount(groups, minlength=PATCH_GROUPS).tolist()
    corners = torch.empty_like(groups)
    parts = zip(torch.split(descriptors.flatten(0, 1)[order], sizes), torch.split(order, sizes), strict=True)
    for group, (queries, positions) in enumerate(parts):
        candidates = patches.descriptors[group]
        # Nearest neighbor by |a - b|² = |a|² - 2 a·b + |b|², of whole numbers and thus exact.
        distance = torch.addmm(candidates.square().sum(1), queries, candidates.mT, alpha=-2)
        corners[positions] = patches.corners[group][distance.argmin(1)]
    return corners.view(len(down), len(across))


def _groups(rows: int, columns: int, origin: tuple[int, int]) -> Tensor:
    """The patch group of each position, a hash of its place in the whole image, ``(rows, columns)``."""
    down = torch.arange(rows) + origin[0] // STEP_BLOCKS
    across = torch.arange(columns) + origin[1] // STEP_BLOCKS
    mixed = (down[:, None] * 73856093) ^ (across[None] * 19349663)
    return (mixed * 2654435761 >> 13) % PATCH_GROUPS


def _blend_shifted(
    patches: TexturePatches,
    corners: Tensor,
    rows: slice,
    origin: tuple[int, int],
    shift: tuple[int, int],
    width: int,
) -> Tensor:
    """:func:`_blend` for blocks that start ``shift`` pixels further down and across."""
    if shift == (0, 0):
        return _blend(patches, corners, rows, origin, width)
    larger = _blend(patches, corners, slice(rows.start, rows.stop + 1), origin, width + 1)
    height, width = BLOCK_SIDE * (rows.stop - rows.start), BLOCK_SIDE * width
    pixels = blocks_to_picture(larger.contiguous())
    moved = pixels[..., shift[0] : shift[0] + height, shift[1] : shift[1] + width]
    return picture_to_blocks(moved.contiguous())


def _blend(
    patches: TexturePatches, corners: Tensor, rows: slice, origin: tuple[int, int], width: int
) -> Tensor:
    """The windowed sum of the four patches on every block of some rows, ``(rows, w, 48)``."""
    above, left = origin[0] % STEP_BLOCKS, origin[1] % STEP_BLOCKS
    first, last = (rows.start + above) // STEP_BLOCKS, -(-(rows.stop + above) // STEP_BLOCKS)
    across = -(-(width + left) // STEP_BLOCKS)
    total = torch.zeros(last - first, STEP_BLOCKS, across, STEP_BLOCKS, BLOCK_VALUES)
    offsets = torch.arange(STEP_BLOCKS)
    within = (offsets[:, None] * patches.width + offsets)[None, :, None, :]
    for lower in range(2):
        for right in range(2):
            start = corners[first + 1 - lower : last + 1 - lower, 1 - right : 1 - right + across]
            quarter = STEP_BLOCKS * (lower * patches.width + right)
            indices = start[:, None, :, None] + (within + quarter)
            detail = patches.detail.index_select(0, indices.flatten()).view_as(total)
            total.addcmul_(detail, _windows()[lower, right])
    top = rows.start + above - first * STEP_BLOCKS
    return total.view(-1, across * STEP_BLOCKS, BLOCK_VALUES)[
        top : top + rows.stop - rows.start, left : left + width
    ]


@cache
def _windows() -> Tensor:
    """Blending weights of each quarter of a patch, ``(2, 2, STEP_BLOCKS, 1, STEP_BLOCKS, 48)``."""
    side = PATCH_BLOCKS * BLOCK_SIDE
    line = ((torch.arange(side) + 0.5) / side * math.pi).sin() ** WINDOW_POWER
    line = line / (line.square() + line.roll(side // 2).square()).sqrt()
    plane = (line[:, None] * line).view(2, STEP_BLOCKS, BLOCK_SIDE, 2, STEP_BLOCKS, BLOCK_SIDE)
    windows = plane.permute(0, 3, 1, 4, 2, 5)[..., None].expand(-1, -1, -1, -1, -1, -1, 3)
    return windows.reshape(2, 2, STEP_BLOCKS, 1, STEP_BLOCKS, BLOCK_VALUES)


def _downscale(blocks: Tensor, scale: int) -> Tensor:
    """Blocks ``(h, w, 48)`` as an image ``scale`` times smaller, ``(1, 3, …)``."""
    rows, columns, _ = blocks.shape
    side = BLOCK_SIDE // scale
    means = blocks.view(rows, columns, side, scale, side, scale, 3).mean((3, 5))
    return means.permute(4, 0, 2, 1, 3).reshape(1, 3, rows * side, columns * side)
