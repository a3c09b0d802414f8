"""Reading pictures with 16 bits per channel, of which Pillow would keep 8.

Pillow unpacks a 16-bit color sample by taking one of its two bytes; the byte order decides which. Decoding
twice, the second time with the order swapped, yields the high and the low bytes. So the tested C decoders
handle compression, filters, interlacing, strips and tiles, and nothing is lost.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

_BITS_PER_SAMPLE, _PHOTOMETRIC, _PLANAR = 258, 262, 284
_WHITE_IS_ZERO, _SEPARATE_PLANES = 0, 2
_Samples: TypeAlias = NDArray[np.uint16]
_Sample = TypeVar("_Sample", np.uint8, np.uint16)
_SWAPPED = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}


@dataclass(frozen=True)
class Layers16Bit:
    """``colors`` (H, W, 1 | 3) and ``alpha`` (H, W), both uint16."""

    colors: _Samples
    alpha: _Samples | None


def decode_16bit(image: Image.Image, stream: BinaryIO | None, notes: list[str]) -> Layers16Bit | None:
    """Decode a freshly opened image of 16 bits per channel; None for other images.

    ``stream`` is what the image was opened from; without it, only gray keeps its 16 bits.
    """
    if image.mode.startswith("I;16"):
        return _gray(image)
    tiles = getattr(image, "tile", None)
    if stream is None or not tiles or not isinstance(image, ImageFile.ImageFile):
        return None
    tags = getattr(image, "tag_v2", {})
    rawmode = _rawmode(tiles[0])
    if rawmode == "LA;16B":
        return _gray_with_alpha(image)
    if 16 not in tags.get(_BITS_PER_SAMPLE, ()) and ";16" not in rawmode:
        return None
    if image.mode not in ("RGB", "RGBA") or (
        tags.get(_PLANAR) == _SEPARATE_PLANES and tiles[0].codec_name != "raw"
    ):
        notes.append(
            "This way of storing 16 bits per channel is not supported; the picture was read with 8 bits."
        )
        return None
    return _decode_both_bytes(image, stream, "L" if getattr(tags, "prefix", b"MM") == b"II" else "B")


def _rawmode(tile: Any) -> str:
    return str(tile.args if isinstance(tile.args, str) else tile.args[0])


def _with_rawmode(tile: Any, rawmode: str) -> Any:
    return tile._replace(args=rawmode if isinstance(tile.args, str) else (rawmode, *tile.args[1:]))


def _decode_both_bytes(image: ImageFile.ImageFile, stream: BinaryIO, order: str) -> Layers16Bit:
    """Decode the high bytes from ``image`` and the low bytes from a second opening of ``stream``."""
    premultiplied = "a" in _rawmode(image.tile[0])
    raws = []
    for tile in image.tile:
        raw = _rawmode(tile).replace("a", "A")
        # Pillow names one letter per plane where planes are stored apart, and forgets the depth.
        raws.append(f"{raw};16{order}" if len(raw) == 1 else raw)
    transparency = image.info.get("transparency")
    image.tile = [_with_rawmode(tile, raw) for tile, raw in zip(image.tile, raws, strict=True)]
    samples: _Samples = np.asarray(image).astype(np.uint16)
    samples <<= 8
    stream.seek(0)
    again = type(image)(stream)
    again.tile = [
        _with_rawmode(tile, raw[:-1] + _SWAPPED[raw[-1]]) for tile, raw in zip(again.tile, raws, strict=True)
    ]
    samples |= np.asarray(again)
    colors: _Samples = samples[:, :, :3]
    alpha: _Samples | None = None
    if samples.shape[2] == 4:
        alpha = samples[:, :, 3]
    elif transparency is not None:
        alpha = keyed_alpha(colors, transparency, np.uint16)
    if premultiplied and alpha is not None:
        straight = colors.astype(np.float32) * (65535 / np.maximum(alpha, 1))[:, :, None]
        colors = straight.round().clip(0, 65535).astype(np.uint16)
    return Layers16Bit(colors, alpha)


def _gray(image: Image.Image) -> Layers16Bit:
    tags = getattr(image, "tag_v2", {})
    inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    is_12bit = 12 in tags.get(_BITS_PER_SAMPLE, ())
    transparency = image.info.get("transparency")
    colors: _Samples = np.asarray(image).astype(np.uint16)[:, :, None]
    alpha = None if transparency is None else keyed_alpha(colors, transparency, np.uint16)
    if is_12bit:
        colors = (colors * 16 + colors // 256).astype(np.uint16)  # 4095 becomes 65535
    return Layers16Bit(~colors if inverted else colors, alpha)


def _gray_with_alpha(image: ImageFile.ImageFile) -> Layers16Bit:
    """A 16-bit gray PNG with alpha has four bytes per pixel, so it is decoded as 8-bit RGBA."""
    image.tile = [_with_rawmode(tile, "RGBA") for tile in image.tile]
    samples = np.ascontiguousarray(np.asarray(image)).view(">u2").astype(np.uint16)
    return Layers16Bit(samples[:, :, :1], samples[:, :, 1])


def keyed_alpha(colors: NDArray[Any], key: Any, dtype: type[_Sample]) -> NDArray[_Sample]:
    """Alpha ``(H, W)`` from the one gray value or color that a file declares transparent."""
    same = colors == np.array(key)
    return np.where(same if same.ndim == 2 else same.all(axis=2), 0, np.iinfo(dtype).max).astype(dtype)
