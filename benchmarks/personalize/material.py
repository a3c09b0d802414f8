"""Pairs: a picture to adjust, held-out or drawn by a generator, and another that says what is asked."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bottega.generate import Generator, sample
from bottega.personalize import NUMBERS, read
from bottega.personalize.seen import READ_SIDE, enlarged
from bottega.training.augment import center_square
from bottega.training.data import decode
from recipes.split import held_out_paintings, held_out_photographs


@dataclass(frozen=True)
class Pairs:
    """Drafts ``(N, 3, 192, 192)`` in [0, 1], and what is asked of each: ``(N, D)``, all of it."""

    drafts: Tensor
    asked: Tensor

    @property
    def mask(self) -> Tensor:
        """``(N, D)``, all asked."""
        return torch.ones(len(self.drafts), NUMBERS, dtype=torch.bool)

    def part(self, numbers: slice) -> Pairs:
        """Some of them."""
        return Pairs(self.drafts[numbers], self.asked[numbers])


def held_out(root: Path) -> list[Path]:
    """Paintings and photographs that no training sees, in a fixed random order."""
    files = [path for path, _ in held_out_paintings(root)] + held_out_photographs(root)
    return random.Random(0).sample(sorted(files), len(files))


@torch.no_grad()
def pairs(root: Path, first: int, last: int, generator: Generator | None = None) -> Pairs:
    """The pairs with these numbers; each is the same whatever the others are.

    Args:
        generator: its drafts, of the seeds that the numbers are, are adjusted; none takes held-out pictures.
    """
    files = held_out(root)
    drafts, asked = [], []
    for number in range(first, last):
        one, other = random.Random(number).sample(files, 2)
        drafts.append(square(one) if generator is None else drawn(generator, number))
        asked.append(read(square(other)[None])[0])
    return Pairs(torch.stack(drafts), torch.stack(asked))


def drawn(generator: Generator, seed: int) -> Tensor:
    """G(z), enlarged to ``(3, 192, 192)`` as ``bottega generate`` does before it bends a draft."""
    return enlarged(sample(generator, 1, seed))[0]


def square(file: Path) -> Tensor:
    """The middle of a picture ``(3, 192, 192)`` in [0, 1]."""
    return center_square(decode(file, READ_SIDE), READ_SIDE)
