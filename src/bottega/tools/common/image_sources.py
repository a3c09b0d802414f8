"""Where a picture comes from: a file, a bundled style or memory; and how a recipe remembers it."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import PictureError, SettingsError
from bottega.files import file_sha256
from bottega.suggestions import nearest

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.pictures import Picture

BUNDLED = re.compile(r"(?P<name>[A-Za-z][\w-]*)(?:@(?P<seed>\d{1,18}))?")

START_KEYWORDS = ("content", "noise")
"""What work can start from besides a picture of its own."""

BUNDLED_STYLE_SIZE = 768
"""Side of the square that a bundled style is painted on, in pixels."""


@dataclass(frozen=True)
class FileSource:
    """A picture file."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def label(self) -> str:
        """Short, for the names of results."""
        return self.path.stem

    @cached_property
    def sha256(self) -> str:
        return file_sha256(self.path)

    def open(self) -> Picture:
        from bottega import pictures

        return pictures.load(self.path)

    def open_mask(self) -> Tensor:
        from bottega import pictures

        return pictures.load_mask(self.path)

    def record(self, folder: Path) -> dict[str, Any]:
        return {
            "kind": "file",
            "name": self.path.name,
            "sha256": self.sha256,
            "path": _relative(self.path, folder),
        }


@dataclass(frozen=True)
class FolderSource(FileSource):
    """A folder of frames or masks."""

    @property
    def label(self) -> str:
        return self.path.resolve().name

    @cached_property
    def sha256(self) -> str:
        """Of the names and hashes of its files."""
        whole = hashlib.sha256()
        for path in sorted(self.path.iterdir()):
            if path.is_file():
                whole.update(f"{path.name}\0{FileSource(path).sha256}\n".encode())
        return whole.hexdigest()

    def record(self, folder: Path) -> dict[str, Any]:
        return {**super().record(folder), "kind": "folder", "name": self.label}


@dataclass(frozen=True)
class BundledSource:
    """A bundled style, painted by its program with a seed."""

    style: str
    seed: int = 0

    @property
    def name(self) -> str:
        return f"{self.style}@{self.seed}" if self.seed else self.style

    @property
    def label(self) -> str:
        return self.style

    def open(self, side: int = BUNDLED_STYLE_SIZE) -> Picture:
        """Paint it, ``side`` pixels square; its marks grow with it."""
        from bottega import pictures, styles

        return pictures.as_picture(styles.paint(self.style, size=(side, side), seed=self.seed))

    def record(self, folder: Path) -> dict[str, Any]:
        return {"kind": "bundled", "name": self.style, "seed": self.seed}


@dataclass(frozen=True)
class SampleImageSource:
    """A demonstration photograph, by its name."""

    name: str

    @property
    def label(self) -> str:
        return self.name

    def open(self) -> Picture:
        from bottega import pictures

        return pictures.photograph(self.name)

    def record(self, folder: Path) -> dict[str, Any]:
        return {"kind": "sample", "name": self.name}


@dataclass(frozen=True)
class TrainedSource:
    """A style that a network knows by heart, by the name that it has there."""

    name: str

    @property
    def label(self) -> str:
        return self.name

    def open(self) -> Picture:
        """One grey pixel: the network keeps no picture of what it was trained on."""
        import torch

        from bottega import pictures

        return pictures.Picture(torch.full((1, 3, 1, 1), 0.5), name=self.name)

    def record(self, folder: Path) -> dict[str, Any]:
        return {"kind": "trained", "name": self.name}


@dataclass(frozen=True)
class MemorySource:
    """A picture handed over by a program; a recipe keeps its hash, but only files can be found again."""

    picture: Picture
    label: str = "picture"

    @property
    def name(self) -> str:
        return self.picture.name

    @cached_property
    def sha256(self) -> str:
        pixels = self.picture.pixels.contiguous().cpu().numpy()
        return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()

    def open(self) -> Picture:
        return self.picture

    def open_mask(self) -> Tensor:
        from bottega import pictures

        return pictures.load_mask(self.picture)

    def record(self, folder: Path) -> dict[str, Any]:
        return {"kind": "memory", "name": self.name, "sha256": self.sha256}


