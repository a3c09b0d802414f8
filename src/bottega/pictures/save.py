"""Writing pictures as the bytes of a format, or as a file."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin
from torch import Tensor

from bottega.errors import BottegaError, OutputError, PictureError, ResourceError
from bottega.files import check_output_path, write_file
from bottega.picture_formats import DEEP_FORMATS, SUFFIXES, format_of
from bottega.pictures import embedded_recipe
from bottega.pictures.color_profiles import srgb_profile
from bottega.pictures.convert import as_picture
from bottega.pictures.picture import Picture
from bottega.pictures.png_tiff import COMPRESSION_LEVEL, encode_png16, encode_tiff

_MAX_SIDE_PIXELS = {"JPEG": 65535, "WEBP": 16383, "AVIF": 65535}


def save(
    picture: Picture | Tensor,
    path: str | os.PathLike[str],
    *,
    alpha: Tensor | None = None,
    bits: int = 8,
    quality: int = 92,
    recipe: Mapping[str, Any] | None = None,
) -> Path:
    """Write a picture, completely or not at all; the suffix names the format (PNG, JPEG, WebP, TIFF or AVIF).

    >>> bottega.pictures.save(torch.rand(1, 3, 480, 640), "noise.png")

    Args:
        picture: a picture, or a tensor ``(1, 3, H, W)`` or ``(3, H, W)`` in sRGB in [0, 1].
        alpha: ``(1, 1, H, W)`` in [0, 1]; None means the picture's own.
        bits: 8, or 16 for PNG and TIFF. Values are rounded to the nearest step, halves to even.
        quality: 1 to 100 for JPEG, WebP and AVIF; 100 makes WebP lossless.
        recipe: goes into the file's metadata; None means the picture's own.

    Returns:
        The path of the file.

    Raises:
        OutputError: unknown suffix, missing or read-only folder, full disk, invalid ``bits`` or ``quality``.
        PictureError: the tensor or the alpha has an invalid shape.
        ResourceError: there is not enough memory.
    """
    target = Path(path)
    kind = format_of(target)
    check_output_path(target)
    write_file(target, encode(picture, kind, alpha=alpha, bits=bits, quality=quality, recipe=recipe))
    return target


def encode(
    picture: Picture | Tensor,
    format: str,
    *,
    alpha: Tensor | None = None,
    bits: int = 8,
    quality: int = 92,
    recipe: Mapping[str, Any] | None = None,
) -> bytes:
    """The bytes of a picture file; ``format`` is PNG, JPEG, WEBP, TIFF or AVIF. Otherwise as :func:`save`.

    JPEG has no alpha: the picture is composited on white there.
    """
    kind = format.upper()
    _check_options(kind, bits, quality)
    picture = as_picture(picture)
    recipe = picture.recipe if recipe is None else recipe
    text = None if recipe is None else embedded_recipe.to_json(recipe)
    picture = _checked_layers(picture, alpha, flatten=kind == "JPEG")
    _check_side(kind, picture.width, picture.height)
    samples: NDArray[Any] = picture.to_numpy(bits)
    try:
        if kind == "TIFF":
            return encode_tiff(
                samples, srgb_profile(), None if text is None else embedded_recipe.to_xmp(text)
            )
        if kind == "PNG" and bits == 16:
            return encode_png16(samples, embedded_recipe.KEYWORD, text)
        buffer = io.BytesIO()
        Image.fromarray(samples).save(buffer, kind, **_pillow_options(kind, quality, text))
        return buffer.getvalue()
    except BottegaError:
        raise
    except MemoryError:
        raise ResourceError("There is not enough memory to write the picture; write a smaller one.") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(f"The picture cannot be written as {kind}: {error}.") from error


def _check_options(kind: str, bits: int, quality: int) -> None:
    if kind not in SUFFIXES.values():
        raise OutputError(f"The format {kind!r} is unknown; choose PNG, JPEG, WEBP, TIFF or AVIF.")
    if bits not in (8, 16):
        raise OutputError(f"bits is {bits}; it must be 8 or 16.")
    if bits == 16 and kind not in DEEP_FORMATS:
        raise OutputError(f"{kind} holds 8 bits per channel; write 16 bits as PNG or TIFF.")
    if not 1 <= quality <= 100:
        raise OutputError(f"quality is {quality}; it must lie between 1 and 100.")


def _check_side(kind: str, width: int, height: int) -> None:
    limit = _MAX_SIDE_PIXELS.get(kind, max(width, height))
    if max(width, height) > limit:
        raise OutputError(
            f"{kind} holds at most {limit} pixels on a side, the picture has {width} × {height}; "
            "write a PNG or TIFF."
        )


def _checked_layers(picture: Picture, alpha: Tensor | None, *, flatten: bool) -> Picture:
    """The picture with the alpha that is written, or composited on white; all values are finite."""
    alpha = picture.alpha if alpha is None else alpha
    if alpha is None:
        if picture.samples is None:
            _check_finite(picture.pixels)
        return picture
    alpha = alpha.detach().to("cpu", torch.float32)
    if alpha.ndim != 4 or alpha.shape[:2] != (1, 1):
        raise PictureError(f"The alpha has the shape {tuple(alpha.shape)}; (1, 1, H, W) is expected.")
    if alpha.shape[2:] != (picture.height, picture.width):
        raise PictureError(
            f"The alpha has {alpha.shape[3]} × {alpha.shape[2]} pixels, the picture has {picture.width} × "
            f"{picture.height}; they must be equal."
        )
    _check_finite(alpha)
    _check_finite(picture.pixels)
    alpha = alpha.clamp(0, 1)
    if flatten:
        return Picture(picture.pixels * alpha + (1 - alpha))
    return replace(picture, alpha=alpha)


def _check_finite(values: Tensor) -> None:
    if not bool(torch.isfinite(values).all()):
        raise OutputError("The picture holds values that are NaN or infinite; it was not written.")


def _pillow_options(kind: str, quality: int, text: str | None) -> dict[str, Any]:
    """Pillow's settings, with the sRGB tag and the recipe where the format stores them."""
    if kind == "PNG":
        chunks = PngImagePlugin.PngInfo()
        chunks.add(b"sRGB", b"\0")
        if text is not None:
            chunks.add_itxt(embedded_recipe.KEYWORD, text, zip=len(text) > 1024)
        return {"compress_level": COMPRESSION_LEVEL, "pnginfo": chunks}
    options: dict[str, Any] = {"quality": quality, "icc_profile": srgb_profile()}
    if text is not None:
        limit = embedded_recipe.MAX_JPEG_XMP_BYTES if kind == "JPEG" else None
        options["xmp"] = embedded_recipe.to_xmp(text, max_bytes=limit)
    if kind == "JPEG" and quality >= 90:
        options["subsampling"] = "4:4:4"  # saturated strokes fray when color is halved
    if kind == "WEBP":
        options |= {"lossless": quality == 100, "exact": True}  # exact: color under transparency stays
    if kind == "AVIF":
        # Speed 8 takes a third of the time of the default, 6, for files 0.4 % larger (1920 × 1080).
        options |= {"subsampling": "4:4:4" if quality >= 90 else "4:2:0", "speed": 8}
    return options
