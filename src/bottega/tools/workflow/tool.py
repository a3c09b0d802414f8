"""The tool ``workflow``: prepare, train, personalise and evaluate, in one command.

The four stages are those of Luo & Tao 2025. Each leaves its results in the folder, and is skipped where they
are there already.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import OutputError, SettingsError
from bottega.files import check_writable_folder
from bottega.generate.settings import GanSettings
from bottega.tools.common.progress import ProgressReporter, SubProgress
from bottega.tools.common.tool import Tool, ToolResult
from bottega.tools.evaluate.tool import EVALUATE
from bottega.tools.generate.condition import wished
from bottega.tools.generate.tool import GENERATE
from bottega.tools.train.settings import fixed_gan_settings, network_name
from bottega.tools.train.train_gan import TRAIN_GAN
from bottega.tools.workflow.settings import WorkflowSettings

if TYPE_CHECKING:
    from bottega.personalize import Condition
    from bottega.tools.workflow.prepare_data import Prepared

USUAL_WISH = ("palette", "lightness", "contrast", "saturation", "warmth")
"""What drafts are bent to where nothing is wished for: colours and light of the pictures themselves."""
SHOWN = 8


def _run(settings: WorkflowSettings, report: ProgressReporter) -> ToolResult:
    own = _wish(settings)
    _open(settings)
    folder = settings.output
    found = _prepare(settings, SubProgress(report, 0.0, 0.04, "prepare"))
    model = _train(settings, found, SubProgress(report, 0.04, 0.88, "train"))
    wish = folder / "wish.json"
    usual = _profile(found, folder / "profile.json")
    (own or usual.select(*USUAL_WISH)).save(wish)
    drafts = _draw(settings, model, folder / "drafts", SubProgress(report, 0.88, 0.9, "draw"))
    bent = _draw(
        settings, model, folder / "personalised", SubProgress(report, 0.9, 0.96, "personalise"), wish
    )
    rows = _evaluate(settings, found, wish, {"drafts": drafts, "personalised": bent}, report)
    sheet = _sheet(drafts, bent, folder / "sheet.jpg")
    match = next(row for row in rows if row["measure"] == "personalisation match")
    return ToolResult(
        f"{model}, {len(drafts)} drafts and their personalised versions are in {folder}; what was wished for "
        f"is met to {match['drafts']:.2f} by the drafts, to {match['personalised']:.2f} when personalised.",
        files=(model, sheet, folder / "drafts.html", folder / "personalised.html", wish),
        rows=tuple(rows),
        details={"training": found.training, "held_out": found.held_out, "figures": rows},
    )


def _wish(settings: WorkflowSettings) -> Condition | None:
    """What is wished for, refused before anything is made where nothing could measure whether it is met."""
    if not (settings.palette or settings.subject or settings.wish):
        return None
    found = wished(settings)
    if found is not None and not found.attribute_names:
        raise SettingsError(
            "What is wished for is not measured, so no figure could say whether it is met; add --palette, "
            "--subject, or a profile with more than styles."
        )
    return found


def _open(settings: WorkflowSettings) -> None:
    """Make the folder, and refuse what would fail after an hour's training."""
    from bottega.tools.train.run import choose_destination
    from bottega.tools.workflow.prepare_data import check_pictures
    from bottega.training import check_resume_settings

    folder = settings.output
    check_pictures(settings.data, folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; name a folder for the results.")
    check_writable_folder(folder.absolute().parent)
    training = _training(settings, settings.data)
    if (folder / "generator.safetensors").exists():
        check_resume_settings(training, folder / "training", fixed_gan_settings())
    else:
        choose_destination(training.model_copy(update={"output": None}), training.name)
    folder.mkdir(exist_ok=True)


def _prepare(settings: WorkflowSettings, report: ProgressReporter) -> Prepared:
    from bottega.tools.workflow.prepare_data import prepare, prepared

    side, folder = round(settings.size * (1 + settings.crop)), settings.output / "prepared"
    found = prepared(settings.data, folder, side, settings.held_out)
    if found is None:
        tell = lambda done, count: report.progress(done / count, f"{done} of {count} pictures")  # noqa: E731
        found = prepare(settings.data, folder, side, settings.held_out, tell)
    for file, reason in list(found.broken.items())[:5]:
        report.note(f"{file} is left out: {reason}")
    for file, twin in list(found.twins.items())[:5]:
        report.note(f"{file} is left out: it is the same picture as {twin}.")
    if found.small:
        report.note(f"{found.small} pictures are smaller than {side} pixels and will be enlarged.")
    if not found.held_out:
        report.note("There are too few pictures to keep some back; results are judged by those that trained.")
    return found


def _train(settings: WorkflowSettings, found: Prepared, report: ProgressReporter) -> Path:
    model = settings.output / "generator.safetensors"
    if model.exists():
        report.note(f"{model} is trained already.")
    else:
        TRAIN_GAN.run(_training(settings, found.pictures), report)
    return model


def _training(settings: WorkflowSettings, data: Path) -> Any:
    chosen = settings.model_dump(include=GanSettings.model_fields.keys() & settings.model_fields_set)
    return TRAIN_GAN.configure(
        {
            **chosen,
            "data": data,
            "name": settings.name or network_name(settings.output.resolve().name),
            "output": settings.output / "generator.safetensors",
            "run": settings.output / "training",
            "overwrite": settings.overwrite,
            **_machine(settings, "device", "precision", "threads", "tensorboard"),
        }
    )


def _machine(settings: WorkflowSettings, *names: str) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in names}


