"""The bilateral grid: an affine color map for every position and every value of a guide.

Chen, Paris and Durand (2007); predicted by a network as by Gharbi et al. (2017).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

# Pixels transformed at a time: the maps of more would leave the processor's cache.
PIXELS_PER_BAND = 2**16


def slice_grid(grid: Tensor, guide: Tensor) -> Tensor:
    """Look up ``grid`` at every pixel of ``guide``, trilinearly. Differentiable in both.

    Cell centers lie at (i + ½) / cells of the picture and of the guide's range; the grid is constant beyond
    the outermost. This is three-dimensional ``grid_sample`` with ``align_corners=False`` and border padding,
    but rows are interpolated first, once for all pixels of a row; the rest is two-dimensional and takes a
    third of the time on a processor.

    Args:
        grid: ``(N, C, depth, rows, columns)``.
        guide: ``(N, 1, H, W)`` in [0, 1].

    Returns:
        ``(N, C, H, W)``.
    """
    pairs = zip(grid, guide.to(grid), strict=True)
    return torch.stack(
        [_sample_rows(interpolate_grid_rows(cells, plane.shape[-2]), plane[0]) for cells, plane in pairs]
    )


def apply_grid(pictures: Tensor, grid: Tensor, guide: Tensor) -> Tensor:
    """Map every pixel of ``pictures (N, 3, H, W)`` by the affine map that the grid has for it.

    Works in bands of rows, so that the maps of a large picture are never all in memory.

    Args:
        grid: ``(N, 12, depth, rows, columns)``; guide: ``(N, 1, H, W)`` in [0, 1].
    """
    results = []
    for picture, cells, plane in zip(pictures, grid, guide.to(grid), strict=True):
        grid_rows = interpolate_grid_rows(cells, plane.shape[-2])
        step = max(1, PIXELS_PER_BAND // plane.shape[-1])
        bands = [slice(top, top + step) for top in range(0, plane.shape[-2], step)]
        results.append(
            torch.cat(
                [apply_grid_rows(picture[None, :, b], grid_rows[b], plane[None, :, b]) for b in bands], 2
            )
        )
    return torch.cat(results)


def apply_grid_rows(picture: Tensor, grid_rows: Tensor, guide: Tensor) -> Tensor:
    """Map rows of a picture, ``(1, 3, h, W)`` with their ``guide (1, 1, h, W)``.

    Args:
        grid_rows: of the same rows, from :func:`interpolate_grid_rows`.
    """
    return apply_affine(picture, _sample_rows(grid_rows, guide[0, 0])[None])


def apply_affine(pictures: Tensor, maps: Tensor) -> Tensor:
    """Colors ``(N, 3, H, W)`` through one affine map per pixel, ``(N, 12, H, W)``: rows of 3 × 4."""
    rows = maps.chunk(3, 1)
    return torch.stack([(row[:, :3] * pictures).sum(1) + row[:, 3] for row in rows], 1)


def interpolate_grid_rows(cells: Tensor, height: int) -> Tensor:
    """``(C, depth, rows, columns)`` interpolated to one row per pixel: ``(height, C, depth, columns)``."""
    channels, depth, rows, columns = cells.shape
    flat = cells.transpose(2, 3).reshape(1, -1, rows)
    resized = interpolate(flat, height, mode="linear", align_corners=False)
    return resized.view(channels, depth, columns, height).permute(3, 0, 1, 2).contiguous()


def _sample_rows(grid_rows: Tensor, guide: Tensor) -> Tensor:
    """``grid_rows (h, C, depth, columns)`` at ``guide (h, W)``: ``(C, h, W)``."""
    height, width = guide.shape
    across = (torch.arange(width, device=guide.device, dtype=guide.dtype) + 0.5) / width
    points = torch.stack([across.expand(height, -1), guide], -1) * 2 - 1
    sampled = grid_sample(grid_rows, points[:, None], padding_mode="border", align_corners=False)
    return sampled[:, :, 0].transpose(0, 1)
