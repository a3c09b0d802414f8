"""Image operations and building blocks of networks that losses, metrics and transfer share."""

from __future__ import annotations

from bottega.layers.bilateral_grid import (
    apply_affine,
    grid_lines,
    slice_grid,
    transform_by_grid,
    transform_by_lines,
)
from bottega.layers.blocks import block_cosines, fold, pad_to_multiple, unfold_pixels
from bottega.layers.color_spaces import oklab_to_rgb, rgb_to_oklab
from bottega.layers.filters import extract_patches, gaussian_blur, laplacian_pyramid, reconstruct
from bottega.layers.modules import (
    ConditionalInstanceNorm,
    InstanceNorm,
    ReflectConv2d,
    ResizeConv2d,
    instance_norm,
    reflect_pad,
)
from bottega.layers.moments import (
    ChannelMoments,
    ColorMoments,
    channel_moments,
    color_moments,
    color_transport,
    mixed,
    mixed_colors,
    mixing_shares,
    recolor,
    reduce_mask,
    renormalise,
)

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
