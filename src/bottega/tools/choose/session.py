"""A preferences file in use: its model, its candidates and its numbered contact sheets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bottega.errors import SettingsError
from bottega.tools.choose.candidates import Pool, folder_source, item_name, open_pool, read_items
from bottega.tools.common.contact_sheet import full_rows
from bottega.tools.common.output_paths import check_output, unused_path
from bottega.tools.common.progress import ProgressReporter

if TYPE_CHECKING:
    from bottega.personalize.preference import Item, PreferenceModel, Presentation
    from bottega.tools.choose.settings import SheetSettings

SHEET_SIZE, SHEET_COLUMNS = 9, 3


@dataclass(frozen=True)
class PreferenceSession:
    """A preferences file, its model, and the candidates that it chooses from."""

    path: Path
    model: PreferenceModel
    pool: Pool

    @classmethod
    def open(cls, path: Path, pictures: Path | None = None) -> PreferenceSession:
        """The session of a preferences file; ``pictures`` is the new place of its folder.

        Raises:
            SettingsError: the file is missing or damaged.
        """
        from bottega.personalize.preference import PreferenceModel

        model = PreferenceModel.load(path)
        if pictures is not None:
            model.source = folder_source(pictures, path)
        return cls(path, model, open_pool(model.source, path))

    @property
    def name(self) -> str:
        """``likes`` of ``likes.preferences.json``, for the names of sheets."""
        return self.path.name.split(".")[0]

    @property
    def sheets(self) -> list[Presentation]:
        """What each sheet showed, in their order."""
        return [event for event in self.model.events if event.kind == "presentation"]

    def write_sheet(self, items: list[Item], settings: SheetSettings) -> Path:
        """Write the next sheet and log it in the file; returns the file of the sheet.

        Raises:
            SettingsError: every picture has been shown.
            OutputError: the sheet cannot be written.
        """
        from bottega import pictures

        number = len(self.sheets) + 1
        file = settings.sheet or self.path.with_name(f"{self.name}-{number}.jpg")
        if settings.sheet is None and not settings.overwrite:
            file = unused_path(file)
        check_output(file, [], overwrite=settings.overwrite)
        proposal = self.model.propose(items, SHEET_SIZE, explore=settings.explore)
        tiles = [self.pool.picture(item.id) for item in proposal]
        labels = [str(index + 1) for index in range(len(tiles))]
        sheet = pictures.contact_sheet(
            full_rows(tiles, SHEET_COLUMNS),
            full_rows(labels, SHEET_COLUMNS),
            title=f"{self.name}, sheet {number}: which do you like best?",
            height=settings.height,
        )
        pictures.save(sheet, file)
        self.model.log_shown(proposal)
        self.model.save(self.path)
        return file

    def sheet(self, number: int | None) -> tuple[int, list[Item]]:
        """The number and the items of a sheet, of the latest without a number.

        Raises:
            SettingsError: the sheet does not exist.
        """
        count = len(self.sheets)
        if not count:
            raise SettingsError(f"No sheet exists yet; bottega choose next {self.path} makes one.")
        if number is not None and number > count:
            raise SettingsError(f"Sheet {number} does not exist; the sheets are 1 to {count}.")
        number = number or count
        return number, [self.model.items[item_id] for item_id in self.sheets[number - 1].items]

    def item(self, text: str, sheet: int | None, reporter: ProgressReporter) -> tuple[Item, str]:
        """An item by its number on a sheet or by its file, and its name for messages.

        Raises:
            SettingsError: the item does not exist.
        """
        if text.isdecimal():
            number, items = self.sheet(sheet)
            return item_on_sheet(items, int(text), number), f"picture {int(text)} of sheet {number}"
        item_id = self.pool.find(text)
        if item_id in self.model.items:
            return self.model.items[item_id], item_name(item_id)
        for item in read_items(self.pool, reporter):
            if item.id == item_id:
                return item, item_name(item_id)
        raise SettingsError(f"{text} cannot be read as a picture.")


def item_on_sheet(items: list[Item], number: int, sheet: int) -> Item:
    """The item with a number on a sheet.

    Raises:
        SettingsError: the number does not exist.
    """
    if not 1 <= number <= len(items):
        raise SettingsError(f"Picture {number} does not exist on sheet {sheet}; it has 1 to {len(items)}.")
    return items[number - 1]
