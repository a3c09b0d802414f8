"""All measures of one encoder, in the order of the report."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from benchmarks.encoders.crop_test import VARIANTS, crop_test
from benchmarks.encoders.identity import identity
from benchmarks.encoders.inputs import CropPair, crop_pairs, photographs, textures
from benchmarks.encoders.plan import Plan
from benchmarks.encoders.retrieval import CHANGES, retrieval
from benchmarks.encoders.synthesis import noise_like, synthesize, texture_distances
from bottega.encoders import Encoder
from bottega.evaluation import Interval, bootstrap_interval
from bottega.losses import STYLE_TERMS

DEFAULT_TERM = "wasserstein"


@dataclass(frozen=True)
class PictureSet:
    """The pictures, loaded once for all encoders. ``pairs`` is empty without the collection."""

    pairs: list[CropPair]
    textures: list[tuple[str, Tensor]]
    identities: list[Tensor]
    photographs: list[Tensor]


def load_pictures(data: Path | None, plan: Plan) -> PictureSet:
    """The held-out pictures of the collection, or the sample photographs without it."""
    return PictureSet(
        pairs=crop_pairs(data, plan.pairs, plan.crop) if data else [],
        textures=textures(data, plan.textures, plan.texture_target),
        identities=[picture for _, picture in photographs(data, plan.identities, plan.identity_size)],
        photographs=[picture for _, picture in photographs(data, plan.photographs, plan.photograph_size)],
    )


def crop_measures(encoder: Encoder, images: PictureSet, plan: Plan) -> Iterator[tuple[str, Interval]]:
    """The crop test in every color variant, and in color with every style term."""
    if not images.pairs:
        return
    cases = [(variant, DEFAULT_TERM) for variant in VARIANTS]
    cases += [(next(iter(VARIANTS)), term) for term in STYLE_TERMS if term != DEFAULT_TERM]
    for variant, term in cases:
        figure = crop_test(
            encoder,
            images.pairs,
            variant=variant,
            term=term,
            negatives=plan.negatives,
            resamples=plan.resamples,
        )
        yield f"crop test, {variant}, {term} (AUC)", figure


def retrieval_measures(encoder: Encoder, images: PictureSet, plan: Plan) -> Iterator[tuple[str, Interval]]:
    """Top-1 accuracy and mean reciprocal rank after each change."""
    for change in CHANGES:
        ranks = retrieval(encoder, images.photographs, change)
        yield f"retrieval after {change} (top-1)", bootstrap_interval(ranks == 1, resamples=plan.resamples)
        yield f"retrieval after {change} (MRR)", bootstrap_interval(1 / ranks, resamples=plan.resamples)


def synthesis_measure(
    encoder: Encoder, images: PictureSet, plan: Plan
) -> tuple[list[tuple[str, Interval]], list[Tensor]]:
    """Mean texture distance, and the textures to look at."""
    targets = [picture for _, picture in images.textures]
    size = (plan.texture_size, plan.texture_size)
    textures = synthesize(encoder, targets, size, term=DEFAULT_TERM, iterations=plan.texture_iterations)
    figure = bootstrap_interval(texture_distances(textures, targets), resamples=plan.resamples)
    return [("texture from noise (distance)", figure)], textures


def identity_measures(encoder: Encoder, images: PictureSet, plan: Plan) -> Iterator[tuple[str, Interval]]:
    """PSNR of style = content, from the content and from noise."""
    for start in ("content", "noise"):
        values = identity(
            encoder,
            images.identities,
            start=start,
            term=DEFAULT_TERM,
            iterations=plan.identity_iterations,
        )
        yield f"identity from {start} (PSNR)", bootstrap_interval(values, resamples=plan.resamples)


def anchors(images: PictureSet, plan: Plan) -> dict[str, float]:
    """What texture distances mean: that of the noise at the start, and of one half of a painting
    from its other half."""
    targets = [picture for _, picture in images.textures]
    noise = [
        noise_like(target, (plan.texture_size, plan.texture_size), index)
        for index, target in enumerate(targets)
    ]
    left = [target[..., : target.shape[-1] // 2] for target in targets]
    right = [target[..., target.shape[-1] // 2 :] for target in targets]
    return {
        "noise": statistics.fmean(texture_distances(noise, targets)),
        "halves": statistics.fmean(texture_distances(left, right)),
    }
