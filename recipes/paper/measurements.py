"""The metrics of generated pictures, the same for every model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch

from bottega import encoders, styles
from bottega.evaluation import (
    Interval,
    bootstrap_interval,
    extractor,
    fid,
    kid,
    measure_latency,
    personalization_match,
    ssim,
)
from bottega.evaluation.extractors import center_square
from bottega.evaluation.report.measure_set import MeasuredSet, MeasurementConfig, measure_set
from bottega.generation import Generator, sample
from bottega.personalize import (
    AdjustmentNet,
    Condition,
    adjust,
    analyze_condition,
    load_packaged_adjustment_net,
    match,
)
from bottega.personalize.analysis.pixels import upscale_for_analysis
from bottega.pictures import load as load_picture
from bottega.pictures import save
from recipes.paper.config import PaperRecipe

EXTRACTORS = ("small", "random")
"""Bottega's model was trained with ``small``; ``random`` has random weights."""
EXTRACTOR = EXTRACTORS[0]
BATCH_SIZE = 16


def generate_files(generator: Generator, count: int, seed: int, folder: Path) -> list[Path]:
    """``count`` pictures of a generator, as files; the same seed gives the same pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for start in range(0, count, BATCH_SIZE):
        for picture in sample(generator, min(BATCH_SIZE, count - start), seed=seed + start):
            files.append(save(picture[None], folder / f"{len(files):04d}.png"))
    return files


def draw_with_rules(count: int, side: int, size: int, folder: Path) -> list[Path]:
    """``count`` pictures by the bundled styles, which are programs with rules and learn nothing.

    They are slow and deterministic, so existing files are not samples again.

    Args:
        side: at which they draw; brush strokes need many pixels.
        size: of the result.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = list(styles.STYLES)
    files = [folder / f"{index:04d}.png" for index in range(count)]
    for index, file in enumerate(files):
        if not file.exists():
            picture = styles.paint(names[index % len(names)], (side, side), index // len(names))
            save(center_square(picture, size), file)
    return files


def resized(files: Sequence[Path], size: int, folder: Path) -> list[Path]:
    """Squares of the size of the samples, so that sharpness does not depend on the scans."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        save(center_square(load_picture(file).pixels, size), folder / f"{index:04d}.png")
        for index, file in enumerate(files)
    ]


@cache
def measurement_config(size: int) -> MeasurementConfig:
    """The same for all sets."""
    return MeasurementConfig(
        tuple(extractor(name) for name in EXTRACTORS), encoders.load_encoder(EXTRACTOR), max(size, 32)
    )


def measure(files: Sequence[Path], size: int) -> MeasuredSet:
    """All measurements of a set."""
    return measure_set(files, measurement_config(size))


def distances(samples: MeasuredSet, real: MeasuredSet, seed: int) -> dict[str, Interval | float]:
    """Fréchet distance, without and with its bias, and kernel distances."""
    estimate = fid(samples.features[EXTRACTOR], real.features[EXTRACTOR], seed=seed)
    kernel = {
        f"KID[{name}] ↓": kid(samples.features[name], real.features[name], seed=seed) for name in EXTRACTORS
    }
    return {
        f"FID[{EXTRACTOR}] ↓": estimate.corrected,
        "biased FID": estimate.raw,
        **kernel,
    }


def nearest_ssim(samples: MeasuredSet, held_out: MeasuredSet, seed: int) -> Interval:
    """Mean SSIM of each held-out picture with the sample that is nearest by features.

    The study gives an SSIM of generated pictures without a definition; they have no original. This measures
    how close a model comes to works that it was not trained on.
    """
    sample_features, held_out_features = (
        samples.features[EXTRACTOR].double(),
        held_out.features[EXTRACTOR].double(),
    )
    nearest = torch.cdist(held_out_features, sample_features).argmin(dim=1).tolist()
    values = [
        ssim(load_picture(samples.files[index]).pixels, load_picture(file).pixels)
        for file, index in zip(held_out.files, nearest, strict=True)
    ]
    return bootstrap_interval(values, seed=seed)


def conditions(held_out: Sequence[Path], count: int) -> list[Condition]:
    """Conditions read from held-out pictures, which the samples should match."""
    conditions_read = [analyze_condition(load_picture(file).pixels) for file in held_out[:count]]
    return [conditions_read[index % len(conditions_read)] for index in range(count)]


def mean_match(
    samples: Sequence[Path], requested: Sequence[Condition], recipe: PaperRecipe, *, adjusted: bool
) -> Interval:
    """Mean personalization match of samples with conditions that were not used to generate them.

    Args:
        adjusted: whether each sample is adjusted to its condition first.
    """
    originals = (load_picture(file).pixels for file in samples[: len(requested)])
    network = adjustment() if adjusted else None
    pictures = (
        adjust(upscale_for_analysis(picture), condition, network=network, optimizer_steps=recipe.refine)
        if adjusted
        else picture
        for picture, condition in zip(originals, requested, strict=True)
    )
    return personalization_match(requested, map(analyze_condition, pictures), match, seed=recipe.seed)["mean"]


@cache
def adjustment() -> AdjustmentNet | None:
    """The packaged adjustment network, or None if it is missing."""
    return load_packaged_adjustment_net()


def generation_time(generator: Generator) -> Interval:
    """Median time to generate one picture on this machine."""
    return measure_latency(lambda: sample(generator, 1), calls=20).median
