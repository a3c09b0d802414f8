"""The bilateral grid: an affine map of colours for every place and every value of a guide.

Chen, Paris and Durand (2007); predicted by a network as by Gharbi et al. (2017).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate


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
    pictures = [_sliced(cells, plane[0]) for cells, plane in zip(grid, guide.to(grid), strict=True)]
    return torch.stack(pictures)


def apply_affine(pictures: Tensor, maps: Tensor) -> Tensor:
    """Colours ``(N, 3, H, W)`` through one affine map per pixel, ``(N, 12, H, W)``: rows of 3 × 4."""
    rows = maps.chunk(3, 1)
    return torch.stack([(row[:, :3] * pictures).sum(1) + row[:, 3] for row in rows], 1)


def _sliced(cells: Tensor, guide: Tensor) -> Tensor:
    """``(C, depth, rows, columns)`` at ``guide (H, W)``: ``(C, H, W)``."""
    channels, depth, rows, columns = cells.shape
    height, width = guide.shape
    flat = cells.transpose(2, 3).reshape(1, -1, rows)
    lines = interpolate(flat, height, mode="linear", align_corners=False)
    # One picture (depth × columns) for each row of pixels.
    lines = lines.view(channels, depth, columns, height).permute(3, 0, 1, 2).contiguous()
    across = (torch.arange(width, device=guide.device, dtype=guide.dtype) + 0.5) / width
    places = torch.stack([across.expand(height, -1), guide], -1) * 2 - 1
    looked = grid_sample(lines, places[:, None], padding_mode="border", align_corners=False)
    return looked[:, :, 0].transpose(0, 1)
