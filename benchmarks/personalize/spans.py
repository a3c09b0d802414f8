"""How far apart two pictures are: the unit of the match."""

from __future__ import annotations

import random
from pathlib import Path

import torch

from bottega.personalize import ATTRIBUTES, SWATCHES, read
from bottega.personalize.movers import exact_distance
from bottega.training.data import decode
from recipes.split import training_files

PAIRS = 1500
FACES = "kaokore"


@torch.no_grad()
def measured_spans(root: Path, count: int) -> dict[str, tuple[float, float, float]]:
    """By attribute: the 95th percentile of its distance over random pairs of ``count`` pictures, and the 5th
    and 95th percentile of its first number. Photographs and paintings that may be passed on, without painted
    faces."""
    files = [file for file in training_files(root) if FACES not in file.parts]
    chosen = random.Random(0).sample(files, min(count, len(files)))
    values = torch.cat([read(decode(file, 256)[None].float() / 255) for file in chosen])
    dice = random.Random(1)
    drawn = [dice.sample(range(len(values)), 2) for _ in range(PAIRS)]
    one, other = (values[list(numbers)] for numbers in zip(*drawn, strict=True))
    found = {}
    for name, attribute in ATTRIBUTES.items():
        ours, theirs = one[:, attribute.part], other[:, attribute.part]
        if name == "palette":
            shapes = (each.view(-1, SWATCHES, 4) for each in (ours, theirs))
            distances = torch.tensor([exact_distance(a, b) for a, b in zip(*shapes, strict=True)])
        else:
            distances = (ours - theirs).norm(dim=1)
        first = values[:, attribute.part.start]
        found[name] = (
            distances.quantile(0.95).item(),
            first.quantile(0.05).item(),
            first.quantile(0.95).item(),
        )
    return found
