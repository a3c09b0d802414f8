"""Where a training leaves things: names and folders, checked before it begins; the network on the shelf."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bottega import weights
from bottega.errors import OutputError, SettingsError
from bottega.files import check_writable_folder
from bottega.pictures.formats import format_of
from bottega.tools.train.settings import TrainFiles, name_from
from bottega.transfer.feedforward import described, save
from bottega.transfer.training.tasks import Goal
from bottega.weights.manifest import NAME


@dataclass(frozen=True)
class Place:
    """Where a training leaves things: checked before it begins."""

    name: str
    output: Path | None
    run: Path
    preview: Path


def find_place(settings: TrainFiles, label: str) -> Place:
    """Names and folders; the training makes its own when it begins, so that a refusal leaves none behind.

    Raises:
        SettingsError: the name cannot be one, or is taken.
        OutputError: nothing can be written there, or the output is there already.
    """
    output = settings.output
    given = settings.name or (output.stem if output else label)
    name = settings.name or name_from(given)
    _check_name(name, settings.overwrite)
    if output is not None:
        if output.suffix != ".safetensors":
            raise OutputError(f"{output}: weights are written as .safetensors only.")
        if output.exists() and not settings.overwrite:
            raise OutputError(
                f"{output} already exists; choose another name, or add --overwrite to replace it."
            )
        check_writable_folder(output.parent)
    if settings.preview is not None:
        format_of(settings.preview)
        check_writable_folder(settings.preview.parent)
    run = settings.run or (output.parent if output else Path()) / f"{name}.training"
    _check_run(run)
    return Place(name, output, run, settings.preview or run / "preview.jpg")


def _check_run(run: Path) -> None:
    """Whether the folder can be made, or written to where it is there."""
    there = run.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        raise OutputError(f"The folder {run} cannot be made: {there} is a file.")
    check_writable_folder(there)


def _check_name(name: str, overwrite: bool) -> None:
    if not re.match(NAME, name):
        raise SettingsError(
            f'"{name}" cannot name a network; give --name in lower-case letters, digits, "-", "_" and ".".'
        )
    taken = {entry.name: entry.shelf for entry in weights.entries()}
    if taken.get(name) in ("packaged", "published"):
        raise SettingsError(f'"{name}" is the name of weights that Bottega knows; give another --name.')
    if name in taken and not overwrite:
        raise SettingsError(
            f'There is a network "{name}" on your shelf already; give another --name, or add --overwrite.'
        )


def keep(
    goal: Goal, place: Place, facts: Mapping[str, Any], *, summary: str, origin: str, licence: str
) -> tuple[Path, ...]:
    """Write the network to the output and onto the shelf; returns the files."""
    network = goal.network.to("cpu")
    figures = {"steps": facts["steps"], "minutes": facts["minutes"], **facts["losses"]}
    made = weights.shelve(
        place.name,
        network.state_dict(),
        described(network, facts),
        kind="network",
        architecture=described(network)["architecture"],
        licence=licence,
        origin=origin,
        summary=summary,
        figures=figures,
    )
    written = [weights.path(made.name)]
    if place.output is not None:
        save(network, place.output, facts)
        written.insert(0, place.output)
    return (*written, place.preview)
