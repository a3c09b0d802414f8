"""The first stage of a workflow: pictures looked over, reduced, parted into what trains and what judges."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.files import atomic_write
from bottega.pictures import save
from bottega.training import find_pictures, hold_out
from bottega.training.data import decode

FEWEST_HELD_OUT = 8
"""Pictures without which a report says nothing."""
ACCOUNT = "prepared.json"


@dataclass
class Prepared:
    """What the first stage leaves.

    Attributes:
        folder: holds ``training`` and, where enough pictures were kept back, ``held-out``.
        training, held_out: pictures in them.
        broken: files that could not be read, with the reason.
        twins: files whose pixels another file has too, with that one.
        small: pictures smaller than the generator's.
    """

    folder: Path
    training: int = 0
    held_out: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    twins: dict[str, str] = field(default_factory=dict)
    small: int = 0

    @property
    def pictures(self) -> Path:
        """What trains."""
        return self.folder / "training"

    @property
    def reference(self) -> Path:
        """What judges: pictures that no training saw or, where there were too few, those that trained."""
        return self.folder / "held-out" if self.held_out else self.pictures


def check_pictures(data: Path, results: Path) -> None:
    """Refuse, before anything is made, what cannot be prepared.

    Raises:
        PictureError: no such folder of pictures, or none in it.
        SettingsError: the folder of results lies in it.
    """
    find_pictures(data)
    if results.resolve().is_relative_to(data.resolve()):
        raise SettingsError(
            f"The results would lie in {data}, among the pictures to learn from; choose another folder."
        )


def prepare(
    data: Path, folder: Path, side: int, one_in: int, on_progress: Callable[[int, int], None]
) -> Prepared:
    """Look over all pictures of ``data`` and write them, reduced, below ``folder``.

    Broken files and exact twins are left out. The choice of what is held out depends on names alone.

    Args:
        side: shorter side to which larger pictures are reduced.
        one_in: of so many pictures one is held out.

    Raises:
        PictureError: none of the files is a picture that can be read.
        OutputError: nothing can be written there.
    """
    files = find_pictures(data)
    training, kept = hold_out(files, one_in)
    if len(kept) < FEWEST_HELD_OUT:
        training, kept = files, []
    if folder.exists():  # what an interrupted call left may be parted otherwise
        shutil.rmtree(folder)
    found = Prepared(folder)
    seen: dict[str, Path] = {}
    done = 0
    for name, chosen in (("training", training), ("held-out", kept)):
        for file in chosen:
            pixels = _read(file, data, side, seen, found)
            if pixels is not None:
                target = folder / name / file.relative_to(data).with_name(f"{file.name}.png")
                target.parent.mkdir(parents=True, exist_ok=True)
                save(pixels, target)
            done += 1
            on_progress(done, len(files))
    if 0 < _count(folder / "held-out") < FEWEST_HELD_OUT:  # twins and broken files were among them
        _take_back(folder / "held-out", folder / "training")
    found.training = _count(folder / "training")
    found.held_out = _count(folder / "held-out")
    if not found.training:
        raise PictureError(f"None of the {len(files)} files in {data} could be read as a picture.")
    with atomic_write(folder / ACCOUNT) as temporary:
        temporary.write_text(_account(found, _mark(data, files, side, one_in)), encoding="utf-8")
    return found


def prepared(data: Path, folder: Path, side: int, one_in: int) -> Prepared | None:
    """What an earlier call prepared; None where there is nothing.

    Raises:
        SettingsError: it was prepared of other pictures or in another way.
    """
    file = folder / ACCOUNT
    if not file.exists():
        return None
    account = json.loads(file.read_text(encoding="utf-8"))
    if account.pop("mark") != _mark(data, find_pictures(data), side, one_in):
        raise SettingsError(
            f"{folder} was prepared of other pictures, or with another --size, --crop or --held-out; choose "
            "another folder for the results."
        )
    return Prepared(folder, **account)


def _read(file: Path, data: Path, side: int, seen: dict[str, Path], found: Prepared) -> Tensor | None:
    name = file.relative_to(data).as_posix()
    try:
        samples = decode(file, side)
    except PictureError as error:
        found.broken[name] = str(error)
        return None
    digest = hashlib.sha256(bytes(str(samples.shape), "ascii") + samples.numpy().tobytes()).hexdigest()
    if digest in seen:
        found.twins[name] = seen[digest].relative_to(data).as_posix()
        return None
    seen[digest] = file
    found.small += min(samples.shape[-2:]) < side
    return samples[None].float() / 255


def _mark(data: Path, files: Sequence[Path], side: int, one_in: int) -> str:
    """What the preparation depends on: names and sizes of the files, and how they are reduced and parted."""
    facts = [side, one_in, *((file.relative_to(data).as_posix(), file.stat().st_size) for file in files)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _account(found: Prepared, mark: str) -> str:
    facts = {key: value for key, value in vars(found).items() if key != "folder"}
    return json.dumps({"mark": mark, **facts}, ensure_ascii=False, indent=1) + "\n"


def _take_back(held_out: Path, training: Path) -> None:
    for file in sorted(held_out.rglob("*.png")):
        target = training / file.relative_to(held_out)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.png"))
