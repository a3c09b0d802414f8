"""Validation of a generator: FID, variety, copies of training pictures, and warnings about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.encoders import Encoder
from bottega.evaluation import frechet_distance
from bottega.generation.models.generator import Generator
from bottega.generation.training.dataset import ImageDataset
from bottega.training import Callback, ProcessContext, Trainer

MAX_REAL_PICTURES = 1024
"""Real pictures that are compared; more cost time and change little."""
CHUNK_SIZE = 32
MIN_ENCODER_SIDE = 128
"""Smaller pictures are enlarged to this side: the encoder was trained on nothing smaller."""
MIN_STDDEV = 1e-3
"""Lower bound on a feature's standard deviation over the real pictures, which it is divided by."""
MIN_DISTANCE = 1e-6
"""Lower bound on a mean distance that others are divided by."""
SAME_PICTURE = 0.1
"""Cosine distance of layouts below which two pictures are the same one: saved anew as a JPEG or at half the
size, 100 faces and paintings were at most 0.09 from themselves, and at least 0.38 from each other."""
NEAR_DUPLICATE = 0.5
"""A near duplicate is nearer than this times the median distance of real pictures to their nearest."""
COLLAPSE_VARIETY = 0.5
"""Variety, relative to the real pictures', below which a generator has collapsed."""
COPY_FACTOR, MIN_COPY_SHARE = 2.0, 0.1
"""A generator copies if its share of near duplicates exceeds both this multiple of the real pictures' and
this share."""
IGNORED_VALIDATIONS = 2
"""At first every generator has too little variety."""


class Features(NamedTuple):
    """``means (N, D)`` of whole pictures for distributions, ``layout (N, D)`` on a 4 × 4 grid for copies."""

    means: Tensor
    layout: Tensor


@torch.no_grad()
def extract_features(encoder: Encoder, pictures: Tensor) -> Features:
    """Features of pictures ``(N, 3, S, S)`` at the encoder's deepest layer."""
    deepest = encoder.layers[-1]
    means, layouts = [], []
    for chunk in torch.split(pictures, CHUNK_SIZE):
        if chunk.shape[-1] < MIN_ENCODER_SIDE:
            size = (MIN_ENCODER_SIDE, MIN_ENCODER_SIDE)
            chunk = F.interpolate(chunk, size, mode="bilinear", align_corners=False)
        features = encoder(chunk, (deepest,))[deepest].float()
        means.append(features.mean((2, 3)))
        layouts.append(F.adaptive_avg_pool2d(features, 4).flatten(1))
    return Features(torch.cat(means), torch.cat(layouts))


def directions(layouts: Tensor, mean: Tensor) -> Tensor:
    """Unit vectors from the mean picture."""
    return F.normalize(layouts - mean, dim=1)


def mean_distance(layouts: Tensor) -> float:
    """Mean cosine distance of two different rows of unit length."""
    count = len(layouts)
    return float(1 - (layouts.sum(0).square().sum() - count) / (count * (count - 1)))


def distances_of_different(layouts: Tensor) -> Tensor:
    """Cosine distance of each different picture to the nearest other one, ``(n,)``; empty if there is one.

    Pictures that stand twice, also saved anew or at another size, count once. Otherwise the usual distance
    would be about 0, and no generated picture could be a near duplicate.

    Args:
        layouts: of unit length ``(N, D)``.
    """
    same = (1 - layouts @ layouts.T < SAME_PICTURE).tril(-1).any(1)
    different = layouts[~same]
    return (
        nearest_distances(different, different, skip_self=True)
        if len(different) > 1
        else layouts.new_zeros(0)
    )


def _median(distances: Tensor) -> float:
    return float(distances.median()) if len(distances) else 0.0


def nearest_distances(queries: Tensor, references: Tensor, skip_self: bool = False) -> Tensor:
    """Cosine distance ``(N,)`` of each query to the nearest reference; both of unit length."""
    distance = 1 - queries @ references.T
    if skip_self:
        distance.fill_diagonal_(float("inf"))
    return distance.min(1).values


