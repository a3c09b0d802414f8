"""What a training of a generator is judged by: nearness to the real pictures, variety, copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.encoders import Encoder
from bottega.evaluate import frechet_distance
from bottega.generate.models.generator import Generator
from bottega.generate.training.dataset import Material
from bottega.training import Callback, ProcessContext, Trainer

MOST = 1024
"""Pictures that are compared at most: what is above costs time and changes little."""
CHUNK = 32
SIDE = 128
"""Smaller pictures are enlarged to this side before the encoder looks: it knows nothing that is smaller."""
QUIET = 1e-3
"""Least deviation of a feature: what is silent on all real pictures is no measure."""
NEAR = 0.5
"""A near twin is nearer than so many times the median distance of real pictures to their nearest."""


@dataclass(frozen=True)
class Looked:
    """Features: ``means (N, D)`` of whole pictures for distributions, ``layout (N, D)`` for copies."""

    means: Tensor
    layout: Tensor


@torch.no_grad()
def look(encoder: Encoder, pictures: Tensor) -> Looked:
    """Features of pictures ``(N, 3, S, S)`` at the encoder's deepest layer."""
    deepest = encoder.layers[-1]
    means, layouts = [], []
    for part in torch.split(pictures, CHUNK):
        if part.shape[-1] < SIDE:
            part = F.interpolate(part, (SIDE, SIDE), mode="bilinear", align_corners=False)
        found = encoder(part, (deepest,))[deepest].float()
        means.append(found.mean((2, 3)))
        layouts.append(F.adaptive_avg_pool2d(found, 4).flatten(1))
    return Looked(torch.cat(means), torch.cat(layouts))


class Measure:
    """Measures a generator against the pictures that it learns from.

    ``"fid"`` is :func:`bottega.evaluate.frechet_distance` of the features' means, each brought to mean 0 and
    deviation 1 over the real pictures; else a few channels decide. A kernel distance, for which the shift of
    all pictures together counts most, rose while fog became faces.

    Args:
        generator: drawn from, with the same noise each time.
        material: real pictures.
        encoder: that looks, in full precision.
        here: where the generator computes.
        count: pictures drawn for a measurement.

    Attributes:
        twins: share of the real pictures with a near twin among the others, by the rule for copies.
    """

    def __init__(
        self,
        generator: Generator,
        material: Material,
        encoder: Encoder,
        here: ProcessContext,
        count: int = 256,
    ) -> None:
        self.generator, self.encoder, self.here = generator, encoder, here
        total = len(material.pictures)
        source = torch.Generator().manual_seed(1)
        chosen = torch.randperm(total, generator=source)[:MOST]
        real = look(encoder, material.squares(chosen, generator.size).to(here.device))
        self.mean, self.deviation = real.means.mean(0), real.means.std(0).clamp_min(QUIET)
        self.means, self.middle = self.standardised(real.means), real.layout.mean(0)
        self.layouts = centred(real.layout, self.middle)
        apart = nearest(self.layouts, self.layouts, skip_self=True)
        self.near = float(apart.median()) * NEAR
        self.twins = float((apart < self.near).float().mean())
        drawn = torch.randint(total, (count,), generator=source)
        self.conditions = material.conditions(drawn)
        self.noise = torch.randn(count, generator.latent, generator=source)

    def __call__(self) -> dict[str, float]:
        """``"fid"``, ``"variety"`` (1 is the real pictures') and ``"copies"`` (share of near twins)."""
        seen = look(self.encoder, self.draw())
        layouts = centred(seen.layout, self.middle)
        return {
            "fid": frechet_distance(self.standardised(seen.means), self.means),
            "variety": spread(layouts) / spread(self.layouts),
            "copies": float((nearest(layouts, self.layouts) < self.near).float().mean()),
        }

    def standardised(self, means: Tensor) -> Tensor:
        """Features ``(N, D)`` in deviations of the real pictures from their mean."""
        return (means - self.mean) / self.deviation

    def draw(self) -> Tensor:
        """The pictures that are measured, ``(count, 3, S, S)``."""
        where = self.here.device
        parts = []
        for first in range(0, len(self.noise), CHUNK):
            here = slice(first, first + CHUNK)
            conditions = None if self.conditions is None else self.conditions[here].to(where)
            with self.here.autocast():
                parts.append(self.generator(self.noise[here].to(where), conditions))
        return torch.cat(parts)


def centred(layouts: Tensor, middle: Tensor) -> Tensor:
    """Directions from the mean picture, of unit length."""
    return F.normalize(layouts - middle, dim=1)


def spread(layouts: Tensor) -> float:
    """Mean cosine distance of two different rows of unit length."""
    count = len(layouts)
    return float(1 - (layouts.sum(0).square().sum() - count) / (count * (count - 1)))


def nearest(ours: Tensor, theirs: Tensor, skip_self: bool = False) -> Tensor:
    """Cosine distance ``(N,)`` of each row to the nearest of ``theirs``."""
    distance = 1 - ours @ theirs.T
    if skip_self:
        distance.fill_diagonal_(float("inf"))
    return distance.min(1).values


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


COLLAPSED = 0.5
"""Variety, as a share of the real pictures', below which a generator draws too much alike."""
COPYING = 2.0
"""So many times as many near twins as real pictures have are copies; and one in ten at least."""
FEWEST = 0.1
AFTER = 3
"""Validations before an alarm: at first every generator draws too much alike."""


class Alarms(Callback):
    """Tells once of each, when a validation shows it.

    Args:
        tell: called with a sentence.
        twins: share of the real pictures with a near twin among the others.
    """

    def __init__(self, tell: Callable[[str], None], twins: float) -> None:
        self.tell, self.twins = tell, twins
        self.seen = 0
        self.told: set[str] = set()

    def validate(self, loop: Trainer, measures: Mapping[str, float], best: bool) -> None:
        self.seen += 1
        if self.seen < AFTER:
            return
        if measures["variety"] < COLLAPSED:
            self._once(
                "collapse",
                "The generator draws too much alike: its variety is "
                f"{measures['variety']:.2f} of the real pictures'. The best weights so far "
                "are kept; try a lower --rate, or more pictures.",
            )
        if measures["copies"] > max(FEWEST, COPYING * self.twins):
            self._once(
                "copies",
                f"The generator copies: {measures['copies']:.0%} of its pictures are near twins of training "
                "pictures. Use more pictures, more augmentation, or stop earlier (--patience).",
            )

    def _once(self, kind: str, sentence: str) -> None:
        if kind not in self.told:
            self.told.add(kind)
            self.tell(sentence)
