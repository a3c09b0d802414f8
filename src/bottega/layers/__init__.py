"""Image operations and building blocks of networks that losses, metrics and transfer share."""

from __future__ import annotations

from bottega.layers.bilateral import (
    apply_affine,
    grid_lines,
    slice_grid,
    transform_by_grid,
    transform_by_lines,
)
from bottega.layers.blur import gaussian_blur
from bottega.layers.convolution import ReflectConv2d, ResizeConv2d, reflect_pad
from bottega.layers.folding import fold, pad_to_multiple, unfold_pixels
from bottega.layers.masks import reduce_mask
from bottega.layers.moments import ChannelMoments, channel_moments, mixed, mixing_shares, renormalise
from bottega.layers.normalisation import ConditionalInstanceNorm, InstanceNorm, instance_norm
from bottega.layers.oklab import oklab_to_rgb, rgb_to_oklab
from bottega.layers.patches import extract_patches
from bottega.layers.pyramid import laplacian_pyramid, reconstruct
from bottega.layers.transport import ColorMoments, color_moments, color_transport, mixed_colors, recolor
from bottega.layers.waves import block_cosines

__all__ = [
    "ChannelMoments",
    "ColorMoments",
    "ConditionalInstanceNorm",
    "InstanceNorm",
    "ReflectConv2d",
    "ResizeConv2d",
    "apply_affine",
    "block_cosines",
    "channel_moments",
    "color_moments",
    "color_transport",
    "extract_patches",
    "fold",
    "gaussian_blur",
    "grid_lines",
    "instance_norm",
    "laplacian_pyramid",
    "mixed",
    "mixed_colors",
    "mixing_shares",
    "oklab_to_rgb",
    "pad_to_multiple",
    "recolor",
    "reconstruct",
    "reduce_mask",
    "reflect_pad",
    "renormalise",
    "rgb_to_oklab",
    "slice_grid",
    "transform_by_grid",
    "transform_by_lines",
    "unfold_pixels",
]
