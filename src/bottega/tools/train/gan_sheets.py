"""Sheets of a generator: what it draws while it learns, what in the end, and what is nearest to that."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega import generate, pictures, runtime
from bottega.encoders import Encoder
from bottega.generate import Generator
from bottega.generate.training import Material, twins
from bottega.generate.training.build import sample_drawer
from bottega.training import Trainer

COLUMNS = 8
TILE = 128


def samples_sheet(loop: Trainer) -> Tensor:
    """The samples of a training with the weights that the module has now."""
    generator = loop.module.get_submodule("generator")
    assert isinstance(generator, Generator)
    with torch.no_grad():
        drawn = sample_drawer(generator, loop.context)(runtime.seeded(0)).cpu()
    return _sheet(drawn)


def drafts_sheet(generator: Generator, rows: int = 4) -> Tensor:
    """Drafts of the first seeds, of each class a row where there are classes."""
    if not generator.classes:
        return _sheet(generate.sample(generator, rows * COLUMNS))
    return _sheet(torch.cat([generate.sample(generator, COLUMNS, like=name) for name in generator.classes]))


def twins_sheet(
    generator: Generator, material: Material, encoder: Encoder, count: int
) -> tuple[Tensor, float]:
    """Drafts above the training pictures that are nearest to them; and the share of near twins among 64."""
    drawn = generate.sample(generator, 8 * count)
    found = twins(drawn, material, encoder)
    rows = [list(drawn[:count, None]), list(found.nearest_pictures[:count, None])]
    labels = [
        [f"seed {number}" for number in range(count)],
        [f"{distance / found.usual:.2f}" for distance in found.distances[:count].tolist()],
    ]
    title = "Drafts, and the nearest training picture of each (1: as near as those are to each other)"
    return pictures.sheet(rows, labels, title=title, height=TILE), float(found.near.float().mean())


def _sheet(drawn: Tensor) -> Tensor:
    rows = [list(drawn[first : first + COLUMNS, None]) for first in range(0, len(drawn), COLUMNS)]
    return pictures.sheet(rows, height=max(TILE, drawn.shape[-1]))