Source = FileSource | BundledSource | SampleImageSource | TrainedSource | MemorySource
MaskSource = FileSource | MemorySource


def file_source(path: Path) -> FileSource:
    """A file that is there.

    Raises:
        PictureError: it is not, or it is a folder.
    """
    if path.is_dir():
        raise PictureError(f"{path} is a folder; a picture file is needed here.")
    if not path.exists():
        raise PictureError(f"There is no file {path}{_nearest_file(path)}")
    return FileSource(path)


def content_source(path: Path) -> FileSource | SampleImageSource:
    """A file that is there, or the demonstration photograph of that name: ``china``, ``flower``.

    Raises:
        PictureError: neither exists.
    """
    from bottega.pictures import PHOTOGRAPHS

    if str(path) in PHOTOGRAPHS and not path.exists():
        return SampleImageSource(str(path))
    return file_source(path)


def style_source(word: str) -> FileSource | BundledSource:
    """A style picture by its path or a bundled style by its name, ``woodcut`` or ``woodcut@3`` (seed 3).

    Raises:
        SettingsError: neither exists.
        PictureError: the path is a folder.
    """
    path = Path(word)
    if path.exists():
        return file_source(path)
    bundled = _bundled(word)
    if bundled is not None:
        return bundled
    from bottega.styles import STYLES

    match = BUNDLED.fullmatch(word)
    meant = nearest(match["name"] if match else word, STYLES)
    if match is None and meant is None:
        raise PictureError(f"There is no style picture {word}{_nearest_file(path)}")
    hint = f'. Did you mean "{meant}"?' if meant else "."
    raise SettingsError(
        f'There is no file and no bundled style "{word}"{hint} The bundled styles are {", ".join(STYLES)}.'
    )


def is_style(word: str) -> bool:
    """Whether a word is a file or names a bundled style."""
    return Path(word).is_file() or _bundled(word) is not None


def _bundled(word: str) -> BundledSource | None:
    from bottega.styles import STYLES

    match = BUNDLED.fullmatch(word)
    return (
        BundledSource(match["name"], int(match["seed"] or 0)) if match and match["name"] in STYLES else None
    )


def start_source(word: str) -> FileSource | None:
    """The picture file that work starts from; none for ``content`` and ``noise``, which are no files.

    Raises:
        PictureError: there is no such file, or it is a folder.
    """
    if word in START_KEYWORDS:
        return None
    path = Path(word)
    if path.exists():
        return file_source(path)
    close = difflib.get_close_matches(word, START_KEYWORDS, n=1)
    hint = f'. Did you mean "{close[0]}"?' if close else _nearest_file(path)
    raise PictureError(
        f"There is no picture {word} to start from; give content, noise or a picture file{hint}"
    )


def _nearest_file(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f" (and no folder {folder})."
    from bottega.pictures.formats import READ_SUFFIXES

    # Endings are alike by themselves, so that only what stands before them counts.
    seen = (Path(name) for name in sorted(os.listdir(folder)))
    names = {name.stem: name for name in seen if name.suffix.lower() in {*READ_SUFFIXES, path.suffix.lower()}}
    close = difflib.get_close_matches(path.stem, names, n=1)
    return f". Did you mean {folder / names[close[0]]}?" if close else "."


def _relative(path: Path, folder: Path) -> str:
    """The path as seen from the folder of the result; absolute where they share nothing but the root."""
    full, base = path.resolve(), folder.resolve()
    try:
        shared = Path(os.path.commonpath([full, base]))
    except ValueError:  # two drives
        return full.as_posix()
    return full.as_posix() if shared == Path(shared.anchor) else Path(os.path.relpath(full, base)).as_posix()
