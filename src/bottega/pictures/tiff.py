"""TIFF with 8 or 16 bits per channel, written here because Pillow does not write 16-bit colour.

Little-endian, strips compressed with Deflate after horizontal differencing, alpha not multiplied in.
Source: TIFF 6.0 (sections 2, 14) and its technical note 2 of 2002 (Deflate).
"""

from __future__ import annotations

import itertools
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from bottega.errors import OutputError

_STRIP_BYTES = 1 << 18
_LEVEL = 3
_SHORT, _LONG, _BYTE, _UNDEFINED = 3, 4, 1, 7
_FORMATS = {_SHORT: "H", _LONG: "I", _BYTE: "B", _UNDEFINED: "B"}


def encode(samples: NDArray[np.uint8] | NDArray[np.uint16], profile: bytes, xmp: bytes | None) -> bytes:
    """``(H, W, 3 | 4)`` to a TIFF file with a colour profile and, when given, an XMP packet.

    Raises:
        OutputError: the file would be larger than 4 GB, the limit of TIFF.
    """
    height, width, channels = samples.shape
    rows = max(1, _STRIP_BYTES // (width * channels * samples.itemsize))
    strips = [_strip(samples[top : top + rows]) for top in range(0, height, rows)]
    lengths = [len(strip) for strip in strips]
    offsets = list(itertools.accumulate(lengths[:-1], initial=8))
    tags: dict[int, tuple[int, list[int] | bytes]] = {
        256: (_LONG, [width]),
        257: (_LONG, [height]),
        258: (_SHORT, [8 * samples.itemsize] * channels),
        259: (_SHORT, [8]),  # Deflate
        262: (_SHORT, [2]),  # RGB
        273: (_LONG, offsets),
        277: (_SHORT, [channels]),
        278: (_LONG, [rows]),
        279: (_LONG, lengths),
        284: (_SHORT, [1]),  # channels interleaved
        317: (_SHORT, [2]),  # horizontal differencing
    }
    if channels == 4:
        tags[338] = (_SHORT, [2])  # alpha, not multiplied in
    tags[339] = (_SHORT, [1] * channels)  # unsigned integers
    if xmp is not None:
        tags[700] = (_BYTE, xmp)
    tags[34675] = (_UNDEFINED, profile)
    body = b"".join(strips)
    body += b"\0" * (len(body) % 2)
    start = 8 + len(body)
    if start > 4_000_000_000:
        raise OutputError("The picture is too large for a TIFF file (4 GB); write a PNG.")
    return struct.pack("<2sHI", b"II", 42, start) + body + _directory(tags, start)


def _strip(rows: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    differences = rows.copy()
    differences[:, 1:] -= rows[:, :-1]  # wraps around, as the format wants
    return zlib.compress(differences.astype(rows.dtype.newbyteorder("<")).tobytes(), _LEVEL)


def _directory(tags: dict[int, tuple[int, list[int] | bytes]], start: int) -> bytes:
    """The table of tags; values longer than four bytes follow it."""
    entries, values = [], b""
    values_start = start + 2 + 12 * len(tags) + 4
    for tag, (kind, content) in sorted(tags.items()):
        packed = struct.pack(f"<{len(content)}{_FORMATS[kind]}", *content)
        if len(packed) > 4:
            place = struct.pack("<I", values_start + len(values))
            values += packed + b"\0" * (len(packed) % 2)
        else:
            place = packed.ljust(4, b"\0")
        entries.append(struct.pack("<HHI", tag, kind, len(content)) + place)
    return struct.pack("<H", len(tags)) + b"".join(entries) + b"\0\0\0\0" + values
