"""Writing pictures: as bytes of a format, or as a file that is whole or not there."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin
from torch import Tensor

from bottega.errors import BottegaError, OutputError, PictureError, ResourceError
from bottega.files import check_output_path, write_file
from bottega.pictures import embedded_recipe, png16, tiff
from bottega.pictures.color_profiles import srgb_profile
from bottega.pictures.convert import as_picture
from bottega.pictures.formats import DEEP_FORMATS, SUFFIXES, format_of
from bottega.pictures.load import check_same_size
from bottega.pictures.picture import Picture

_LONGEST_SIDE = {"JPEG": 65535, "WEBP": 16383, "AVIF": 65535}
_PNG_LEVEL = 3  # half the time of level 6 for files 6 % larger (measured on a photograph of 1920 × 1080)


def save(
    picture: Picture | Tensor,
    path: str | os.PathLike[str],
    *,
    alpha: Tensor | None = None,
    bits: int = 8,
    quality: int = 92,
    recipe: Mapping[str, Any] | None = None,
) -> Path:
    """Write a picture; the suffix names the format (PNG, JPEG, WebP, TIFF or AVIF).

    The file is written beside its place, flushed to disk and renamed: it is whole or not there.

    Args:
        picture: a picture, or a tensor ``(1, 3, H, W)`` or ``(3, H, W)`` in sRGB in [0, 1].
        alpha: ``(1, 1, H, W)`` in [0, 1]; the picture's own where not given.
        bits: 8, or 16 for PNG and TIFF. Values are rounded to the nearest step, halves to even.
        quality: 1 to 100 for JPEG, WebP and AVIF; 100 makes WebP lossless.
        recipe: what goes into the file's metadata; the picture's own where not given.

    Returns:
        The path that was written.

    Raises:
        OutputError: unknown suffix, missing or read-only folder, full disk, unusable ``bits`` or ``quality``.
        PictureError: the tensor or the alpha has an unusable shape.
        ResourceError: there is not enough memory.
    """
    target = Path(path)
    kind = format_of(target)
    check_output_path(target)
    content = encode(picture, kind, alpha=alpha, bits=bits, quality=quality, recipe=recipe)
    write_file(target, content)
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
    """The bytes of a picture file; ``format`` is PNG, JPEG, WEBP, TIFF or AVIF. The rest as in :func:`save`.

    JPEG has no alpha: the picture is laid on white there.
    """
    kind = _checked(format, bits, quality)
    picture = as_picture(picture)
    recipe = picture.recipe if recipe is None else recipe
    text = None if recipe is None else embedded_recipe.to_json(recipe)
    samples = _samples(picture, alpha, bits, flatten=kind == "JPEG")
    _check_side(kind, samples.shape[1], samples.shape[0])
    try:
        if kind == "TIFF":
            return tiff.encode(
                samples, srgb_profile(), None if text is None else embedded_recipe.to_xmp(text)
            )
        if kind == "PNG" and bits == 16:
            return png16.encode(samples, embedded_recipe.KEYWORD, text)
        return _with_pillow(Image.fromarray(samples), kind, quality, text)
    except BottegaError:
        raise
    except MemoryError:
        raise ResourceError("There is not enough memory to write the picture; write it smaller.") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(f"The picture cannot be written as {kind}: {error}.") from error


def _checked(format: str, bits: int, quality: int) -> str:
    kind = format.upper()
    if kind not in SUFFIXES.values():
        raise OutputError(
            f"{format!r} is not a format that is written; choose PNG, JPEG, WEBP, TIFF or AVIF."
        )
    if bits not in (8, 16):
        raise OutputError(f"bits is {bits}; a picture has 8 or 16 bits per channel.")
    if bits == 16 and kind not in DEEP_FORMATS:
        raise OutputError(f"{kind} holds 8 bits per channel; write 16 bits as PNG or TIFF.")
    if not 1 <= quality <= 100:
        raise OutputError(f"quality is {quality}; it goes from 1 to 100.")
    return kind


def _check_side(kind: str, width: int, height: int) -> None:
    longest = _LONGEST_SIDE.get(kind, max(width, height))
    if max(width, height) > longest:
        raise OutputError(
            f"{kind} holds at most {longest} pixels on a side, the picture has {width} × {height}; "
            "write a PNG or TIFF."
        )


def _samples(picture: Picture, alpha: Tensor | None, bits: int, *, flatten: bool) -> NDArray[Any]:
    """``(H, W, 3 | 4)`` of 8 or 16 bits, laid on white where alpha has to go."""
    alpha = picture.alpha if alpha is None else alpha
    if picture.samples is not None and alpha is None and bits == 8:
        return np.ascontiguousarray(picture.samples)
    layers = picture.pixels
    if alpha is not None:
        alpha = alpha.detach().to("cpu", torch.float32)
        if alpha.ndim != 4 or alpha.shape[:2] != (1, 1):
            raise PictureError(f"alpha has the shape {tuple(alpha.shape)}; (1, 1, H, W) is expected.")
        check_same_size("The alpha", (alpha.shape[2], alpha.shape[3]), (picture.height, picture.width))
        _check_finite(alpha)
        alpha = alpha.clamp(0, 1)
        layers = layers * alpha + (1 - alpha) if flatten else torch.cat([layers, alpha], dim=1)
    _check_finite(layers)
    steps = 2**bits - 1
    rounded = layers[0].permute(1, 2, 0).clamp(0, 1).mul_(steps).round_()  # in place: prints are large
    return np.ascontiguousarray(rounded.numpy().astype(np.uint8 if bits == 8 else np.uint16))


def _check_finite(values: Tensor) -> None:
    if not bool(torch.isfinite(values).all()):
        raise OutputError(
            "The picture holds values that are not numbers (NaN or infinity); it was not written."
        )


def _with_pillow(image: Image.Image, kind: str, quality: int, text: str | None) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **_options(kind, quality, text))
    return buffer.getvalue()


def _options(kind: str, quality: int, text: str | None) -> dict[str, Any]:
    """Pillow's settings, with the sRGB mark and the recipe in the place that the format has for them."""
    if kind == "PNG":
        chunks = PngImagePlugin.PngInfo()
        chunks.add(b"sRGB", b"\0")
        if text is not None:
            chunks.add_itxt(embedded_recipe.KEYWORD, text, zip=len(text) > 1024)
        return {"compress_level": _PNG_LEVEL, "pnginfo": chunks}
    options: dict[str, Any] = {"quality": quality, "icc_profile": srgb_profile()}
    if text is not None:
        limit = embedded_recipe.MAX_XMP_IN_JPEG if kind == "JPEG" else None
        options["xmp"] = embedded_recipe.to_xmp(text, max_bytes=limit)
    if kind == "JPEG" and quality >= 90:
        options["subsampling"] = "4:4:4"  # saturated strokes fray when colour is halved
    if kind == "WEBP":
        options |= {"lossless": quality == 100, "exact": True}  # exact: colour under transparency stays
    if kind == "AVIF":
        # Speed 8 takes a third of the time of the default, 6, for files 0.4 % larger (measured as above).
        options |= {"subsampling": "4:4:4" if quality >= 90 else "4:2:0", "speed": 8}
    return options