class GanMetrics:
    """Compares a generator with its training pictures.

    ``"fid"`` is :func:`bottega.evaluation.frechet_distance` of the features' means, standardized over the
    real pictures; otherwise a few channels dominate. A kernel distance, which depends most on the shift of
    all pictures together, rose while fog became faces.

    Args:
        generator: gets the same noise each time.
        dataset: real pictures.
        encoder: in full precision.
        context: where the generator computes.
        count: pictures generated for a validation.

    Attributes:
        real_duplicates: share of the real pictures, each counted once, with a near duplicate among the
            others.
    """

    def __init__(
        self,
        generator: Generator,
        dataset: ImageDataset,
        encoder: Encoder,
        context: ProcessContext,
        count: int = 256,
    ) -> None:
        self.generator, self.encoder, self.context = generator, encoder, context
        total = len(dataset.pictures)
        source = torch.Generator().manual_seed(1)
        indices = torch.randperm(total, generator=source)[:MAX_REAL_PICTURES]
        squares = dataset.center_squares(indices, generator.size).to(context.device)
        real = extract_features(encoder, squares)
        self.mean, self.stddev = real.means.mean(0), real.means.std(0).clamp_min(MIN_STDDEV)
        self.real_means, self.mean_layout = self.standardize(real.means), real.layout.mean(0)
        self.real_layouts = directions(real.layout, self.mean_layout)
        distances = distances_of_different(self.real_layouts)
        self.duplicate_distance = _median(distances) * NEAR_DUPLICATE
        self.real_duplicates = float((distances < self.duplicate_distance).float().mean())
        self.conditions = dataset.conditions(torch.randint(total, (count,), generator=source))
        self.noise = torch.randn(count, generator.latent, generator=source)

    def __call__(self) -> dict[str, float]:
        """``"fid"``, ``"variety"`` (1 is the real pictures') and ``"copies"`` (share of near duplicates)."""
        fake = extract_features(self.encoder, self.generate())
        layouts = directions(fake.layout, self.mean_layout)
        copies = nearest_distances(layouts, self.real_layouts) < self.duplicate_distance
        return {
            "fid": frechet_distance(self.standardize(fake.means), self.real_means),
            "variety": mean_distance(layouts) / max(mean_distance(self.real_layouts), MIN_DISTANCE),
            "copies": float(copies.float().mean()),
        }

    def standardize(self, means: Tensor) -> Tensor:
        """Features ``(N, D)`` in standard deviations of the real pictures from their mean."""
        return (means - self.mean) / self.stddev

    def generate(self) -> Tensor:
        """The fake pictures of a validation, ``(count, 3, S, S)``."""
        device = self.context.device
        pictures = []
        for first in range(0, len(self.noise), CHUNK_SIZE):
            chunk = slice(first, first + CHUNK_SIZE)
            conditions = None if self.conditions is None else self.conditions[chunk].to(device)
            with self.context.autocast():
                pictures.append(self.generator(self.noise[chunk].to(device), conditions))
        return torch.cat(pictures)


@dataclass(frozen=True)
class NearestImages:
    """The training picture nearest to each generated one.

    Attributes:
        indices: of the training pictures, ``(N,)``.
        distances: to them, ``(N,)``: cosine distances of features, in [0, 2].
        typical_distance: median distance of training pictures to their nearest other one; those that stand
            twice count once.
        pictures: the training pictures, ``(N, 3, S, S)``.
    """

    indices: Tensor
    distances: Tensor
    typical_distance: float
    pictures: Tensor

    def relative_distance(self, index: int) -> str:
        """The distance of a generated picture in typical distances; a dash if these are 0."""
        if not self.typical_distance:
            return "–"
        return f"{float(self.distances[index]) / self.typical_distance:.2f}"

    @property
    def near_duplicates(self) -> Tensor:
        """Which are near duplicates, ``(N,)`` bool: nearer than half the typical distance."""
        return self.distances < NEAR_DUPLICATE * self.typical_distance


def nearest_training_images(pictures: Tensor, dataset: ImageDataset, encoder: Encoder) -> NearestImages:
    """The nearest training picture of each generated one, over all of them.

    Args:
        pictures: ``(N, 3, S, S)`` in [0, 1].
        encoder: compares directions from the mean picture, at its deepest layer on a grid of 4 × 4.
    """
    size = pictures.shape[-1]
    squares = dataset.center_squares(torch.arange(len(dataset.pictures)), size)
    real = extract_features(encoder, squares).layout
    mean = real.mean(0)
    references = directions(real, mean)
    similarity = directions(extract_features(encoder, pictures).layout, mean) @ references.T
    nearest = similarity.max(1)
    typical = _median(distances_of_different(references))
    training_pictures = dataset.center_squares(nearest.indices, size)
    return NearestImages(nearest.indices, 1 - nearest.values, typical, training_pictures)


class CollapseMonitor(Callback):
    """Warns once when a validation shows mode collapse, and once when it shows copying.

    Args:
        warn: called with the message.
        real_duplicates: share of the real pictures with a near duplicate among the others.
    """

    def __init__(self, warn: Callable[[str], None], real_duplicates: float) -> None:
        self.warn, self.real_duplicates = warn, real_duplicates
        self.validations = 0
        self.warned: set[str] = set()

    def validate(self, trainer: Trainer, metrics: Mapping[str, float], best: bool) -> None:
        self.validations += 1
        if self.validations <= IGNORED_VALIDATIONS:
            return
        if metrics["variety"] < COLLAPSE_VARIETY:
            self._warn_once(
                "collapse",
                f"Mode collapse: the variety of the generator is {metrics['variety']:.2f} of the training "
                "pictures'. The best weights so far are saved; try a lower --rate, or more pictures.",
            )
        if metrics["copies"] > max(MIN_COPY_SHARE, COPY_FACTOR * self.real_duplicates):
            self._warn_once(
                "copies",
                f"The generator copies: {metrics['copies']:.0%} of its pictures are near duplicates of "
                "training pictures. Use more pictures, more augmentation, or stop earlier (--patience).",
            )

    def _warn_once(self, kind: str, message: str) -> None:
        if kind not in self.warned:
            self.warned.add(kind)
            self.warn(message)
