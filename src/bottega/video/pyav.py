"""PyAV, imported when the first film is touched; and its errors in our words."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from bottega.errors import OutputError, PictureError, ResourceError


def av() -> ModuleType:
    """The package ``av``.

    Raises:
        ResourceError: it is not installed.
    """
    try:
        import av as package
    except ImportError:
        raise ResourceError(
            'Films need one package more: pip install "bottega[video]". '
            "Folders of frames and animations (GIF, WebP, PNG) work without it."
        ) from None
    return package


def open_input(path: Path) -> Any:
    """A container to read from.

    Raises:
        PictureError: missing, empty, unreadable or no film.
    """
    if not path.exists():
        raise PictureError(f"There is no film {path}.")
    if path.is_dir():
        raise PictureError(f"{path} is a folder; a film file is needed here.")
    package = av()
    try:
        if path.stat().st_size == 0:
            raise PictureError(f"{path} is empty (0 bytes); a film was expected.")
        return package.open(str(path), metadata_errors="replace")
    except package.FFmpegError as error:
        raise PictureError(f"{path} is no film that can be read ({reason(error)}).") from None
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None


def open_output(path: Path, **options: Any) -> Any:
    """A container to write into.

    Raises:
        OutputError: it cannot be made there.
    """
    package = av()
    try:
        return package.open(str(path), "w", **options)
    except (package.FFmpegError, OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be written: {reason(error)}.") from None


def reason(error: BaseException) -> str:
    """What a library's error says, without its numbers and file names."""
    text = getattr(error, "strerror", None) or str(error)
    return str(text).strip().rstrip(".").lower() or type(error).__name__
