"""The first stage of a workflow: pictures checked, reduced, and split for training and evaluation."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.files import file_sha256, write_file
from bottega.pictures import save
from bottega.training import find_pictures, hold_out
from bottega.training.data import decode, picture_sha256

MIN_HELD_OUT = 8
"""A report needs this many pictures."""
SUMMARY_FILE = "prepared.json"


@dataclass
class PreparedData:
    """The result of the first stage.

    Attributes:
        folder: contains ``training`` and, with enough pictures, ``held-out``.
        training, held_out: number of pictures in them.
        unreadable: files that cannot be read, with the reason.
        duplicates: files with the same pixels as another one, with that one.
        small: number of pictures smaller than the generator's.
    """

    folder: Path
    training: int = 0
    held_out: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)
    small: int = 0

    @property
    def pictures(self) -> Path:
        """The training pictures."""
        return self.folder / "training"

    @property
    def reference(self) -> Path:
        """The pictures to evaluate against: the held out ones or, if there are too few, the training set."""
        return self.folder / "held-out" if self.held_out else self.pictures


def check_folders(data: Path, results: Path) -> None:
    """Check both folders before any work begins.

    Raises:
        PictureError: the folder of pictures is missing or empty.
        SettingsError: the results are inside it.
    """
    find_pictures(data)
    if results.resolve().is_relative_to(data.resolve()):
        raise SettingsError(f"The results cannot be inside {data}, the training data; choose another folder.")


def prepare(
    data: Path, folder: Path, side: int, one_in: int, on_progress: Callable[[int, int], None]
) -> PreparedData:
    """Check all pictures of ``data`` and write them, reduced, below ``folder``.

    Unreadable files and exact duplicates are left out. What is held out depends on file names alone.

    Args:
        side: short side to which larger pictures are reduced.
        one_in: one of this many pictures is held out.

    Raises:
        PictureError: no file can be read as a picture.
        OutputError: the pictures cannot be written.
    """
    files = find_pictures(data)
    training, held_out = hold_out(files, one_in)
    if len(held_out) < MIN_HELD_OUT:
        training, held_out = files, []
    if folder.exists():  # an interrupted call may have split otherwise
        shutil.rmtree(folder)
    prepared = PreparedData(folder)
    digests: dict[str, Path] = {}
    done = 0
    for name, part in (("training", training), ("held-out", held_out)):
        for file in part:
            pixels = _read(file, data, side, digests, prepared)
            if pixels is not None:
                target = folder / name / file.relative_to(data).with_name(f"{file.name}.png")
                target.parent.mkdir(parents=True, exist_ok=True)
                save(pixels, target)
            done += 1
            on_progress(done, len(files))
    if 0 < _count(folder / "held-out") < MIN_HELD_OUT:  # duplicates and unreadable files were among them
        _move(folder / "held-out", folder / "training")
    prepared.training = _count(folder / "training")
    prepared.held_out = _count(folder / "held-out")
    if not prepared.training:
        raise PictureError(f"None of the {len(files)} files in {data} can be read as a picture.")
    summary = {key: value for key, value in vars(prepared).items() if key != "folder"}
    summary["inputs_sha256"] = _inputs_hash(data, files, side, one_in)
    write_file(folder / SUMMARY_FILE, json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
    return prepared


def load_prepared(data: Path, folder: Path, side: int, one_in: int) -> PreparedData | None:
    """The result of an earlier call of :func:`prepare`; None without one.

    Raises:
        SettingsError: it had other pictures or settings.
    """
    file = folder / SUMMARY_FILE
    if not file.exists():
        return None
    summary = json.loads(file.read_text(encoding="utf-8"))
    if summary.pop("inputs_sha256") != _inputs_hash(data, find_pictures(data), side, one_in):
        raise SettingsError(
            f"{folder} was prepared from other pictures, or with another --size, --crop or --held-out; "
            "choose another folder for the results."
        )
    return PreparedData(folder, **summary)


def _read(
    file: Path, data: Path, side: int, digests: dict[str, Path], prepared: PreparedData
) -> Tensor | None:
    """``(1, 3, H, W)`` in [0, 1]; None for unreadable files and duplicates, which are recorded."""
    name = file.relative_to(data).as_posix()
    try:
        samples = decode(file, side)
    except PictureError as error:
        prepared.unreadable[name] = str(error)
        return None
    digest = picture_sha256(samples)
    if digest in digests:
        prepared.duplicates[name] = digests[digest].relative_to(data).as_posix()
        return None
    digests[digest] = file
    prepared.small += min(samples.shape[-2:]) < side
    return samples[None].float() / 255


def _inputs_hash(data: Path, files: Sequence[Path], side: int, one_in: int) -> str:
    """Hash of what the result depends on: names and content of the files, and the settings."""
    contents = [(file.relative_to(data).as_posix(), file_sha256(file)) for file in files]
    return hashlib.sha256(json.dumps([side, one_in, *contents]).encode()).hexdigest()


def _move(held_out: Path, training: Path) -> None:
    for file in sorted(held_out.rglob("*.png")):
        target = training / file.relative_to(held_out)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.png"))
