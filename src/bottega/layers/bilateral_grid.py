"""The bilateral grid: an affine map of colours for every place and every value of a guide.

Chen, Paris and Durand (2007); predicted by a network as by Gharbi et al. (2017).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

# Pixels transformed at a time: the maps of more would leave the processor's cache.
BAND = 2**16


def slice_grid(grid: Tensor, guide: Tensor) -> Tensor:
    """Look up ``grid`` at every pixel of ``guide``, trilinearly.

    Cell centres lie at (i + ½) / cells of the picture and of the guide's range; beyond the outermost the
    grid is constant. This is ``grid_sample`` in three dimensions with ``align_corners=False`` and border
    padding, but rows are interpolated first, once for all pixels of a row; what is left is two-dimensional
    and takes a third of the time on a processor.

    Args:
        grid: ``(N, C, depth, rows, columns)``.
        guide: ``(N, 1, H, W)`` in [0, 1].

    Returns:
        ``(N, C, H, W)``. Differentiable in both.
    """
    pairs = zip(grid, guide.to(grid), strict=True)
    return torch.stack([_looked_up(grid_lines(cells, plane.shape[-2]), plane[0]) for cells, plane in pairs])


def transform_by_grid(pictures: Tensor, grid: Tensor, guide: Tensor) -> Tensor:
    """Every pixel of ``pictures (N, 3, H, W)`` through the affine map that the grid has for it.

    Worked in bands of rows, so that the maps of a large picture are never all in memory.

    Args:
        grid: ``(N, 12, depth, rows, columns)``; guide: ``(N, 1, H, W)`` in [0, 1].
    """
    painted = []
    for picture, cells, plane in zip(pictures, grid, guide.to(grid), strict=True):
        lines, rows = grid_lines(cells, plane.shape[-2]), max(1, BAND // plane.shape[-1])
        bands = [
            transform_by_lines(
                picture[None, :, top : top + rows], lines[top : top + rows], plane[None, :, top : top + rows]
            )
            for top in range(0, plane.shape[-2], rows)
        ]
        painted.append(torch.cat(bands, 2))
    return torch.cat(painted)


def transform_by_lines(picture: Tensor, lines: Tensor, guide: Tensor) -> Tensor:
    """Some rows of a picture, ``(1, 3, h, W)`` and their ``guide (1, 1, h, W)``, by :func:`grid_lines`."""
    return apply_affine(picture, _looked_up(lines, guide[0, 0])[None])


def apply_affine(pictures: Tensor, maps: Tensor) -> Tensor:
    """Colours ``(N, 3, H, W)`` through one affine map per pixel, ``(N, 12, H, W)``: rows of 3 × 4."""
    rows = maps.chunk(3, 1)
    return torch.stack([(row[:, :3] * pictures).sum(1) + row[:, 3] for row in rows], 1)


def grid_lines(cells: Tensor, height: int) -> Tensor:
    """``(C, depth, rows, columns)`` as one picture per row of pixels: ``(height, C, depth, columns)``."""
    channels, depth, rows, columns = cells.shape
    flat = cells.transpose(2, 3).reshape(1, -1, rows)
    lines = interpolate(flat, height, mode="linear", align_corners=False)
    return lines.view(channels, depth, columns, height).permute(3, 0, 1, 2).contiguous()


def _looked_up(lines: Tensor, guide: Tensor) -> Tensor:
    """``lines (h, C, depth, columns)`` at ``guide (h, W)``: ``(C, h, W)``."""
    height, width = guide.shape
    across = (torch.arange(width, device=guide.device, dtype=guide.dtype) + 0.5) / width
    places = torch.stack([across.expand(height, -1), guide], -1) * 2 - 1
    looked = grid_sample(lines, places[:, None], padding_mode="border", align_corners=False)
    return looked[:, :, 0].transpose(0, 1)
