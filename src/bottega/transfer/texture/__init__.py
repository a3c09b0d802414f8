"""Patch-based texture synthesis: strokes, hatching, dots and grain of the style image, put on another image.

A small network learns little more of a texture than its strength, so the texture itself is taken from the
style image: :func:`extract_texture_patches` stores it, :func:`synthesize_texture` puts the patches that fit
best on an image.
"""

from __future__ import annotations

from bottega.transfer.texture.patches import (
    RESIDUAL_SHARE,
    TexturePatches,
    extract_texture_patches,
    mix_texture_patches,
    reserve_texture_variance,
    texture_gains,
)
from bottega.transfer.texture.synthesis import (
    TEXTURE_RADIUS_PIXELS,
    TEXTURE_SCALES,
    add_texture,
    synthesize_texture,
)

__all__ = [
    "RESIDUAL_SHARE",
    "TEXTURE_RADIUS_PIXELS",
    "TEXTURE_SCALES",
    "TexturePatches",
    "add_texture",
    "extract_texture_patches",
    "mix_texture_patches",
    "reserve_texture_variance",
    "synthesize_texture",
    "texture_gains",
]
