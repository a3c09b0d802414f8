"""Opening picture files, with one clear error message for everything that can go wrong."""

from __future__ import annotations

import io
import os
import re
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from PIL import Image, ImageFile

from bottega.environment import environment
from bottega.errors import BottegaError, PictureError, ResourceError
from bottega.picture_formats import READ_NAMES, describe_unsupported, detect_format, webp_size

_PILLOW_WARNINGS = ("ignore", None, Warning, re.compile(r"PIL\."), 0)
Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO"


@contextmanager
def open_stream(source: Source) -> Iterator[tuple[BinaryIO, str]]:
    """A seekable binary stream and its name for messages.

    Raises:
        PictureError: the file is missing, a folder, not a regular file, empty or may not be read.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield _memory_stream(bytes(source), "bytes"), "bytes"
    elif isinstance(source, (str, os.PathLike)):
        with _open_file(Path(source)) as stream:
            yield stream, str(source)
    elif hasattr(source, "read"):
        name = str(getattr(source, "name", "stream"))
        with picture_errors(name):
            content = source.read()
        if not isinstance(content, bytes):
            raise PictureError(f"{name} was opened as text; open it in binary mode, as in open(path, 'rb').")
        yield _memory_stream(content, name), name
    else:
        raise PictureError(
            f"An object of type {type(source).__name__} is not a picture file; "
            "a path, bytes or a binary file is expected."
        )


def _memory_stream(content: bytes, name: str) -> BinaryIO:
    if not content:
        raise PictureError(f"{name} is empty: it has zero bytes.")
    return io.BytesIO(content)


def _open_file(path: Path) -> BinaryIO:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PictureError(f"{path} is a folder; a picture file is expected.")
        # A pipe or a device could block forever or never end.
        if not stat.S_ISREG(status.st_mode):
            raise PictureError(f"{path} is not a regular file; a picture file is expected.")
        if status.st_size == 0:
            raise PictureError(f"{path} is empty: the file has zero bytes.")
        return path.open("rb")
    except BottegaError:
        raise
    except FileNotFoundError:
        raise PictureError(f"{path} does not exist.") from None
    except PermissionError:
        raise PictureError(f"{path} cannot be read: permission denied.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PictureError(f"{str(path)!r} cannot be opened: {reason}.") from None


def open_image(stream: BinaryIO, name: str, max_pixels: int | None) -> ImageFile.ImageFile:
    """Read the header and check the size, without decoding.

    Raises:
        PictureError: not a supported format, a broken header, or more than ``max_pixels`` pixels.
    """
    limit = environment().max_pixels if max_pixels is None else max_pixels
    with picture_errors(name):
        head = stream.read(64)
        stream.seek(0)
    kind = detect_format(head)
    if kind is None:
        raise PictureError(f"{name} is {describe_unsupported(head)}; Bottega reads {READ_NAMES}.")
    if kind == "WEBP" and (size := webp_size(head)):
        check_size(size, limit, name)
    if limit > (Image.MAX_IMAGE_PIXELS or limit):
        # Pillow checks again while decoding; a user who raised our limit means that one too.
        Image.MAX_IMAGE_PIXELS = limit
    plugin = _plugin(kind, name)
    with picture_errors(name, kind):
        image = plugin(stream, name)
        size = image.size
    check_size(size, limit, name)
    return image


def _plugin(kind: str, name: str) -> Any:
    """Pillow's plug-in class; opening with it directly keeps all other plug-ins unused."""
    if kind == "HEIF":
        try:
            import pillow_heif
        except ImportError:
            raise PictureError(
                f"{name} is a HEIC picture; reading it needs one more package: pip install pillow-heif."
            ) from None
        pillow_heif.register_heif_opener()
    Image.init()
    if kind not in Image.OPEN:
        raise PictureError(f"{name} is a {kind} picture, which this build of Pillow cannot read.")
    return Image.OPEN[kind][0]


def check_size(size: tuple[int, int], limit: int, name: str) -> None:
    """Check that a picture has pixels, and at most ``limit``.

    Raises:
        PictureError: the size is not within the limits.
    """
    width, height = size
    if width < 1 or height < 1:
        raise PictureError(f"{name} has {width} × {height} pixels; both must be at least 1.")
    if width * height > limit:
        raise PictureError(
            f"{name} has {width} × {height} pixels, more than the limit of {limit:,} pixels; "
            "scale it down or raise BOTTEGA_MAX_PIXELS."
        )


@contextmanager
def picture_errors(name: str, kind: str = "") -> Iterator[None]:
    """Turn a decoder's errors into :class:`PictureError`, lack of memory into :class:`ResourceError`."""
    # Relevant warnings of Pillow become notes of the picture. A permanent filter is safe with threads,
    # warnings.catch_warnings is not.
    if _PILLOW_WARNINGS not in warnings.filters:
        warnings.filterwarnings("ignore", category=Warning, module=_PILLOW_WARNINGS[3].pattern)
    try:
        yield
    except BottegaError:
        raise
    except MemoryError:
        raise _out_of_memory(name) from None
    except Exception as error:
        # libheif also reports "allocation error" for a file that holds more than its header states.
        if isinstance(error, RuntimeError) and "alloc" in str(error) and "Security limit" not in str(error):
            raise _out_of_memory(name) from None
        raise PictureError(f"{name} {_explain(str(error), kind or 'picture')}.") from error


def _explain(reason: str, kind: str) -> str:
    """Pillow's message in plain words; the original is the cause of the error."""
    if "truncated" in reason.lower():
        return f"is truncated: only a part of the {kind} file is there"
    if "too large" in reason or "Too much memory" in reason:
        return f"is a {kind} file with an unreasonable amount of text or profile data and was not read"
    return f"is damaged or of an unusual kind and cannot be read as a {kind} file"


def _out_of_memory(name: str) -> ResourceError:
    return ResourceError(f"There is not enough memory to read {name}; scale it down or close other programs.")
