"""The scale of each attribute: how far apart two random pictures are."""

from __future__ import annotations

import random
from pathlib import Path

import torch

from bottega.layers.palette import palette_emd
from bottega.personalize import ATTRIBUTES, MAX_PALETTE_COLORS, analyze
from bottega.training.data import decode
from recipes.split import training_files

PAIRS = 1500
FACES = "kaokore"


@torch.no_grad()
def measure_attribute_scales(root: Path, count: int) -> dict[str, tuple[float, float, float]]:
    """By attribute: the 95th percentile of its distance over random pairs of ``count`` pictures, and the 5th
    and 95th percentile of its first number. Photographs and paintings that may be passed on, without painted
    faces."""
    files = [file for file in training_files(root) if FACES not in file.parts]
    chosen = random.Random(0).sample(files, min(count, len(files)))
    values = torch.cat([analyze(decode(file, 256)[None].float() / 255) for file in chosen])
    rng = random.Random(1)
    indices = [rng.sample(range(len(values)), 2) for _ in range(PAIRS)]
    one, other = (values[list(numbers)] for numbers in zip(*indices, strict=True))
    scales = {}
    for name, attribute in ATTRIBUTES.items():
        first, second = one[:, attribute.columns], other[:, attribute.columns]
        if name == "palette":
            shapes = (each.view(-1, MAX_PALETTE_COLORS, 4) for each in (first, second))
            distances = torch.tensor([palette_emd(a, b) for a, b in zip(*shapes, strict=True)])
        else:
            distances = (first - second).norm(dim=1)
        values_of_first = values[:, attribute.columns.start]
        scales[name] = (
            distances.quantile(0.95).item(),
            values_of_first.quantile(0.05).item(),
            values_of_first.quantile(0.95).item(),
        )
    return scales
