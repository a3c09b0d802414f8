"""The tool ``train gan``: a generator from a folder of pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import Cancelled
from bottega.generate.settings import ANSWERS
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult
from bottega.tools.train.settings import TrainFiles, TrainGanSettings
from bottega.version import __version__

if TYPE_CHECKING:
    from bottega.generate import Generator
    from bottega.generate.training import Material
    from bottega.tools.train.destination import Place
    from bottega.training import Trainer

LICENCE = "yours, as far as the pictures allow"
NOT_SAID = {"data", "attributes"}
"""Paths: they may change, and stand in no file that is passed on."""
SHOWN = 8
"""Pictures that are shown beside their nearest training pictures."""


def _run(settings: TrainGanSettings, report: ProgressReporter) -> ToolResult:
    from bottega import runtime
    from bottega.generate.training import best_generator, prepare, read_material
    from bottega.tools.train.destination import find_place
    from bottega.training import check_resume_settings, process_context

    settings.check()
    place = find_place(settings, f"{settings.data.name or 'pictures'}-{settings.size}")
    check_resume_settings(settings, place.run, fixed_settings())
    runtime.set_threads(settings.threads)
    material = read_material(
        settings.data,
        settings.size,
        crop=settings.crop,
        classes=settings.classes,
        attributes=settings.attributes,
        on_progress=lambda done, count: report.progress(0.0, f"reading pictures, {done} of {count}"),
    )
    _say(material, report)
    here = process_context(settings.device, settings.precision)
    loop = prepare(settings, material, place.run, here=here, tell=report.note)
    _conduct(settings, loop, place, report)
    generator, found = best_generator(loop)
    return _kept(settings, loop, generator, found, material, place)


def fixed_settings() -> list[str]:
    """Settings that belong to a run: with others nothing can go on there."""
    fields = TrainGanSettings.model_fields.keys() - TrainFiles.model_fields.keys()
    return sorted(fields - set(ANSWERS) - NOT_SAID)


def _say(material: Material, report: ProgressReporter) -> None:
    for file, reason in material.pictures.broken[:5]:
        report.note(f"{file} is left out: {reason}")
    if len(material.pictures.broken) > 5:
        report.note(f"{len(material.pictures.broken) - 5} more files are left out.")
    count = len(material.pictures)
    classes = f" in {len(material.classes)} classes" if material.classes else ""
    few = " Of fewer than 150 a generator often copies; look at twins.jpg." if count < 150 else ""
    report.note(f"Learning from {count} pictures{classes}.{few}")


def _conduct(settings: TrainGanSettings, loop: Trainer, place: Place, report: ProgressReporter) -> None:
    """Train, or go on, telling how it goes.

    Raises:
        Cancelled: by Ctrl-C or the report; what was learned is kept, and the sentence says how to go on.
    """
    from bottega.generate import save
    from bottega.generate.training import best_generator
    from bottega.tools.train.gan_sheets import samples_sheet
    from bottega.tools.train.progress import Told, curves
    from bottega.training.checkpoint import SETTINGS_FILE

    told = Told(report, lambda: samples_sheet(loop), place.preview, settings.preview_every)
    loop.callbacks = (*loop.callbacks, told, *curves(settings))
    (place.run / SETTINGS_FILE).write_text(settings.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if loop.resume():
        report.note(f"Going on from {place.run}, after {loop.global_step} steps.")
    try:
        loop.train()
    except (Cancelled, KeyboardInterrupt):
        if loop.global_step == 0:
            raise Cancelled("Stopped before the first step; nothing was learned yet.") from None
        unfinished = place.run / "unfinished.safetensors"
        save(best_generator(loop)[0], unfinished)
        raise Cancelled(
            f"Stopped after {loop.global_step} steps; the same command goes on from {place.run}. "
            f"What was learned so far is {unfinished}."
        ) from None


def _kept(
    settings: TrainGanSettings,
    loop: Trainer,
    generator: Generator,
    found: dict[str, float],
    material: Material,
    place: Place,
) -> ToolResult:
    from bottega import encoders, pictures, weights
    from bottega.generate import described, save
    from bottega.tools.train.gan_sheets import drafts_sheet, twins_sheet

    pictures.save(drafts_sheet(generator), place.preview)
    sheet, near = twins_sheet(generator, material, encoders.load(settings.encoder), SHOWN)
    twins = pictures.save(sheet, place.run / "twins.jpg")
    figures = {key: round(value, 4) for key, value in {**found, "near_twins": near}.items()}
    facts: dict[str, Any] = {
        "pictures": len(material.pictures),
        "classes": list(material.classes),
        "attributes": list(material.attributes),
        "steps": loop.global_step,
        "minutes": round(loop.seconds / 60, 2),
        "figures": figures,
        "bottega": __version__,
        "training": json.loads(settings.model_dump_json(include=set(_learned(settings)))),
    }
    made = weights.shelve(
        place.name,
        generator.state_dict(),
        described(generator, facts),
        kind="generator",
        architecture=described(generator)["architecture"],
        licence=LICENCE,
        origin=f"Trained by its owner on {len(material.pictures)} pictures, {loop.global_step} steps.",
        summary=f"{settings.network} generator, {settings.size} × {settings.size}",
        figures={"steps": loop.global_step, "minutes": facts["minutes"], **figures},
    )
    files: list[Path] = [weights.path(made.name), place.preview, twins]
    if settings.output is not None:
        save(generator, settings.output, facts)
        files.insert(0, settings.output)
    ended = " It ended early." if loop.schedule.steps > loop.global_step else ""
    return ToolResult(
        f"{place.name} is on your shelf ({loop.global_step} steps, {facts['minutes']:.1f} minutes).{ended} "
        f"Draw with: bottega generate --model {place.name} --sheet",
        files=tuple(files),
        details={"name": place.name, "facts": facts},
    )


def _learned(settings: TrainGanSettings) -> list[str]:
    return sorted(type(settings).model_fields.keys() - TrainFiles.model_fields.keys() - NOT_SAID)


TRAIN_GAN = Tool(
    "train gan",
    "Train a generator on a folder of pictures, for drafts from noise.",
    TrainGanSettings,
    _run,
    uses_networks=True,
)
