"""What simulated artists choose from: items of pictures, analyzed once, or synthetic items."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bottega import pictures
from bottega.errors import PictureError
from bottega.personalize.preference import Item, Trait
from bottega.personalize.preference.item_reader import TRAITS

COUNT = 1200  # pictures that are analyzed
HELD_OUT = 400  # of which artists see none; for pairs and final proposals


@dataclass(frozen=True)
class ItemPool:
    """Items to choose from, and others to judge by.

    Attributes:
        name: for the table.
    """

    name: str
    traits: Sequence[Trait]
    pool: Sequence[Item]
    held_out: Sequence[Item]


def picture_items(folder: Path, cache: Path) -> ItemPool:
    """A seeded choice of a folder's pictures; their items are cache in a file, as reading takes minutes."""
    if not cache.exists():
        _analyze(folder, cache)
    items = [Item.model_validate(row) for row in json.loads(cache.read_text(encoding="utf-8"))]
    return ItemPool(f"{len(items)} pictures of {folder.name}", TRAITS, items[HELD_OUT:], items[:HELD_OUT])


def _analyze(folder: Path, cache: Path) -> None:
    from bottega.personalize.preference.item_reader import ItemReader
    from bottega.training import find_pictures

    files = find_pictures(folder)
    order = np.random.default_rng(0).permutation(len(files))[:COUNT]
    reader, rows = ItemReader(), []
    for number in order:
        try:
            picture = pictures.load(files[number])
        except PictureError as error:
            print(f"left out: {error}")
            continue
        name = files[number].relative_to(folder).as_posix()
        rows.append(reader.read(name, picture.pixels).model_dump(mode="json"))
        if len(rows) % 100 == 0:
            print(f"analyzed {len(rows)} of {len(order)}", flush=True)
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps(rows), encoding="utf-8")


def synthetic_items(traits: int = 18, embedding: int = 24, seed: int = 0) -> ItemPool:
    """Normal traits with a few common causes, and an embedding that half follows from them."""
    rng = np.random.default_rng(seed)
    causes = rng.standard_normal((8, traits)) / np.sqrt(8)
    views = rng.standard_normal((traits, embedding)) / np.sqrt(traits)
    values = 0.7 * rng.standard_normal((COUNT, 8)) @ causes + 0.7 * rng.standard_normal((COUNT, traits))
    embeddings = 0.6 * values @ views + 0.8 * rng.standard_normal((COUNT, embedding))
    names = [f"trait{number}" for number in range(traits)]
    items = [
        Item(id=f"item{row}", traits=dict(zip(names, map(float, numbers), strict=True)), embedding=tuple(z))
        for row, (numbers, z) in enumerate(zip(values, embeddings.tolist(), strict=True))
    ]
    words = [
        Trait(name=name, low=f"low {name}", middle=f"middle {name}", high=f"high {name}") for name in names
    ]
    return ItemPool(f"{COUNT} synthetic items", words, items[HELD_OUT:], items[:HELD_OUT])
