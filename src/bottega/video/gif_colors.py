"""The 256 colours of GIF frames: palettes with dithering, one per frame or one for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

_METHODS = (Image.Quantize.FASTOCTREE, Image.Quantize.MAXCOVERAGE)
"""Octrees suit many colours and maximum coverage few, such as a sky; both are tried."""

TRANSPARENT = 255
"""Index of the transparent colour, where there is one."""

_SAMPLE_SIDE = 256
_MAX_SHARED_FRAMES = 16
_MAX_SHARED_ERROR = 1.05
"""Ratio up to which one palette for all frames is preferred: it does not flicker."""

Floats = NDArray[np.float32]


def quantize_frames(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """Frames with palettes, dithered (Floyd-Steinberg).

    Each frame gets its own palette, or all get one, whichever is nearer to the frames as seen from afar.

    Args:
        frames: of one size and mode, RGB or RGBA; alpha is 0 or 255.
    """
    step = -(-len(frames) // _MAX_SHARED_FRAMES)
    colors = TRANSPARENT if frames[0].mode == "RGBA" else 256
    shared_palettes = _palettes(_montage(frames[::step]), colors)
    own = [_nearest(frame, _palettes(_sample(frame), colors)) for frame in frames]
    own_error = float(np.mean([error for _, error in own]))
    for palette in shared_palettes:
        shared = [_nearest(frame, [palette]) for frame in frames]
        if float(np.mean([error for _, error in shared])) <= _MAX_SHARED_ERROR * own_error:
            return [image for image, _ in shared]
    return [image for image, _ in own]


def _palettes(sample: Image.Image, colors: int) -> list[Image.Image]:
    return [sample.quantize(colors, method=method) for method in _METHODS]


def _sample(frame: Image.Image) -> Image.Image:
    """A smaller frame with true colours; transparent pixels become one of the visible ones."""
    size = min(frame.width, _SAMPLE_SIDE), min(frame.height, _SAMPLE_SIDE)
    small = frame.resize(size, Image.Resampling.NEAREST)
    if small.mode == "RGB":
        return small
    pixels = np.asarray(small)
    visible = pixels[pixels[..., 3] > 0][:, :3]
    return Image.fromarray(visible[None] if len(visible) else np.zeros((1, 1, 3), np.uint8))


def _montage(frames: Sequence[Image.Image]) -> Image.Image:
    pixels = [np.asarray(_sample(frame)).reshape(-1, 3) for frame in frames]
    return Image.fromarray(np.ascontiguousarray(np.concatenate(pixels)[None, :: max(1, len(frames) // 4)]))


def _nearest(frame: Image.Image, palettes: Sequence[Image.Image]) -> tuple[Image.Image, float]:
    """(frame with the palette that fits best, its error)"""
    rgb = frame.convert("RGB")
    visible = np.asarray(frame)[..., 3:] > 0 if frame.mode == "RGBA" else np.ones((1, 1, 1), bool)
    target = _from_afar(rgb)
    results = []
    for palette in palettes:
        image = rgb.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        error = float((((_from_afar(image.convert("RGB")) - target) * visible) ** 2).mean())
        results.append((error, image))
    error, image = min(results, key=lambda pair: pair[0])
    return (image if frame.mode == "RGB" else _with_transparency(image, visible[..., 0])), error**0.5


def _from_afar(image: Image.Image) -> Floats:
    """Neighboring pixels mixed, as the eye does."""
    return np.asarray(image.filter(ImageFilter.BoxBlur(1.5)), np.float32)


def _with_transparency(image: Image.Image, visible: NDArray[np.bool_]) -> Image.Image:
    palette = list(image.getpalette() or [])[: 3 * TRANSPARENT]
    result = Image.fromarray(np.where(visible, np.asarray(image), TRANSPARENT).astype(np.uint8), "P")
    result.putpalette(palette + [0] * (768 - len(palette)))
    return result
