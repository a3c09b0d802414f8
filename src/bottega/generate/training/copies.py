"""Drawn pictures beside the training pictures nearest to them: whether a generator copies, to the eye."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.generate.training.material import Material
from bottega.generate.training.measure import NEAR, centred, look, nearest


@dataclass(frozen=True)
class Twins:
    """What :func:`twins` finds.

    Attributes:
        numbers: of the nearest training picture of each drawn one, ``(N,)``.
        distances: to it, ``(N,)``: cosine distances of what the encoder sees, in [0, 2].
        usual: median distance of training pictures to their nearest other one.
        nearest_pictures: those training pictures, ``(N, 3, S, S)``.
    """

    numbers: Tensor
    distances: Tensor
    usual: float
    nearest_pictures: Tensor

    @property
    def near(self) -> Tensor:
        """Which are near twins, ``(N,)``: nearer than half the usual distance."""
        return self.distances < NEAR * self.usual


def twins(drawn: Tensor, material: Material, encoder: Encoder) -> Twins:
    """The nearest training picture of each drawn one, over all of them.

    Args:
        drawn: ``(N, 3, S, S)`` in [0, 1].
        encoder: that compares: directions from the mean picture, at its deepest layer on a grid of 4 × 4.
    """
    every = torch.arange(len(material.pictures))
    real = look(encoder, material.squares(every, drawn.shape[-1])).layout
    middle = real.mean(0)
    theirs = centred(real, middle)
    similarity = centred(look(encoder, drawn).layout, middle) @ theirs.T
    closest = similarity.max(1)
    usual = float(nearest(theirs, theirs, skip_self=True).median())
    shown = material.squares(closest.indices, drawn.shape[-1])
    return Twins(closest.indices, 1 - closest.values, usual, shown)
