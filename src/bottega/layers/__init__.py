"""Image operations and building blocks of networks that losses, metrics and transfer share."""

from __future__ import annotations

from bottega.layers.bilateral_grid import (
    apply_affine,
    apply_grid,
    apply_grid_rows,
    interpolate_grid_rows,
    slice_grid,
)
from bottega.layers.blocks import block_dct_matrix, pad_to_multiple
from bottega.layers.color_spaces import luma, oklab_to_rgb, rgb_to_oklab
from bottega.layers.filters import edge_orientation, extract_patches, gaussian_blur, laplacian_pyramid
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
    adain,
    channel_moments,
    color_moments,
    mix_channel_moments,
    mix_color_moments,
    mk_color_transfer,
    normalize_weights,
    recolor,
    reduce_mask,
)

__all__ = [
    "ChannelMoments", "ColorMoments", "ConditionalInstanceNorm", "InstanceNorm", "ReflectConv2d",
    "ResizeConv2d", "adain", "apply_affine", "apply_grid", "apply_grid_rows", "block_dct_matrix",
    "channel_moments", "color_moments", "edge_orientation", "extract_patches", "gaussian_blur",
    "instance_norm", "interpolate_grid_rows", "laplacian_pyramid", "luma", "mix_channel_moments",
    "mix_color_moments", "mk_color_transfer", "normalize_weights", "oklab_to_rgb", "pad_to_multiple",
    "recolor", "reduce_mask", "reflect_pad", "rgb_to_oklab", "slice_grid",
]  # fmt: skip
