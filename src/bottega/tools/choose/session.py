"""A profile on the desk: the taste in the file, the pool that it chooses from, and its numbered sheets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bottega.errors import OutputError, SettingsError
from bottega.tools.choose.candidates import DraftPool, FolderPool, Pool
from bottega.tools.common.output_paths import check_output
from bottega.tools.common.progress import ProgressReporter

if TYPE_CHECKING:
    from bottega.personalize.preference import Item, PreferenceModel, Presentation
    from bottega.tools.choose.settings import SheetSettings

NINE = 9
IN_A_ROW = 3


@dataclass(frozen=True)
class Desk:
    """One profile file and what belongs to it."""

    path: Path
    taste: PreferenceModel
    pool: Pool

    @classmethod
    def open(cls, path: Path, pictures: Path | None = None) -> Desk:
        """The desk of a profile file; ``pictures`` is where its folder is now.

        Raises:
            SettingsError: no profile, or a damaged one.
        """
        from bottega.personalize.preference import PreferenceModel

        taste = PreferenceModel.load(path)
        if pictures is not None:
            taste.source = folder_source(pictures, path)
        return cls(path, taste, _pool_of(taste, path))

    @property
    def sheets(self) -> list[Presentation]:
        """What was shown on each sheet, the first first."""
        return [event for event in self.taste.events if event.kind == "presentation"]

    def propose(self, items: list[Item], settings: SheetSettings) -> Path:
        """Write the next sheet and remember it in the profile; returns the sheet's file.

        Raises:
            SettingsError: every picture has been shown.
            OutputError: the sheet cannot be written.
        """
        from bottega import pictures

        number = len(self.sheets) + 1
        file = settings.sheet or self.path.with_name(f"{self.path.stem}-{number}.jpg")
        check_output(file, [], overwrite=settings.overwrite)
        shown = self.taste.propose(items, NINE, explore=settings.explore)
        tiles = [self.pool.picture(item.id) for item in shown]
        rows = [tiles[start : start + IN_A_ROW] for start in range(0, len(tiles), IN_A_ROW)]
        labels = [
            [str(start + place + 1) for place in range(len(row))]
            for start, row in zip(range(0, len(tiles), IN_A_ROW), rows, strict=True)
        ]
        title = f"{self.path.stem}, sheet {number}: which do you like best?"
        pictures.save(pictures.contact_sheet(rows, labels, title=title, height=settings.height), file)
        self.taste.log_shown(shown)
        self.taste.save(self.path)
        return file

    def sheet(self, number: int | None) -> tuple[int, list[Item]]:
        """A sheet, the latest without a number: its number, and the items on it.

        Raises:
            SettingsError: there is none.
        """
        count = len(self.sheets)
        if not count:
            raise SettingsError(f"There is no sheet yet; bottega choose next {self.path} makes one.")
        if number is not None and number > count:
            raise SettingsError(f"There is no sheet {number}; there are 1 to {count}.")
        which = count if number is None else number
        return which, [self.taste.items[name] for name in self.sheets[which - 1].items]

    def item(self, word: str, sheet: int | None, report: ProgressReporter) -> tuple[Item, str]:
        """An item by its number on a sheet, or by its file; and how to call it.

        Raises:
            SettingsError: it is neither.
        """
        from bottega.tools.choose.candidates import read_items

        if word.isdecimal():
            number, items = self.sheet(sheet)
            return on_sheet(items, int(word), number), f"picture {int(word)} of sheet {number}"
        name = self.pool.named(word)
        if name in self.taste.items:
            return self.taste.items[name], plain(name)
        found = {item.id: item for item in read_items(self.pool, report)}
        if name not in found:
            raise SettingsError(f"{word} cannot be read as a picture.")
        return found[name], plain(name)


def on_sheet(items: list[Item], number: int, sheet: int) -> Item:
    """The item with a number.

    Raises:
        SettingsError: there is none.
    """
    if not 1 <= number <= len(items):
        raise SettingsError(f"There is no picture {number} on sheet {sheet}; it has 1 to {len(items)}.")
    return items[number - 1]


def plain(name: str) -> str:
    """An item's name without its signs."""
    return name.rpartition("#")[0]


def folder_source(folder: Path, profile: Path) -> dict[str, str | int]:
    """What the profile remembers of a folder: the way to it from the profile, so that both may move."""
    try:
        way = os.path.relpath(folder.resolve(), profile.resolve().parent)
    except ValueError:  # two drives
        way = str(folder.resolve())
    return {"folder": Path(way).as_posix()}


def draft_source(model: str, count: int, seed: int, like: str, profile: Path) -> dict[str, str | int]:
    """What the profile remembers of a generator."""
    if model.endswith(".safetensors"):
        model = str(folder_source(Path(model), profile)["folder"])
    return {"model": model, "count": count, "seed": seed, "like": like}


def _pool_of(taste: PreferenceModel, profile: Path) -> Pool:
    source = taste.source
    if "folder" in source:
        return FolderPool(profile.parent / str(source["folder"]))
    if "model" in source:
        model = str(source["model"])
        if model.endswith(".safetensors"):
            model = str(profile.parent / model)
        return DraftPool(model, int(source["count"]), int(source["seed"]), str(source["like"]))
    raise SettingsError(f"The profile {profile} does not say what there is to choose from.")


def check_profile(path: Path, overwrite: bool) -> None:
    """Refuse a profile that could not be written.

    Raises:
        OutputError: not ``.json``, there already, or no folder for it.
    """
    from bottega.files import check_writable_folder

    if path.suffix.lower() != ".json":
        raise OutputError(f"{path}: profiles are written as .json.")
    check_writable_folder(path.parent)
    if path.exists() and not overwrite:
        raise OutputError(f"{path} already exists; go on with choose next, or add --overwrite to begin anew.")
