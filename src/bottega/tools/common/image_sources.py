"""Where a picture comes from: a file, a bundled style, a sample image or memory; and its recipe record."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import PictureError, SettingsError
from bottega.files import check_local, file_sha256, list_files
from bottega.picture_formats import READ_SUFFIXES
from bottega.sample_images import PHOTOGRAPHS
from bottega.suggestions import closest_match

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.pictures import Picture

BUNDLED = re.compile(r"(?P<name>[A-Za-z][\w-]*)(?:@(?P<seed>\d{1,18}))?")

START_KEYWORDS = ("content", "noise")
"""What a style transfer can start from besides a picture file."""

MIN_FILE_SIMILARITY = 0.65
"""Of names of files that are suggested: "foto" is near enough to "photo"."""

MIN_MASK_WHITE = 16 / 255
"""A mask must be brighter somewhere."""

BUNDLED_STYLE_SIZE = 768
"""Side of the square that a bundled style is drawn on, in pixels."""


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
        """Colors under transparent pixels are replaced, so that they never influence anything."""
        from bottega import pictures

        return pictures.fill_transparent(pictures.load(self.path))

    def open_mask(self) -> Tensor:
        from bottega import pictures

        return _check_mask(pictures.load_mask(self.path), self.name)

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
        """Hash of the names and hashes of its files."""
        digest = hashlib.sha256()
        for path in sorted(self.path.iterdir()):
            if path.is_file():
                digest.update(f"{path.name}\0{FileSource(path).sha256}\n".encode())
        return digest.hexdigest()

    def record(self, folder: Path) -> dict[str, Any]:
        return {**super().record(folder), "kind": "folder", "name": self.label}


@dataclass(frozen=True)
class BundledSource:
    """A bundled style, drawn by its program with a seed."""

    style: str
    seed: int = 0

    @property
    def name(self) -> str:
        return f"{self.style}@{self.seed}" if self.seed else self.style

    @property
    def label(self) -> str:
        return self.style

    def open(self, side: int = BUNDLED_STYLE_SIZE) -> Picture:
        """Draw it, ``side`` pixels square; its strokes scale with it. Drawn ones are kept in the cache."""
        from bottega import pictures, styles
        from bottega.tools.common.cached_tensors import cached_tensors

        tensors = cached_tensors(
            "styles",
            (self.style, side, self.seed),
            lambda: {"picture": styles.paint(self.style, size=(side, side), seed=self.seed)},
        )
        return pictures.as_picture(tensors["picture"])

    def record(self, folder: Path) -> dict[str, Any]:
        return {"kind": "bundled", "name": self.style, "seed": self.seed}


@dataclass(frozen=True)
class SampleImageSource:
    """A sample photograph of the package, by its name."""

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
    """A style that a network was trained on, by its name there."""

    name: str

    @property
    def label(self) -> str:
        return self.name

    def open(self) -> Picture:
        """One gray pixel: the network does not contain the style picture."""
        import torch

        from bottega import pictures

        return pictures.Picture(torch.full((1, 3, 1, 1), 0.5), name=self.name)

    def record(self, folder: Path) -> dict[str, Any]:
        return {"kind": "trained", "name": self.name}


@dataclass(frozen=True)
class MemorySource:
    """A picture in memory; a recipe records its hash, but only files can be found again."""

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
        """Colors under transparent pixels are replaced, as for files."""
        from bottega import pictures

        return pictures.fill_transparent(self.picture)

    def open_mask(self) -> Tensor:
        from bottega import pictures

        return _check_mask(pictures.load_mask(self.picture), self.name)

    def record(self, folder: Path) -> dict[str, Any]:
        return {"kind": "memory", "name": self.name, "sha256": self.sha256}


Source = FileSource | BundledSource | SampleImageSource | TrainedSource | MemorySource
MaskSource = FileSource | MemorySource


def file_source(path: Path) -> FileSource:
    """An existing file.

    Raises:
        PictureError: it is missing, or a folder.
    """
    if path.is_dir():
        raise PictureError(f"{path} is a folder; a picture file is needed here.")
    check_local(path)
    if not path.exists():
        raise PictureError(f"The file {path} does not exist{_suggestion(path)}")
    return FileSource(path)


def content_source(path: Path) -> FileSource | SampleImageSource:
    """An existing file, or the sample photograph of that name: ``china``, ``flower``.

    Raises:
        PictureError: neither exists.
    """
    if str(path) in PHOTOGRAPHS and not path.exists():
        return SampleImageSource(str(path))
    return file_source(path)


def check_pictures(path: Path) -> None:
    """Check that a folder exists and contains pictures, perhaps in subfolders.

    Raises:
        PictureError: it does not.
    """
    check_local(path)
    if not path.exists():
        raise PictureError(f"The folder {path} does not exist{_suggestion(path)}")
    if not list_files(path, READ_SUFFIXES, recursive=True):
        raise PictureError(f"There is no picture in the folder {path}.")


def check_like(path: Path) -> None:
    """Check that a path is a picture, a sample picture, a profile, or a folder of pictures.

    Raises:
        PictureError: it is not.
    """
    if path.is_dir():
        check_pictures(path)
    else:
        content_source(path)


def check_model(name: str) -> None:
    """Check that a network is known by its name, or that its file exists.

    Raises:
        WeightsError: the name is unknown.
        PictureError: the file does not exist.
    """
    from bottega import weights

    if name.endswith(".safetensors"):
        file_source(Path(name))
    elif not Path(name).is_file():
        weights.entry(name)


def style_source(text: str) -> FileSource | BundledSource:
    """A style picture by its path or a bundled style by its name, ``woodcut`` or ``woodcut@3`` (seed 3).

    Raises:
        SettingsError: neither exists.
        PictureError: the path is a folder.
    """
    path = Path(text)
    if path.exists():
        return file_source(path)
    bundled = _bundled(text)
    if bundled is not None:
        return bundled
    check_local(text)
    from bottega.styles import STYLES

    match = BUNDLED.fullmatch(text)
    suggestion = closest_match(match["name"] if match else text, STYLES)
    if match is None and suggestion is None:
        raise PictureError(f"The style picture {text} does not exist{_suggestion(path)}")
    hint = f'. Did you mean "{suggestion}"?' if suggestion else "."
    raise SettingsError(
        f'"{text}" is neither a file nor a bundled style{hint} The bundled styles are {", ".join(STYLES)}.'
    )


def is_style(text: str) -> bool:
    """Whether a text is a file or names a bundled style."""
    return Path(text).is_file() or _bundled(text) is not None


def _bundled(text: str) -> BundledSource | None:
    from bottega.styles import STYLES

    match = BUNDLED.fullmatch(text)
    if match is None or match["name"] not in STYLES:
        return None
    return BundledSource(match["name"], int(match["seed"] or 0))


def start_source(text: str) -> FileSource | None:
    """The picture file that the work starts from; None for ``content`` and ``noise``.

    Raises:
        PictureError: the file is missing, or a folder.
    """
    if text in START_KEYWORDS:
        return None
    path = Path(text)
    if path.exists():
        return file_source(path)
    check_local(text)
    suggestion = closest_match(text, START_KEYWORDS)
    hint = f'. Did you mean "{suggestion}"?' if suggestion else _suggestion(path)
    raise PictureError(
        f"The picture {text} to start from does not exist; give content, noise or a picture file{hint}"
    )


def _check_mask(mask: Tensor, name: str) -> Tensor:
    """The mask, unless it is black nearly everywhere, as pictures with the numbers of areas are."""
    highest = float(mask.max())
    if 0 < highest < MIN_MASK_WHITE:
        raise PictureError(
            f"The brightest value of the mask {name} is {highest * 255:.3g} of 255, so it selects nearly "
            "nothing; paint what it selects white (255)."
        )
    return mask


def _suggestion(path: Path) -> str:
    """The end of a message about a missing file: the picture with the most similar name, if there is one."""
    folder = path.parent
    if not folder.is_dir():
        return f" (nor does the folder {folder})."
    suffixes = {*READ_SUFFIXES, path.suffix.lower()}
    # Suffixes are alike anyway, so only the stems are compared; a picture of another number is another one.
    number = re.sub(r"\D", "", path.stem)
    names = {
        name.stem: name
        for name in map(Path, sorted(os.listdir(folder)))
        if name.suffix.lower() in suffixes and re.sub(r"\D", "", name.stem) == number
    }
    close = closest_match(path.stem, names, MIN_FILE_SIMILARITY)
    return f". Did you mean {folder / names[close]}?" if close else "."


def _relative(path: Path, folder: Path) -> str:
    """The path relative to the folder of the result; absolute if they share nothing but the root."""
    full, base = path.resolve(), folder.resolve()
    try:
        shared = Path(os.path.commonpath([full, base]))
    except ValueError:  # two drives
        return full.as_posix()
    return full.as_posix() if shared == Path(shared.anchor) else Path(os.path.relpath(full, base)).as_posix()
