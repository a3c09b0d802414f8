"""The tool ``choose export``: liked pictures to train on, a condition, a copy of the profile."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import OutputError, SettingsError
from bottega.files import check_writable_folder
from bottega.tools.choose.candidates import copy_all, read_items
from bottega.tools.choose.session import Desk
from bottega.tools.choose.settings import ExportSettings
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult

if TYPE_CHECKING:
    from bottega.personalize.preference import PreferenceModel

FEW = 50
"""Below so many pictures a generator that is trained on them copies them."""


def export(settings: ExportSettings, report: ProgressReporter) -> ToolResult:
    """All that was asked for, checked before anything is written.

    Raises:
        SettingsError: nothing was asked for, or there is nothing to export.
        OutputError: it cannot be written there.
    """
    if settings.liked is None and settings.condition is None and settings.output is None:
        raise SettingsError("Say what to export: --liked folder, --condition file.json, or -o copy.json.")
    if settings.predicted and settings.liked is None:
        raise SettingsError("--predicted adds to --liked; say where the pictures are to go: --liked folder.")
    desk = Desk.open(settings.profile)
    taste = desk.taste if settings.revision is None else desk.taste.at_revision(settings.revision)
    _check(settings)
    condition = None if settings.condition is None else condition_of(taste)
    told: list[str] = []
    files: list[Path] = []
    if settings.liked is not None:
        copies = _copy_liked(desk, taste, settings.liked, settings.predicted, report)
        files += copies
        told.append(_told_of_copies(settings.liked, len(copies)))
    if settings.condition is not None and condition is not None:
        from bottega.personalize.condition import Condition

        files.append(Condition(**condition).save(settings.condition))
        told.append(
            f"{settings.condition} asks for {', '.join(name.replace('_', ' ') for name in condition)}."
        )
    if settings.output is not None:
        files.append(taste.save(settings.output))
        told.append(f"{settings.output} is the profile at revision {taste.revision}.")
    return ToolResult(" ".join(told), files=tuple(files), details={"revision": taste.revision})


def condition_of(taste: PreferenceModel) -> dict[str, Any]:
    """The known favours as fields of a condition.

    Raises:
        SettingsError: nothing is known yet that a condition can ask for.
    """
    from bottega.personalize.condition import ATTRIBUTES

    known = {favour.trait: favour.value for favour in taste.explain().significant}
    found: dict[str, Any] = {}
    for name, attribute in ATTRIBUTES.items():
        if name in known:
            found[name] = min(max(known[name], attribute.low), attribute.high)
    if "subject_x" in known or "subject_y" in known:
        middle = {trait.name: taste.space.to_trait_unit(n, 0) for n, trait in enumerate(taste.space.traits)}
        place = (known.get(name, middle[name]) for name in ("subject_x", "subject_y"))
        found["subject"] = tuple(min(max(value, 0.0), 1.0) for value in place)
    if not found:
        raise SettingsError(
            "Too little is known yet of what you favour to ask for it; a few more choices will tell."
        )
    return found


def _copy_liked(
    desk: Desk, taste: PreferenceModel, folder: Path, predicted: int, report: ProgressReporter
) -> list[Path]:
    names = [item.id for item in taste.liked()]
    if predicted:
        items = [item for item in read_items(desk.pool, report) if item.id not in taste.items]
        means = dict(zip((item.id for item in items), taste.utility(items)[0], strict=True))
        names += sorted(means, key=lambda name: -means[name])[:predicted]
    if not names:
        raise SettingsError("Nothing is liked yet: pick from a sheet, rate 4 or 5, or star a picture first.")
    # All or nothing: a folder that is there is whole.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        copies = copy_all(desk.pool, names, Path(temporary))
        folder.mkdir(exist_ok=True)
        return [copy.replace(folder / copy.name) for copy in copies]


def _told_of_copies(folder: Path, count: int) -> str:
    told = (
        f"{folder} holds {count} pictures; a generator learns from them: "
        f"bottega train gan --data {folder} --base NAME."
    )
    if count < FEW:
        told += (
            f" Of fewer than {FEW} a generator mostly makes copies; more choices or --predicted bring more."
        )
    return told


def _check(settings: ExportSettings) -> None:
    for path in (settings.condition, settings.output):
        if path is None:
            continue
        if path.suffix.lower() != ".json":
            raise OutputError(f"{path}: profiles are written as .json.")
        check_writable_folder(path.parent)
        if path.exists() and path.samefile(settings.profile):
            raise OutputError(f"{path} is the profile itself and is kept; choose another name.")
        if path.exists() and not settings.overwrite:
            raise OutputError(f"{path} already exists; choose another name, or add --overwrite.")
    folder = settings.liked
    if folder is not None:
        check_writable_folder(folder.parent)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not settings.overwrite:
            raise OutputError(f"{folder} is there and not empty; choose a new folder, or add --overwrite.")
