"""Continuous attributes of training pictures: a table with one row for each picture."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from bottega.errors import SettingsError

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
