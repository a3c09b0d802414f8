"""Conduct a training: go on where it stopped, tell how it goes, keep what was learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bottega import encoders, pictures, runtime, weights
from bottega.errors import Cancelled
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.train.destination import Place
from bottega.tools.train.progress import Told, curves, sheet_drawer
from bottega.tools.train.settings import TrainPhotos, TrainSettings
from bottega.training import Trainer, check_resume_settings, process_context
from bottega.training.checkpoint import SETTINGS_FILE
from bottega.transfer.feedforward import save
from bottega.transfer.training.fit import Photographs, photographs, prepare, take_best
from bottega.transfer.training.settings import ANSWERS
from bottega.transfer.training.tasks import Goal
from bottega.version import __version__


def conduct(
    settings: TrainSettings, goal: Goal, place: Place, learned: Photographs, report: ProgressReporter
) -> tuple[Trainer, dict[str, Any]]:
    """Train, or go on; the network then has its best weights.

    Returns:
        The loop, and facts about the training for the network's file.

    Raises:
        Cancelled: by Ctrl-C or the report; what there is has been kept, and the sentence says how to go on.
        SettingsError: the folder holds another training.
    """
    fixed = type(settings).model_fields.keys() - TrainPhotos.model_fields.keys() - set(ANSWERS)
    check_resume_settings(settings, place.run, sorted(fixed))
    runtime.set_threads(settings.threads)
    here = process_context(settings.device, settings.precision)
    encoder = encoders.load(settings.encoder)
    loop = prepare(settings, goal, encoder, learned, place.run, here=here)
    sheet = sheet_drawer(goal, learned, here.device)
    told = Told(report, sheet, place.preview, settings.preview_every)
    loop.callbacks = (*loop.callbacks, told, *curves(settings))
    (place.run / SETTINGS_FILE).write_text(settings.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if loop.resume():
        report.note(f"Going on from {place.run}, after {loop.global_step} steps.")
    try:
        loop.train()
    except (Cancelled, KeyboardInterrupt):
        raise Cancelled(_kept(loop, place)) from None
    found = take_best(loop)
    pictures.save(sheet(), place.preview)
    return loop, {
        "photographs": len(learned.training),
        "steps": loop.global_step,
        "minutes": round(loop.seconds / 60, 2),
        "losses": found,
        "encoder": settings.encoder,
        "encoder_sha256": weights.entry(settings.encoder).sha256,
        "bottega": __version__,
        "training": settings.model_dump(mode="json", include=set(fixed) | set(ANSWERS)),
    }


def _kept(loop: Trainer, place: Place) -> str:
    """Keeps what was learned, and says how to go on."""
    if not loop.checkpoint.exists() or loop.global_step == 0:
        return "Stopped before the first step; nothing was learned yet."
    steps = loop.global_step
    take_best(loop)
    unfinished = place.run / "unfinished.safetensors"
    save(loop.module, unfinished)
    return (
        f"Stopped after {steps} steps; the same command goes on from {place.run}. "
        f"What was learned so far is {unfinished}."
    )


def read_photographs(folder: Path | None, report: ProgressReporter) -> Photographs:
    """The photographs, with a word about what was left out or is missing."""
    if folder is None:
        report.note(
            "No --photos: learning on the two demonstration photographs alone, in many crops, "
            "turns and colours. "
            "A folder of a hundred photographs or more makes a network that is surer of itself."
        )
    found = photographs(
        folder, lambda done, count: report.progress(0.0, f"reading photographs, {done} of {count}")
    )
    for file, reason in found.training.broken[:5]:
        report.note(f"{file} is left out: {reason}")
    if len(found.training.broken) > 5:
        report.note(f"{len(found.training.broken) - 5} more files are left out.")
    return found
