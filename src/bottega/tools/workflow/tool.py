"""The tool ``workflow``: prepare, train, generate and evaluate, in one command.

The four stages are those of Luo & Tao 2025. Each leaves its results in the folder; finished ones are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import OutputError, SettingsError
from bottega.files import check_writable_folder, write_file
from bottega.generation.settings import GanSettings
from bottega.tools.common.image_sources import check_pictures, file_source
from bottega.tools.common.progress import ProgressReporter, SubProgress
from bottega.tools.common.tool import Tool, ToolResult
from bottega.tools.evaluate.tool import EVALUATE, MATCH
from bottega.tools.generate.condition import requested_condition
from bottega.tools.generate.tool import GENERATE
from bottega.tools.train.settings import fixed_gan_settings, network_name
from bottega.tools.train.train_gan import TRAIN_GAN
from bottega.tools.workflow.settings import WorkflowSettings

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.personalize import Condition
    from bottega.tools.workflow.prepare_data import PreparedData

DEFAULT_ATTRIBUTES = ("palette", "lightness", "contrast", "saturation", "warmth")
"""Without a requested condition, the generated pictures get these attributes of the training pictures."""
STAGES = {
    "prepare": 0.0,
    "measure": 0.03,
    "train": 0.05,
    "generate": 0.88,
    "personalize": 0.9,
    "evaluate": 0.95,
}
"""The stages, with the share of the time that is over when each begins."""
SHEET_COLUMNS = 8
MAX_LISTED_FILES = 5
"""Files that are left out and named one by one."""


def _run(settings: WorkflowSettings, reporter: ProgressReporter) -> ToolResult:
    requested = _requested_condition(settings)
    _check_folders(settings)
    folder = settings.output
    data = _prepare(settings, _stage(reporter, "prepare"))
    training = _training_condition(data, folder / "training.condition.json", _stage(reporter, "measure"))
    model = _train(settings, data, _stage(reporter, "train"))
    condition = folder / "requested.condition.json"
    (requested or training.select(*DEFAULT_ATTRIBUTES)).save(condition)
    pictures = {
        "generated": _generate(settings, model, folder / "generated", None, _stage(reporter, "generate")),
        "personalized": _generate(
            settings,
            model,
            folder / "personalized",
            condition,
            _stage(reporter, "personalize"),
        ),
    }
    rows = _evaluate(settings, data, condition, pictures, reporter)
    sheet = _write_sheet(pictures, folder / "sheet.jpg")
    match = next(row for row in rows if row["metric"] == MATCH)
    return ToolResult(
        f"{model}, {len(pictures['generated'])} generated pictures and their personalized versions are in "
        f"{folder}; their match with the condition is {match['generated']:.2f} as generated, "
        f"{match['personalized']:.2f} personalized.",
        files=(model, sheet, *(folder / f"{name}.html" for name in pictures), condition),
        rows=tuple(rows),
        details={"training": data.training, "held_out": data.held_out, "metrics": rows},
    )


def _check_files(settings: WorkflowSettings) -> None:
    check_pictures(settings.data)
    if settings.condition is not None:
        file_source(settings.condition)


def _stage(reporter: ProgressReporter, name: str) -> SubProgress:
    """The progress of a stage, which names it: ``2 of 6, measure: …``."""
    names = list(STAGES)
    number = names.index(name)
    end = 1.0 if number + 1 == len(names) else STAGES[names[number + 1]]
    return SubProgress(reporter, STAGES[name], end, f"{number + 1} of {len(names)}, {name}")


def _requested_condition(settings: WorkflowSettings) -> Condition | None:
    """The requested condition; rejects one whose match cannot be measured before any work begins."""
    if not (settings.palette or settings.subject or settings.condition):
        return None
    condition = requested_condition(settings)
    if condition is not None and not condition.attribute_names:
        raise SettingsError(
            "The condition requests nothing that is measured; add --palette, --subject, or a condition with "
            "more than styles."
        )
    return condition


def _check_folders(settings: WorkflowSettings) -> None:
    """Create the folder, after checks of what would fail only after an hour of training."""
    from bottega.tools.train.run import choose_destination
    from bottega.tools.workflow.prepare_data import check_folders
    from bottega.training import check_resume_settings

    folder = settings.output
    check_folders(settings.data, folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; give a folder for the results.")
    check_writable_folder(folder.absolute().parent)
    training = _training_settings(settings, settings.data)
    if (folder / "generator.safetensors").exists():
        check_resume_settings(training, folder / "training", fixed_gan_settings())
    else:
        choose_destination(training.model_copy(update={"output": None}), training.name)
    folder.mkdir(exist_ok=True)


def _prepare(settings: WorkflowSettings, reporter: ProgressReporter) -> PreparedData:
    from bottega.tools.workflow.prepare_data import load_prepared, prepare

    side, folder = round(settings.size * (1 + settings.crop)), settings.output / "prepared"

    def progress(done: int, count: int) -> None:
        reporter.progress(done / count, f"{done} of {count} pictures")

    data = load_prepared(settings.data, folder, side, settings.held_out)
    if data is None:
        data = prepare(settings.data, folder, side, settings.held_out, progress)
    for file, reason in list(data.unreadable.items())[:MAX_LISTED_FILES]:
        reporter.note(f"{file} is left out: {reason}")
    for file, original in list(data.duplicates.items())[:MAX_LISTED_FILES]:
        reporter.note(f"{file} is left out: it is the same picture as {original}.")
    for left_out, what in (
        (data.unreadable, "files cannot be read"),
        (data.duplicates, "pictures stand twice"),
    ):
        if len(left_out) > MAX_LISTED_FILES:
            reporter.note(f"{len(left_out) - MAX_LISTED_FILES} more {what} and are left out.")
    if data.small:
        reporter.note(f"{data.small} pictures are smaller than {side} pixels and are enlarged.")
    if not data.held_out:
        reporter.note("There are too few pictures to hold some out; the training set is the reference.")
    return data


def _train(settings: WorkflowSettings, data: PreparedData, reporter: ProgressReporter) -> Path:
    model = settings.output / "generator.safetensors"
    if model.exists():
        reporter.note(f"{model} is trained already.")
    else:
        TRAIN_GAN.run(_training_settings(settings, data.pictures), reporter)
    return model


def _training_settings(settings: WorkflowSettings, data: Path) -> Any:
    from bottega.tools.train.run import unused_name

    name = settings.name
    if not name:
        name = network_name(settings.output.resolve().name)
        name = name if settings.overwrite else unused_name(name)
    gan_settings = settings.model_dump(include=GanSettings.model_fields.keys() & settings.model_fields_set)
    return TRAIN_GAN.configure(
        {
            **gan_settings,
            "data": data,
            "name": name,
            "output": settings.output / "generator.safetensors",
            "run": settings.output / "training",
            "overwrite": settings.overwrite,
            **settings.model_dump(include={"device", "precision", "threads", "tensorboard"}),
        }
    )


def _training_condition(data: PreparedData, file: Path, reporter: ProgressReporter) -> Condition:
    """The mean attributes of the training pictures, measured once."""
    from bottega.personalize import Condition, mean_condition
    from bottega.pictures import load

    if file.exists():
        return Condition.load(file)
    files = sorted(data.pictures.rglob("*.png"))

    def measured() -> Iterator[Tensor]:
        for index, path in enumerate(files):
            yield load(path).pixels
            reporter.progress((index + 1) / len(files), f"{index + 1} of {len(files)} pictures")

    condition = mean_condition(measured())
    condition.save(file)
    return condition


def _generate(
    settings: WorkflowSettings, model: Path, folder: Path, condition: Path | None, reporter: ProgressReporter
) -> list[Path]:
    for old in folder.glob("*.png"):  # of another condition or count
        old.unlink()
    values = {
        "model": str(model),
        "count": settings.samples,
        "output": folder,
        "overwrite": True,
        **settings.model_dump(include={"device", "threads"}),
    }
    if condition is not None:
        values |= {"condition": condition, "strength": settings.strength}
    return list(GENERATE.run(GENERATE.configure(values), reporter).files)


def _evaluate(
    settings: WorkflowSettings,
    data: PreparedData,
    condition: Path,
    pictures: Mapping[str, list[Path]],
    reporter: ProgressReporter,
) -> list[dict[str, Any]]:
    """A report per folder; returns one table of both, with the match first."""
    tables: dict[str, dict[str, Any]] = {}
    for index, name in enumerate(pictures):
        values = {
            "condition": condition,
            "results": settings.output / name,
            "against": data.reference,
            "report": settings.output / f"{name}.html",
            "extractor": settings.extractor,
            "seed": settings.seed,
            "overwrite": True,
        }
        part = SubProgress(_stage(reporter, "evaluate"), index / 2, (index + 1) / 2, name)
        result = EVALUATE.run(EVALUATE.configure(values), part)
        tables[name] = {str(row["metric"]): row["results"] for row in result.rows}
    rows = [
        {"metric": metric, **{name: tables[name].get(metric) for name in pictures}}
        for metric in tables["personalized"]
    ]
    write_file(settings.output / "metrics.json", json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    return rows


def _write_sheet(pictures: Mapping[str, list[Path]], file: Path) -> Path:
    from bottega.pictures import contact_sheet, save

    rows = [[str(path) for path in paths[:SHEET_COLUMNS]] for paths in pictures.values()]
    return save(contact_sheet(rows, title="Generated pictures, and the same personalized", height=128), file)


WORKFLOW = Tool(
    "workflow",
    "From a folder of pictures to new ones in its style: prepare, train, personalize, evaluate.",
    WorkflowSettings,
    _run,
    uses_networks=True,
    check_files=_check_files,
    examples=(
        "workflow --data pictures/ -o mine/ --minutes 60",
        'workflow --data pictures/ --palette "blue,gold" -o blue-and-gold/',
    ),
)
