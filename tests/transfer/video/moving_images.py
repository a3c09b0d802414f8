"""Frames with exact motion: windows that move over a photo."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from bottega import pictures


def photograph(long_side: int = 480) -> Tensor:
    """``(1, 3, H, W)`` in [0, 1]."""
    return pictures.fit(pictures.photograph("china").pixels, long_side)


def window(
    picture: Tensor, x: float, y: float, zoom: float = 1.0, size: tuple[int, int] = (120, 160)
) -> Tensor:
    """``(1, 3, h, w)``: the part around a center, in pixels; ``zoom`` above 1 comes nearer."""
    height, width = picture.shape[-2:]
    h, w = size
    columns = x + (torch.arange(w) + 0.5 - w / 2) / zoom
    rows = y + (torch.arange(h) + 0.5 - h / 2) / zoom
    grid = torch.stack(torch.meshgrid(2 * columns / width - 1, 2 * rows / height - 1, indexing="xy"), -1)
    return F.grid_sample(picture, grid[None].float(), mode="bicubic", align_corners=False).clamp(0, 1)


def samples(picture: Tensor, noise: float = 0.0, seed: int = 0) -> NDArray[np.uint8]:
    """As ``(H, W, 3)`` uint8, with sensor noise of that deviation in 8-bit steps."""
    values = picture[0].permute(1, 2, 0).numpy() * 255
    values = values + np.random.default_rng(seed).normal(0, noise, values.shape) if noise else values
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)
