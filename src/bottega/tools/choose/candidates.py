"""What there is to choose from: a folder of pictures, or drafts of a generator; and their items."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.environment import environment
from bottega.errors import Cancelled, PictureError, SettingsError
from bottega.tools.common.progress import ProgressReporter

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.generate import Generator
    from bottega.personalize.preference import Item

SIGNS = 10
"""Of a sha256, behind the name of a picture: one that has been painted over is another one to choose."""


@dataclass(frozen=True)
class FolderPool:
    """The pictures of a folder and the folders in it. An item is ``sea/storm.jpg#1f3a9c20b7``."""

    folder: Path

    @cached_property
    def names(self) -> list[str]:
        from bottega.files import file_sha256
        from bottega.training import find_pictures

        if not self.folder.is_dir():
            raise PictureError(
                f"There is no folder {self.folder} to choose from; if it has moved, say where to: "
                "bottega choose next PROFILE --pictures FOLDER."
            )
        files = find_pictures(self.folder)
        return [f"{path.relative_to(self.folder).as_posix()}#{file_sha256(path)[:SIGNS]}" for path in files]

    @property
    def key(self) -> str:
        """What the kept items depend on."""
        return str(self.folder.resolve())

    def path(self, name: str) -> Path:
        """The file of an item."""
        return self.folder / name.rpartition("#")[0]

    def picture(self, name: str) -> Tensor:
        """``(1, 3, H, W)`` in [0, 1]."""
        from bottega import pictures

        return pictures.load(self.path(name)).pixels

    def copy(self, name: str, folder: Path) -> Path:
        """The file itself, byte by byte, under a name without folders."""
        source = self.path(name)
        target = folder / source.relative_to(self.folder).as_posix().replace("/", "-")
        shutil.copyfile(source, target)
        return target

    def named(self, word: str) -> str:
        """The item of a file, given as a path or as its name in the folder.

        Raises:
            SettingsError: it is not in the folder.
        """
        given = Path(word)
        for name in self.names:
            path = self.path(name)
            if name.rpartition("#")[0] == given.as_posix() or (given.exists() and path.samefile(given)):
                return name
        raise SettingsError(f"{word} is no picture in {self.folder}, which this profile chooses from.")


@dataclass(frozen=True)
class DraftPool:
    """Drafts of a generator, one for each seed. An item is ``17#1f3a9c20b7``: a seed and the generator."""

    model: str
    count: int
    seed: int
    like: str

    @cached_property
    def generator(self) -> Generator:
        from bottega import generate

        return generate.load(self.model)

    @cached_property
    def key(self) -> str:
        """What the kept items depend on: the weights themselves."""
        whole = hashlib.sha256(self.like.encode())
        for name, tensor in sorted(self.generator.state_dict().items()):
            whole.update(name.encode() + tensor.contiguous().numpy().tobytes())
        return whole.hexdigest()

    @property
    def names(self) -> list[str]:
        return [f"{self.seed + number}#{self.key[:SIGNS]}" for number in range(self.count)]

    def picture(self, name: str) -> Tensor:
        """``(1, 3, H, W)`` in [0, 1]."""
        from bottega.generate import sample

        return sample(self.generator, 1, seed=int(name.partition("#")[0]), classes=self.like or None)

    def copy(self, name: str, folder: Path) -> Path:
        """The draft as a PNG."""
        from bottega import pictures

        return pictures.save(self.picture(name), folder / f"draft-{name.partition('#')[0]}.png")

    def named(self, word: str) -> str:
        """Drafts have no files.

        Raises:
            SettingsError: always.
        """
        raise SettingsError(f'"{word}" is not on the sheet; drafts are named by their number there, 1 to 9.')


Pool = FolderPool | DraftPool


def read_items(pool: Pool, report: ProgressReporter) -> list[Item]:
    """The items of a pool; broken pictures are noted and left out. What was read is kept in the cache."""
    from bottega.personalize.preference import Item

    kept = _kept_file(pool)
    known = _load(kept)
    names = pool.names
    missing = [name for name in names if name not in known]
    if missing:
        known |= _read(pool, missing, report)
        _keep(kept, known)
    return [Item.model_validate(known[name]) for name in names if known[name] is not None]


def _read(pool: Pool, names: Sequence[str], report: ProgressReporter) -> dict[str, Any]:
    from bottega.personalize.preference.item_reader import ItemReader

    reader = ItemReader()
    found: dict[str, Any] = {}
    for number, name in enumerate(names):
        report.progress(number / len(names), f"looking at {name.rpartition('#')[0]}")
        if report.cancelled():
            raise Cancelled("Stopped; no profile was written.")
        try:
            found[name] = reader.read(name, pool.picture(name)).model_dump(mode="json")
        except PictureError as error:
            report.note(f"Left out: {error}")
            found[name] = None
    return found


def _kept_file(pool: Pool) -> Path:
    from bottega.personalize.preference.item_reader import READER_VERSION

    key = hashlib.sha256(f"{READER_VERSION} {pool.key}".encode()).hexdigest()[:24]
    return environment().cache / "choices" / f"{key}.json"


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _keep(path: Path, items: dict[str, Any]) -> None:
    from bottega.files import atomic_write

    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(items), encoding="utf-8")


def copy_all(pool: Pool, names: Iterable[str], folder: Path) -> list[Path]:
    """Copies of pictures in a folder."""
    return [pool.copy(name, folder) for name in names]
