"""One training run: where its results go, how it reports its progress, and how its network is saved."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from bottega import pictures, weights
from bottega.errors import Cancelled, OutputError, SettingsError
from bottega.files import check_overwrite, check_writable_folder, write_file
from bottega.picture_formats import format_of
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.train.settings import TrainFiles, network_name, recorded_settings
from bottega.training import Callback, PictureSet, TensorBoard, TimeBudgetSchedule, Trainer
from bottega.training.checkpoint import SETTINGS_FILE, check_resume_inputs
from bottega.version import __version__
from bottega.weights.registry import NAME

SECONDS_BETWEEN_REPORTS = 0.5
MAX_LISTED_FILES = 5
"""Unreadable files that are named one by one."""

Registry = Mapping[str, Callable[..., nn.Module]]


@dataclass(frozen=True)
class Destination:
    """Where the results of a training go."""

    name: str
    output: Path | None
    folder: Path
    """Holds checkpoints and previews."""
    preview: Path


def choose_destination(settings: TrainFiles, label: str) -> Destination:
    """Choose and check names and folders. The training creates its folder later, after all checks.

    Args:
        label: names the network where neither a name nor an output is given.

    Raises:
        SettingsError: the name is invalid or taken.
        OutputError: a file cannot be written there, or the output exists already.
    """
    output = settings.output
    name = settings.name or network_name(output.stem if output else label)
    if not settings.name and not settings.overwrite:
        name = unused_name(name)
    _check_name(name, settings.overwrite)
    if output is not None:
        if output.suffix != ".safetensors":
            raise OutputError(f"{output}: weights are written as .safetensors only.")
        check_overwrite(output, settings.overwrite)
    if settings.preview is not None:
        format_of(settings.preview)
        check_writable_folder(settings.preview.parent)
    folder = settings.run or (output.parent if output else Path()) / f"{name}.training"
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        raise OutputError(f"The folder {folder} cannot be created: {existing} is a file.")
    check_writable_folder(existing)
    return Destination(name, output, folder, settings.preview or folder / "preview.jpg")


def unused_name(name: str) -> str:
    """The name; if a network has it already, the first of ``name-2``, ``name-3`` and so on that is free."""
    names = {entry.name for entry in weights.entries()}
    if name not in names:
        return name
    return next(each for number in count(2) if (each := f"{name}-{number}") not in names)


def _check_name(name: str, overwrite: bool) -> None:
    if not re.match(NAME, name):
        raise SettingsError(
            f'"{name}" cannot name a network; give --name in lower-case letters, digits, "-", "_" and ".".'
        )
    origins = {entry.name: entry.origin for entry in weights.entries()}
    if origins.get(name) in ("packaged", "published"):
        raise SettingsError(f'"{name}" is the name of weights of Bottega; give another --name.')
    if name in origins and not overwrite:
        raise SettingsError(
            f'A network "{name}" exists already; give another --name, or add --overwrite to replace it.'
        )


class ProgressCallback(Callback):
    """Reports the progress of a training, and writes a preview every ``seconds`` seconds."""

    def __init__(
        self, reporter: ProgressReporter, sheet: Callable[[], Tensor], preview: Path, seconds: float
    ) -> None:
        self.reporter, self.sheet, self.preview, self.seconds = reporter, sheet, preview, seconds
        self._last_report = self._last_preview = float("-inf")

    def start(self, trainer: Trainer) -> None:
        self._last_preview = time.monotonic() - self.seconds / 2  # the first preview comes early

    def step(self, trainer: Trainer, losses: Mapping[str, Tensor]) -> None:
        now = time.monotonic()
        if self.reporter.cancelled():
            trainer.stop()
        if now - self._last_preview >= self.seconds:
            with trainer.averaged_weights():
                pictures.save(self.sheet(), self.preview)
            self._last_preview = time.monotonic()
        if now - self._last_report >= SECONDS_BETWEEN_REPORTS:
            self._last_report = now
            names = ["loss"] if "loss" in losses else ["generator", "discriminator"]
            values = ", ".join(f"{name} {float(losses[name].detach()):.3f}" for name in names)
            done, left = training_progress(trainer)
            message = f"step {trainer.global_step}, {values}"
            self.reporter.progress(done, message, seconds_left=left, preview=self.sheet)


def training_progress(trainer: Trainer) -> tuple[float, float | None]:
    """The completed fraction, and the seconds left: by time with a time budget, else by steps."""
    schedule = trainer.schedule
    if isinstance(schedule, TimeBudgetSchedule):
        return min(1.0, schedule.elapsed / schedule.seconds), schedule.seconds_left
    return trainer.global_step / schedule.steps, trainer.seconds_left


def run_training(
    settings: TrainFiles,
    trainer: Trainer,
    destination: Destination,
    inputs: Mapping[str, Any],
    sheet: Callable[[], Tensor],
    save_unfinished: Callable[[Path], object],
    reporter: ProgressReporter,
) -> None:
    """Train from the start, or resume the training of the folder.

    Args:
        inputs: names and content hashes of what is learned; see :func:`check_resume_inputs`.
        sheet: draws the preview with the current weights.
        save_unfinished: writes the network with its best weights so far, where the training was cancelled.

    Raises:
        Cancelled: by Ctrl-C or the reporter; the message says how to resume.
        SettingsError: TensorBoard is wanted but not installed, or the folder's training has other inputs.
    """
    progress = ProgressCallback(reporter, sheet, destination.preview, settings.preview_every)
    curves = (TensorBoard(),) if settings.tensorboard else ()
    trainer.callbacks = (*trainer.callbacks, progress, *curves)
    check_resume_inputs(destination.folder, inputs)
    write_file(destination.folder / SETTINGS_FILE, settings.model_dump_json(indent=2) + "\n")
    if trainer.resume():
        reporter.note(f"Resuming {destination.folder} after {trainer.global_step} steps.")
    try:
        trainer.train()
    except (Cancelled, KeyboardInterrupt):
        if trainer.global_step == 0 or not trainer.checkpoint.exists():
            raise Cancelled("Stopped before the first step; nothing was learned yet.") from None
        steps, unfinished = trainer.global_step, destination.folder / "unfinished.safetensors"
        save_unfinished(unfinished)
        raise Cancelled(
            f"Stopped after {steps} steps; the same command resumes from {destination.folder}. "
            f"The network so far is {unfinished}."
        ) from None


def training_metadata(settings: TrainFiles, trainer: Trainer) -> dict[str, Any]:
    """What the file of a network records about any training."""
    return {
        "steps": trainer.global_step,
        "minutes": round(trainer.seconds / 60, 2),
        "bottega": __version__,
        "training": settings.model_dump(mode="json", include=recorded_settings(type(settings))),
    }


def save_trained_network(
    network: nn.Module,
    registry: Registry,
    destination: Destination,
    metadata: Mapping[str, Any],
    *,
    kind: str,
    summary: str,
    provenance: str,
    license: str,
    figures: Mapping[str, float | str],
) -> list[Path]:
    """Write the network to the output, if there is one, and register it; returns the files.

    Args:
        registry: the networks of its kind, by architecture.
        metadata: what its file records beside its configuration.
        figures: measurements for the list of weights.
    """
    network.to("cpu")
    config = weights.build_config(network, registry, metadata)
    entry = weights.register(
        destination.name,
        network.state_dict(),
        config,
        kind=kind,
        architecture=config["architecture"],
        license=license,
        provenance=provenance,
        summary=summary,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        metrics={"steps": metadata["steps"], "minutes": metadata["minutes"], **figures},
    )
    files = [weights.path(entry.name), destination.preview]
    if destination.output is not None:
        weights.save_network(network, destination.output, registry, metadata)
        files.insert(0, destination.output)
    return files


def saved_summary(destination: Destination, trainer: Trainer, metadata: Mapping[str, Any]) -> str:
    """The sentence about a finished training."""
    early = " It ended early." if trainer.schedule.steps > trainer.global_step else ""
    steps, minutes = metadata["steps"], metadata["minutes"]
    return f"The network {destination.name} is saved ({steps} steps, {minutes:.1f} minutes).{early}"


def note_unreadable(pictures: PictureSet, reporter: ProgressReporter) -> None:
    """Say which files were left out because they cannot be read."""
    for file, reason in pictures.broken[:MAX_LISTED_FILES]:
        reporter.note(f"{file} is left out: {reason}")
    if len(pictures.broken) > MAX_LISTED_FILES:
        reporter.note(f"{len(pictures.broken) - MAX_LISTED_FILES} more files are left out.")


def note_duplicates(pictures: PictureSet, reporter: ProgressReporter) -> None:
    """Say which files were left out because another one holds the same picture."""
    for file, first in pictures.duplicates[:MAX_LISTED_FILES]:
        reporter.note(f"{file} is left out: it is the same picture as {first}.")
    if len(pictures.duplicates) > MAX_LISTED_FILES:
        reporter.note(
            f"{len(pictures.duplicates) - MAX_LISTED_FILES} more pictures stand twice and are left out."
        )
