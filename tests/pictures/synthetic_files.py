"""Picture files built byte by byte, independent of the code under test."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes that Pillow writes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def heic(image: Image.Image, **options: Any) -> bytes:
    """The bytes that pillow-heif writes; for tests that run only where it is."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    return encoded(image, "HEIF", **({"quality": 95, "chroma": 444} | options))


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    width: int,
    height: int,
    bits: int,
    color: int,
    rows: bytes,
    extra: bytes = b"",
    *,
    interlaced: bool = False,
) -> bytes:
    """A PNG file; ``rows`` with their filter bytes, ``extra`` chunks between header and pixels."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlaced)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def tiff16(
    samples: np.ndarray,
    *,
    order: str = "II",
    deflated: bool = False,
    planar: bool = False,
    photometric: int = 2,
    extra: int | None = None,
    bits: int = 16,
) -> bytes:
    """``(H, W, C)`` uint16 as a TIFF of one strip, in either byte order and channel arrangement."""
    o = "<" if order == "II" else ">"
    height, width, channels = samples.shape
    planes = [samples[:, :, i] for i in range(channels)] if planar else [samples]
    blobs = [np.ascontiguousarray(plane.astype(o + "u2")).tobytes() for plane in planes]
    if deflated:
        blobs = [zlib.compress(blob) for blob in blobs]
    offsets = [8 + sum(map(len, blobs[:i])) for i in range(len(blobs))]
    body = b"".join(blobs)
    body += b"\0" * (len(body) % 2)
    tags = [
        (256, "H", [width]),
        (257, "H", [height]),
        (258, "H", [bits] * channels),
        (259, "H", [8 if deflated else 1]),
        (262, "H", [photometric]),
        (273, "I", offsets),
        (277, "H", [channels]),
        (278, "H", [height]),
        (279, "I", [len(blob) for blob in blobs]),
        (284, "H", [2 if planar else 1]),
    ]
    if extra is not None:
        tags.append((338, "H", [extra]))
    start = 8 + len(body)
    entries, values = b"", b""
    for tag, kind, content in tags:
        packed = struct.pack(f"{o}{len(content)}{kind}", *content)
        if len(packed) > 4:
            place = struct.pack(o + "I", start + 2 + 12 * len(tags) + 4 + len(values))
            values += packed
        else:
            place = packed.ljust(4, b"\0")
        entries += struct.pack(o + "HHI", tag, {"H": 3, "I": 4}[kind], len(content)) + place
    directory = struct.pack(o + "H", len(tags)) + entries + bytes(4) + values
    return order.encode() + struct.pack(o + "HI", 42, start) + body + directory


def matrix_profile(
    primaries: list[tuple[float, float, float]], gamma: float, *, space: bytes = b"RGB "
) -> bytes:
    """A color profile of version 2: D50 colorants (X, Y, Z) and one gamma; or gray: ``space=b"GRAY"``."""

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + fixed(0.9642, 1.0, 0.8249)
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(79)
    tags = {b"desc": text, b"wtpt": white}
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
            tags[name] = b"XYZ " + bytes(4) + fixed(*xyz)
        tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += struct.pack(">4sII", name, start + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"\0\0\0\0", 0x02400000, b"mntr", space, b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + fixed(0.9642, 1.0, 0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def ink_profile() -> bytes:
    """A CMYK profile in which every ink only darkens: following it shows.

    L* = 100 (1 - K) (1 - (C + M + Y) / 6), no color; one table of two nodes per ink (ICC.1, ``lut8Type``).
    """
    nodes = b""
    for c, m, y, k in np.ndindex(2, 2, 2, 2):
        nodes += bytes((round(255 * (1 - k) * (1 - (c + m + y) / 6)), 128, 128))
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + bytes(range(256)) * 4 + nodes
    table += bytes(range(256)) * 3
    table += b"\0" * (-len(table) % 4)
    start = 132 + 12
    head = struct.pack(">I4sI4s4s4s", start + len(table), bytes(4), 0x02400000, b"prtr", b"CMYK", b"Lab ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"A2B0", start, len(table)) + table
