"""What simulated artists choose from: real pictures, read once, or made-up items where there are none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bottega import pictures
from bottega.errors import PictureError
from bottega.personalize.choices import Item, Trait
from bottega.personalize.choices.traits import TRAITS

COUNT = 1200
"""Pictures that are read."""
HELD_OUT = 400
"""Of which artists see none: pairs and final proposals come from these."""


@dataclass(frozen=True)
class Material:
    """Items to choose from, and others to judge by.

    Attributes:
        name: what the table calls it.
    """

    name: str
    traits: Sequence[Trait]
    pool: Sequence[Item]
    held_out: Sequence[Item]


def real(folder: Path, kept: Path) -> Material:
    """A seeded choice of a folder's pictures; their items are kept in a file, as reading takes minutes."""
    if not kept.exists():
        _read(folder, kept)
    items = [Item.model_validate(row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    return Material(f"{len(items)} pictures of {folder.name}", TRAITS, items[HELD_OUT:], items[:HELD_OUT])


def _read(folder: Path, kept: Path) -> None:
    from bottega.personalize.choices.reading import Reader
    from bottega.training import find_pictures

    files = find_pictures(folder)
    order = np.random.default_rng(0).permutation(len(files))[:COUNT]
    reader, rows = Reader(), []
    for number in order:
        try:
            picture = pictures.load(files[number])
        except PictureError as error:
            print(f"left out: {error}")
            continue
        name = files[number].relative_to(folder).as_posix()
        rows.append(reader.item(name, picture.pixels).model_dump(mode="json"))
        if len(rows) % 100 == 0:
            print(f"read {len(rows)} of {len(order)}", flush=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(rows), encoding="utf-8")


def made_up(traits: int = 18, embedding: int = 24, seed: int = 0) -> Material:
    """Normal traits with a few common causes, and an embedding that half follows from them."""
    rng = np.random.default_rng(seed)
    causes = rng.standard_normal((8, traits)) / np.sqrt(8)
    views = rng.standard_normal((traits, embedding)) / np.sqrt(traits)
    values = 0.7 * rng.standard_normal((COUNT, 8)) @ causes + 0.7 * rng.standard_normal((COUNT, traits))
    seen = 0.6 * values @ views + 0.8 * rng.standard_normal((COUNT, embedding))
    names = [f"trait{number}" for number in range(traits)]
    items = [
        Item(id=f"item{row}", traits=dict(zip(names, map(float, numbers), strict=True)), embedding=tuple(z))
        for row, (numbers, z) in enumerate(zip(values, seen.tolist(), strict=True))
    ]
    words = [
        Trait(name=name, low=f"low {name}", middle=f"middle {name}", high=f"high {name}") for name in names
    ]
    return Material(f"{COUNT} made-up items", words, items[HELD_OUT:], items[:HELD_OUT])
