"""The file formats that are read and written; when reading, the content decides, not the suffix.

Importing this is light, so that names of files are checked before torch is loaded.
"""

from __future__ import annotations

from pathlib import Path

from bottega.errors import OutputError

READ_NAMES = "PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF and HEIC"

# Written formats can hold at least 8-bit color and a recipe; BMP and GIF cannot.
SUFFIXES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".avif": "AVIF",
}
READ_SUFFIXES = frozenset({*SUFFIXES, ".bmp", ".gif", ".heic", ".heif"})
"""Suffixes of picture files in folders; the content is checked when they are read."""
VIDEO_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "mts", "m2ts"),
        *("wmv", "flv", "ogv", "3gp", "mxf", "nut"),
    )
)
"""Endings of files that are opened as video; their content decides whether they can be read."""
ANIMATED_FORMATS = ("GIF", "WEBP", "PNG")
"""Formats of pictures that may move; .apng is a PNG."""
DEEP_FORMATS = ("PNG", "TIFF")
"""Formats that are written with 16 bits per channel."""

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}
_UNSUPPORTED = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript file",
    b"8BPS": "a Photoshop document",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"PK\x03\x04": "a ZIP archive",
    b"<svg": "an SVG drawing",
    b"<?xml": "an XML or SVG file",
}
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def detect_format(head: bytes) -> str | None:
    """Pillow's name of the format, from a file's first 64 bytes; None for an unsupported one."""
    for signature, name in _SIGNATURES.items():
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        brands = head[8 : int.from_bytes(head[:4], "big")]
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
        if any(brand in brands for brand in _HEIF_BRANDS):
            return "HEIF"
    return None


def is_animated(path: Path) -> bool:
    """Whether a file is an animation of more than one frame; false for unreadable files too."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return image.format in ANIMATED_FORMATS and getattr(image, "n_frames", 1) > 1
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def describe_unsupported(head: bytes) -> str:
    """What an unsupported file appears to be, for error messages."""
    for signature, description in _UNSUPPORTED.items():
        if head.startswith(signature):
            return description
    return "not a picture in a supported format"


def webp_size(head: bytes) -> tuple[int, int] | None:
    """(width, height) from the first 30 bytes of a WebP file; None where they are missing.

    Pillow's WebP decoder allocates the whole canvas when it opens a file, so we need the size before. Layout:
    RFC 9649, sections 2.5 to 2.7.
    """
    kind = head[12:16]
    if len(head) < 30:
        return None
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L":
        packed = int.from_bytes(head[21:25], "little")
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return (
            int.from_bytes(head[26:28], "little") & 0x3FFF,
            int.from_bytes(head[28:30], "little") & 0x3FFF,
        )
    return None


def format_of(path: Path) -> str:
    """The format of an output file, by its suffix.

    Raises:
        OutputError: the suffix is unknown.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        problem = f"the suffix {path.suffix!r}" if suffix else "no suffix"
        raise OutputError(f"{path} has {problem}; a picture is written as one of {', '.join(SUFFIXES)}.")
    return SUFFIXES[suffix]
