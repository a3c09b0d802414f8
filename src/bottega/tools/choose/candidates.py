"""The candidates to choose from: a folder of pictures, or those of a generator; and their measured items."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.environment import environment
from bottega.errors import Cancelled, PictureError, SettingsError
from bottega.files import file_sha256, write_file
from bottega.tools.common.progress import ProgressReporter

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.generation import Generator
    from bottega.personalize.preference import Item

HASH_LENGTH = 10
"""Digits of the sha256 in an item's id: a picture that was changed is another item."""

Source = dict[str, str | int]
"""What a preferences file records of its candidates."""


@dataclass(frozen=True)
class FolderPool:
    """The pictures of a folder and its subfolders. An item's id is ``sea/storm.jpg#1f3a9c20b7``."""

    folder: Path

    @cached_property
    def ids(self) -> list[str]:
        from bottega.training import find_pictures

        if not self.folder.is_dir():
            raise PictureError(
                f"The folder of pictures {self.folder} does not exist; if it has moved, give its new "
                "place: bottega choose next PREFERENCES --pictures FOLDER."
            )
        return [
            f"{path.relative_to(self.folder).as_posix()}#{file_sha256(path)[:HASH_LENGTH]}"
            for path in find_pictures(self.folder)
        ]

    @property
    def cache_key(self) -> str:
        """What the cached items depend on."""
        return str(self.folder.resolve())

    def path(self, item_id: str) -> Path:
        """The file of an item."""
        return self.folder / item_name(item_id)

    def picture(self, item_id: str) -> Tensor:
        """``(1, 3, H, W)`` in [0, 1]."""
        from bottega import pictures

        return pictures.composite_on_white(pictures.load(self.path(item_id)))

    def copy(self, item_id: str, folder: Path) -> Path:
        """Copy the file, with hyphens for the folders in its name."""
        target = folder / item_name(item_id).replace("/", "-")
        shutil.copyfile(self.path(item_id), target)
        return target

    def find(self, text: str) -> str:
        """The id of a file, given as a path or by its name in the folder.

        Raises:
            SettingsError: it is not in the folder.
        """
        path = Path(text)
        for item_id in self.ids:
            if item_name(item_id) == path.as_posix() or (path.exists() and self.path(item_id).samefile(path)):
                return item_id
        raise SettingsError(f"{text} is not a picture in {self.folder}, the folder to choose from.")


@dataclass(frozen=True)
class GeneratorPool:
    """Pictures of a generator, one per seed. An item's id is ``17#1f3a9c20b7``: seed and generator."""

    model: str
    count: int
    seed: int
    classes: str
    """As ``--class`` takes them, with commas between several; empty for random ones."""

    @cached_property
    def generator(self) -> Generator:
        from bottega import generation

        return generation.load(self.model)

    @cached_property
    def cache_key(self) -> str:
        """What the cached items depend on: the weights themselves."""
        digest = hashlib.sha256(self.classes.encode())
        for name, tensor in sorted(self.generator.state_dict().items()):
            digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()

    @property
    def ids(self) -> list[str]:
        return [f"{self.seed + index}#{self.cache_key[:HASH_LENGTH]}" for index in range(self.count)]

    def picture(self, item_id: str) -> Tensor:
        """``(1, 3, H, W)`` in [0, 1]."""
        from bottega.generation import sample
        from bottega.tools.generate.samples import parse_classes

        texts = self.classes.split(",") if self.classes else []
        classes = parse_classes(texts, self.generator.classes)
        return sample(self.generator, 1, int(item_name(item_id)), classes)

    def copy(self, item_id: str, folder: Path) -> Path:
        """Write the picture as a PNG."""
        from bottega import pictures

        return pictures.save(self.picture(item_id), folder / f"generated-{item_name(item_id)}.png")

    def find(self, text: str) -> str:
        """Generated pictures have no files.

        Raises:
            SettingsError: always.
        """
        raise SettingsError(f'"{text}" is not on the sheet; give the number of a picture there, 1 to 9.')


Pool = FolderPool | GeneratorPool


def folder_source(folder: Path, preferences: Path) -> Source:
    """What a preferences file records of a folder: its path relative to the file, so that both may move."""
    try:
        path = os.path.relpath(folder.resolve(), preferences.resolve().parent)
    except ValueError:  # two drives
        path = str(folder.resolve())
    return {"folder": Path(path).as_posix()}


def generator_source(pool: GeneratorPool, preferences: Path) -> Source:
    """What a preferences file records of a generator."""
    model = pool.model
    if model.endswith(".safetensors"):
        model = str(folder_source(Path(model), preferences)["folder"])
    return {"model": model, "count": pool.count, "seed": pool.seed, "classes": pool.classes}


def open_pool(source: Mapping[str, str | int], preferences: Path) -> Pool:
    """The candidates that a preferences file records.

    Raises:
        SettingsError: it records none.
    """
    if "folder" in source:
        return FolderPool(preferences.parent / str(source["folder"]))
    if "model" in source:
        model = str(source["model"])
        if model.endswith(".safetensors"):
            model = str(preferences.parent / model)
        return GeneratorPool(model, int(source["count"]), int(source["seed"]), str(source["classes"]))
    raise SettingsError(f"{preferences} does not record where its pictures are.")


def item_name(item_id: str) -> str:
    """An id without its hash."""
    return item_id.rpartition("#")[0]


def read_items(pool: Pool, reporter: ProgressReporter) -> list[Item]:
    """The measured items of a pool, cached between calls; unreadable pictures are noted and left out."""
    from bottega.personalize.preference import Item
    from bottega.personalize.preference.item_reader import READER_VERSION

    key = hashlib.sha256(f"{READER_VERSION} {pool.cache_key}".encode()).hexdigest()[:24]
    cache = environment().cache / "choices" / f"{key}.json"
    items = _load_cache(cache)
    ids = pool.ids
    missing = [item_id for item_id in ids if item_id not in items]
    if missing:
        try:
            for item_id, item in _measure(pool, missing, reporter):
                items[item_id] = item
        finally:  # after Ctrl-C too
            write_file(cache, json.dumps(items), is_result=False)
    return [Item.model_validate(items[item_id]) for item_id in ids if items[item_id] is not None]


def _measure(
    pool: Pool, ids: Sequence[str], reporter: ProgressReporter
) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Items of a pool with their ids, as plain values; None for unreadable pictures."""
    from bottega.personalize.preference.item_reader import ItemReader

    reader = ItemReader()
    for index, item_id in enumerate(ids):
        reporter.progress(index / len(ids), f"analyzing {item_name(item_id)}")
        if reporter.cancelled():
            raise Cancelled("Stopped; no preferences were written.")
        try:
            item = reader.read(item_id, pool.picture(item_id)).model_dump(mode="json")
        except PictureError as error:
            reporter.note(f"Left out: {error}")
            item = None
        yield item_id, item


def _load_cache(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