def _profile(found: Prepared, file: Path) -> Any:
    """What the training pictures have in common, read once."""
    from bottega.personalize import Condition, mean_condition
    from bottega.pictures import load

    if file.exists():
        return Condition.load(file)
    profile = mean_condition(load(path).pixels for path in sorted(found.pictures.rglob("*.png")))
    profile.save(file)
    return profile


def _draw(
    settings: WorkflowSettings, model: Path, folder: Path, report: ProgressReporter, wish: Path | None = None
) -> list[Path]:
    for stale in folder.glob("*.png"):  # of an earlier wish or another count
        stale.unlink()
    values = {
        "model": str(model),
        "count": settings.drafts,
        "output": folder,
        "overwrite": True,
        **_machine(settings, "device", "threads"),
    }
    if wish is not None:
        values |= {"wish": wish, "strength": settings.strength}
    return list(GENERATE.run(GENERATE.configure(values), report).files)


def _evaluate(
    settings: WorkflowSettings,
    found: Prepared,
    wish: Path,
    made: dict[str, list[Path]],
    report: ProgressReporter,
) -> list[dict[str, Any]]:
    """A page for each folder; one table of both, the match with the wish first."""
    from bottega.files import atomic_write

    tables: dict[str, dict[str, Any]] = {}
    for number, name in enumerate(made):
        values = {
            "wish": wish,
            "results": settings.output / name,
            "against": found.reference,
            "report": settings.output / f"{name}.html",
            "extractor": settings.extractor,
            "seed": settings.seed,
            "overwrite": True,
        }
        stage = SubProgress(report, 0.96 + 0.02 * number, 0.98 + 0.02 * number, "evaluate")
        outcome = EVALUATE.run(EVALUATE.configure(values), stage)
        tables[name] = {str(row["measure"]): row["results"] for row in outcome.rows}
    rows = [
        {"measure": measure, **{name: tables[name].get(measure) for name in made}}
        for measure in tables["personalised"]
    ]
    with atomic_write(settings.output / "figures.json") as temporary:
        temporary.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return rows


def _sheet(drafts: list[Path], bent: list[Path], file: Path) -> Path:
    from bottega import pictures

    rows = [[str(path) for path in paths[:SHOWN]] for paths in (drafts, bent)]
    title = "Drafts, and the same personalised"
    return pictures.save(pictures.contact_sheet(rows, title=title, height=128), file)


WORKFLOW = Tool(
    "workflow",
    "From a folder of pictures to drafts in your manner: prepare, train, personalise, evaluate.",
    WorkflowSettings,
    _run,
    uses_networks=True,
)
