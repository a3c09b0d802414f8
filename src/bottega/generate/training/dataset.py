"""Pictures to learn from, with their classes: one folder for each class, or all pictures in one folder."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError, SettingsError
from bottega.training import BatchLoader, CropTransform, PictureSet, Step, find_pictures, load_pictures
from bottega.training.augment import center_square

FEWEST = 10
"""Of fewer pictures nothing but copies can be learned."""


@dataclass(frozen=True)
class Material:
    """What a generator learns from.

    Attributes:
        pictures: all of them.
        classes: their names, sorted; none where all pictures lie in one folder.
        labels: number of each picture's class ``(N,)``; zeros without classes.
        attributes: names of continuous attributes.
        values: of the attributes, in [0, 1], ``(N, attributes)``.
    """

    pictures: PictureSet
    classes: tuple[str, ...]
    labels: Tensor
    attributes: tuple[str, ...]
    values: Tensor

    def conditions(self, numbers: Tensor) -> Tensor | None:
        """Conditions ``(len(numbers), D)`` of the pictures of these numbers; None where there are none."""
        parts = []
        if self.classes:
            parts.append(F.one_hot(self.labels[numbers], len(self.classes)).float())
        if self.attributes:
            parts.append(self.values[numbers])
        return torch.cat(parts, 1) if parts else None

    def squares(self, numbers: Tensor, size: int) -> Tensor:
        """Middles of the pictures of these numbers, ``(len(numbers), 3, size, size)``: always the same."""
        return torch.stack([center_square(self.pictures.get_readable(int(n)), size) for n in numbers])


def read_material(
    folder: Path,
    size: int,
    *,
    crop: float = 0.0,
    classes: bool = True,
    attributes: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Material:
    """All pictures of a folder, reduced to what a training of ``size`` needs.

    Args:
        folder: its subfolders are the classes; pictures may lie deeper in them.
        crop: share of the side that random crops may leave out.
        classes: False takes all pictures together.
        attributes: a table of them; see :func:`~bottega.generate.training.dataset.read_attributes`.

    Raises:
        PictureError: no such folder, or too few pictures that can be read.
        SettingsError: some pictures lie in subfolders and some do not, or the table does not fit.
    """
    files = find_pictures(folder)
    parents = {file: file.relative_to(folder).parts[:-1] for file in files}
    named = classes and any(parents.values())
    if named and not all(parents.values()):
        raise SettingsError(
            f"{folder} holds pictures beside its subfolders; put every picture into the folder of its "
            "class, or train without classes."
        )
    grouped: dict[str, list[Path]] = {}
    for file in files:
        grouped.setdefault(parents[file][0] if named else "", []).append(file)
    found = load_material(grouped, size, crop=crop, on_progress=on_progress)
    if attributes is None:
        return found
    names, values = read_attributes(attributes, folder, found.pictures.files)
    return replace(found, attributes=names, values=values)


def load_material(
    grouped: Mapping[str, Sequence[Path]],
    size: int,
    *,
    crop: float = 0.0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Material:
    """Pictures whose classes are known: class to files; of a single class there is nothing to choose.

    Raises:
        PictureError: too few pictures that can be read.
    """
    classes = {file: name for name, files in grouped.items() for file in files}
    found = load_pictures(sorted(classes), round(size * (1 + crop)), on_progress=on_progress)
    if len(found) < FEWEST:
        raise PictureError(
            f"Only {len(found)} pictures can be read; a generator needs {FEWEST} or more to learn from."
        )
    names = sorted({classes[file] for file in found.files})
    labels = torch.tensor([names.index(classes[file]) for file in found.files])
    return Material(found, tuple(names) if len(names) > 1 else (), labels, (), torch.zeros(len(found), 0))


class ConditionedBatches:
    """Random views with their conditions; see :class:`bottega.training.BatchLoader`."""

    def __init__(self, material: Material, batch: int, view: CropTransform, seed: int) -> None:
        self.material = material
        self.batches = BatchLoader(material.pictures, batch, view, seed)

    def __call__(self, step: Step) -> tuple[Tensor, Tensor | None]:
        """Pictures ``(share, 3, size, size)`` and conditions ``(share, D)`` on the worker's device."""
        places = step.batch_indices(self.batches.batch_size)
        numbers = torch.tensor([self.batches.picture_index(step.index, place) for place in places])
        conditions = self.material.conditions(numbers)
        where = step.context.device
        return self.batches(step), None if conditions is None else conditions.to(where)


FILE = "file"
"""The column with the pictures' paths, as seen from the folder of pictures."""


def read_attributes(table: Path, folder: Path, files: Sequence[Path]) -> tuple[tuple[str, ...], Tensor]:
    """Names and values of the attributes, each brought to [0, 1] from its least to its largest value.

    Args:
        table: a CSV file with a head: ``file`` and one column for each attribute, all numbers.
        folder: of the pictures.
        files: the pictures, in the order that is wanted.

    Returns:
        The names, and ``(len(files), attributes)``.

    Raises:
        SettingsError: the table cannot be read, lacks a picture, holds something that is no number, or a
            column that is the same everywhere.
    """
    head, rows = _read(table)
    names = tuple(name for name in head if name != FILE)
    values = []
    for file in files:
        name = file.relative_to(folder).as_posix()
        if name not in rows:
            raise SettingsError(f"{table} has no row for the picture {name}.")
        values.append([_number(rows[name], column, name, table) for column in names])
    found = torch.tensor(values)
    least, most = found.amin(0), found.amax(0)
    for column, same in zip(names, (least == most).tolist(), strict=True):
        if same:
            raise SettingsError(
                f'The attribute "{column}" in {table} is the same for all pictures; leave it out.'
            )
    return names, (found - least) / (most - least)


def _read(table: Path) -> tuple[list[str], dict[str, dict[str, str]]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            head, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{table} cannot be read as a table of attributes: {error}.") from None
    if FILE not in head or len(head) < 2:
        raise SettingsError(f'{table} needs a head with the column "{FILE}" and one for each attribute.')
    return head, {row[FILE]: row for row in rows}


def _number(row: dict[str, str], column: str, name: str, table: Path) -> float:
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        value = float("nan")
    if not abs(value) < float("inf"):
        raise SettingsError(f'"{row[column]}" is no number: {column} of {name} in {table}.')
    return value
