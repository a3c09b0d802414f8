"""Training pictures of a generator, with their classes and attributes."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError, SettingsError
from bottega.training import BatchLoader, CropTransform, PictureSet, Step, find_pictures, load_pictures
from bottega.training.augment import center_square

MIN_PICTURES = 10
"""From fewer pictures nothing but copies can be learned."""
FILE_COLUMN = "file"
"""Column of a table of attributes: paths of the pictures, relative to their folder."""


@dataclass(frozen=True)
class ImageDataset:
    """What a generator learns from.

    Attributes:
        pictures: all of them.
        classes: their names, sorted; empty if there is only one.
        labels: index of each picture's class ``(N,)``; zeros without classes.
        attributes: names of continuous attributes.
        values: of the attributes, in [0, 1], ``(N, attributes)``.
    """

    pictures: PictureSet
    classes: tuple[str, ...]
    labels: Tensor
    attributes: tuple[str, ...]
    values: Tensor

    @property
    def class_weights(self) -> tuple[float, ...]:
        """The share of the pictures in each class; empty without classes."""
        if not self.classes:
            return ()
        counts = torch.bincount(self.labels, minlength=len(self.classes))
        return tuple(round(share, 4) for share in (counts / len(self.labels)).tolist())

    def identity(self) -> dict[str, Any]:
        """Names and content hashes of what a training learns, to notice a change before it is resumed."""
        targets = hashlib.sha256(self.labels.numpy().tobytes() + self.values.numpy().tobytes())
        return {
            "classes": list(self.classes),
            "attributes": list(self.attributes),
            "pictures": self.pictures.sha256(),
            "classes or attributes of pictures": targets.hexdigest(),
        }

    def conditions(self, indices: Tensor) -> Tensor | None:
        """Conditions ``(len(indices), D)`` of pictures; None without classes and attributes."""
        columns = []
        if self.classes:
            columns.append(F.one_hot(self.labels[indices], len(self.classes)).float())
        if self.attributes:
            columns.append(self.values[indices])
        return torch.cat(columns, 1) if columns else None

    def center_squares(self, indices: Tensor, size: int) -> Tensor:
        """Center squares of pictures, ``(len(indices), 3, size, size)``: without random crops."""
        return torch.stack([center_square(self.pictures.get_readable(int(i)), size) for i in indices])


def load_dataset_folder(
    folder: Path,
    size: int,
    *,
    crop: float = 0.0,
    classes: bool = True,
    attributes: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ImageDataset:
    """All pictures of a folder, reduced to what a training of ``size`` needs.

    Args:
        folder: its subfolders are the classes; pictures may be in deeper folders.
        crop: share of the side that random crops may leave out.
        classes: False ignores subfolders.
        attributes: a table of them; see :func:`read_attributes`.

    Raises:
        PictureError: the folder is missing, or has too few readable pictures.
        SettingsError: some pictures are in subfolders and some are not, or the table does not match.
    """
    files = find_pictures(folder)
    parents = {file: file.relative_to(folder).parts[:-1] for file in files}
    has_classes = classes and any(parents.values())
    if has_classes and not all(parents.values()):
        raise SettingsError(
            f"{folder} holds pictures beside its subfolders; put every picture into the folder of its "
            "class, or train without classes."
        )
    files_by_class: dict[str, list[Path]] = {}
    for file in files:
        files_by_class.setdefault(parents[file][0] if has_classes else "", []).append(file)
    dataset = load_dataset(files_by_class, size, crop=crop, on_progress=on_progress)
    if attributes is None:
        return dataset
    names, values = read_attributes(attributes, folder, dataset.pictures.files)
    return replace(dataset, attributes=names, values=values)


def load_dataset(
    files_by_class: Mapping[str, Sequence[Path]],
    size: int,
    *,
    crop: float = 0.0,
    on_progress: Callable[[int, int], None] | None = None,
) -> ImageDataset:
    """Pictures from lists of files, one for each class; a single class makes an unconditional dataset.

    Pictures that stand twice are used once; the generator would learn to copy them.

    Raises:
        PictureError: too few readable pictures.
    """
    class_of = {file: name for name, files in files_by_class.items() for file in files}
    pictures = load_pictures(sorted(class_of), round(size * (1 + crop)), on_progress=on_progress, unique=True)
    count = len(pictures)
    if count < MIN_PICTURES:
        twice = f" and {len(pictures.duplicates)} are copies of them" if pictures.duplicates else ""
        raise PictureError(
            f"Only {count} different pictures can be read{twice}; a generator needs {MIN_PICTURES} or more."
        )
    names = sorted({class_of[file] for file in pictures.files})
    labels = torch.tensor([names.index(class_of[file]) for file in pictures.files])
    return ImageDataset(pictures, tuple(names) if len(names) > 1 else (), labels, (), torch.zeros(count, 0))


class ConditionedBatches:
    """Random crops with their conditions; see :class:`bottega.training.BatchLoader`."""

    def __init__(self, dataset: ImageDataset, batch_size: int, transform: CropTransform, seed: int) -> None:
        self.dataset = dataset
        self.loader = BatchLoader(dataset.pictures, batch_size, transform, seed)

    def __call__(self, step: Step) -> tuple[Tensor, Tensor | None]:
        """Pictures ``(share, 3, size, size)`` and conditions ``(share, D)`` on the process's device."""
        positions = step.batch_indices(self.loader.batch_size)
        indices = torch.tensor([self.loader.picture_index(step.index, position) for position in positions])
        conditions = self.dataset.conditions(indices)
        return self.loader(step), None if conditions is None else conditions.to(step.context.device)


def read_attributes(table: Path, folder: Path, files: Sequence[Path]) -> tuple[tuple[str, ...], Tensor]:
    """Names and values of the attributes, each scaled to [0, 1] from its minimum to its maximum.

    Args:
        table: a CSV file with a header: ``file`` and one column of numbers for each attribute.
        folder: of the pictures.
        files: the pictures, in the order of the result.

    Returns:
        The names, and ``(len(files), attributes)``.

    Raises:
        SettingsError: the table cannot be read, a picture is missing, a value is not a number, or a column
            is constant.
    """
    header, rows = _read_table(table)
    names = tuple(name for name in header if name != FILE_COLUMN)
    values = []
    for file in files:
        name = file.relative_to(folder).as_posix()
        if name not in rows:
            raise SettingsError(f"{table} has no row for the picture {name}.")
        values.append([_parse_number(rows[name], column, name, table) for column in names])
    numbers = torch.tensor(values)
    lowest, highest = numbers.amin(0), numbers.amax(0)
    for column, constant in zip(names, (lowest == highest).tolist(), strict=True):
        if constant:
            raise SettingsError(
                f'The attribute "{column}" in {table} is the same for all pictures; leave it out.'
            )
    return names, (numbers - lowest) / (highest - lowest)


def _read_table(table: Path) -> tuple[list[str], dict[str, dict[str, str]]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            header, rows = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{table} cannot be read as a table of attributes: {error}.") from None
    if FILE_COLUMN not in header or len(header) < 2:
        raise SettingsError(
            f'{table} needs a header with the column "{FILE_COLUMN}" and one for each attribute.'
        )
    return header, {row[FILE_COLUMN]: row for row in rows}


def _parse_number(row: dict[str, str], column: str, name: str, table: Path) -> float:
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        value = float("nan")
    if not abs(value) < float("inf"):
        raise SettingsError(f'"{row[column]}" must be a number: {column} of {name} in {table}.')
    return value
