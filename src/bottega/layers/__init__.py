"""Image operations on tensors that networks, losses, metrics and transfer share."""

from __future__ import annotations

from bottega.layers.blur import gaussian_blur
from bottega.layers.masks import reduce_mask
from bottega.layers.oklab import oklab_to_rgb, rgb_to_oklab
from bottega.layers.patches import extract_patches
from bottega.layers.pyramid import laplacian_pyramid, reconstruct

__all__ = [
    "extract_patches",
    "gaussian_blur",
    "laplacian_pyramid",
    "oklab_to_rgb",
    "reconstruct",
    "reduce_mask",
    "rgb_to_oklab",
]
