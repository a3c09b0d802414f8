"""Pairs: a picture to adjust, held-out or generated, and another whose attributes are requested."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bottega.generation import Generator, sample
from bottega.personalize import VECTOR_SIZE, analyze
from bottega.personalize.analysis.pixels import ANALYSIS_SIDE, upscale_for_analysis
from bottega.training.augment import center_square
from bottega.training.data import decode
from recipes.split import held_out_paintings, held_out_photographs


@dataclass(frozen=True)
class Pairs:
    """Drafts ``(N, 3, 192, 192)`` in [0, 1], and the requested attributes: ``(N, D)``."""

    drafts: Tensor
    requested: Tensor

    @property
    def mask(self) -> Tensor:
        """``(N, D)``, all True."""
        return torch.ones(len(self.drafts), VECTOR_SIZE, dtype=torch.bool)


def held_out(root: Path) -> list[Path]:
    """Paintings and photographs that no training sees, in a fixed random order."""
    files = [path for path, _ in held_out_paintings(root)] + held_out_photographs(root)
    return random.Random(0).sample(sorted(files), len(files))


@torch.no_grad()
def pairs(root: Path, first: int, last: int, generator: Generator | None = None) -> Pairs:
    """Pairs ``first`` to ``last``; each is independent of the others.

    Args:
        generator: of the drafts, with the pair's index as seed; held-out pictures without.
    """
    files = held_out(root)
    drafts, requested = [], []
    for index in range(first, last):
        one, other = random.Random(index).sample(files, 2)
        drafts.append(square(one) if generator is None else generate_draft(generator, index))
        requested.append(analyze(square(other)[None])[0])
    return Pairs(torch.stack(drafts), torch.stack(requested))


def generate_draft(generator: Generator, seed: int) -> Tensor:
    """G(z), enlarged to ``(3, 192, 192)`` as ``bottega generate`` does before it adjusts a draft."""
    return upscale_for_analysis(sample(generator, 1, seed))[0]


def square(file: Path) -> Tensor:
    """The middle of a picture ``(3, 192, 192)`` in [0, 1]."""
    return center_square(decode(file, ANALYSIS_SIDE), ANALYSIS_SIDE)
