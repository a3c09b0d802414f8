"""What is measured of drawn pictures, by the same instruments for every model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch

from bottega import encoders, styles
from bottega.evaluate import (
    Interval,
    bootstrap_interval,
    extractor,
    fid,
    kid,
    measure_latency,
    personalization_match,
    ssim,
)
from bottega.evaluate.extractors import center_square
from bottega.evaluate.report.measure_set import MeasuredSet, MeasurementConfig, measure_set
from bottega.generate import Generator, sample
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
"""Ours was trained through ``small``; ``random`` has seen nothing."""
EXTRACTOR = EXTRACTORS[0]
BATCH = 16


def draw(generator: Generator, count: int, seed: int, folder: Path) -> list[Path]:
    """So many pictures of a generator, as files; with one seed they are the same again."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for start in range(0, count, BATCH):
        for picture in sample(generator, min(BATCH, count - start), seed=seed + start):
            files.append(save(picture[None], folder / f"{len(files):04d}.png"))
    return files


def paint_by_rules(count: int, side: int, size: int, folder: Path) -> list[Path]:
    """So many pictures by the bundled styles, which are programs with rules and learn nothing.

    They are slow, and always paint the same, so files that are there are not painted again.

    Args:
        side: at which they paint; they need room for their marks.
        size: to which that is reduced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = list(styles.STYLES)
    files = [folder / f"{number:04d}.png" for number in range(count)]
    for number, file in enumerate(files):
        if not file.exists():
            painted = styles.paint(names[number % len(names)], (side, side), number // len(names))
            save(center_square(painted, size), file)
    return files


def prepared(files: Sequence[Path], size: int, folder: Path) -> list[Path]:
    """Squares of the size at which everything is drawn: sharpness is to say nothing of scans."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        save(center_square(load_picture(file).pixels, size), folder / f"{number:04d}.png")
        for number, file in enumerate(files)
    ]


@cache
def instruments(size: int) -> MeasurementConfig:
    """The same for all."""
    return MeasurementConfig(
        tuple(extractor(name) for name in EXTRACTORS), encoders.load_encoder(EXTRACTOR), max(size, 32)
    )


def look(files: Sequence[Path], size: int) -> MeasuredSet:
    """Everything that tables say of a set."""
    return measure_set(files, instruments(size))


def distances(drawn: MeasuredSet, real: MeasuredSet, seed: int) -> dict[str, Interval | float]:
    """Fréchet distance, without and with its bias, and kernel distances."""
    estimate = fid(drawn.features[EXTRACTOR], real.features[EXTRACTOR], seed=seed)
    kernel = {
        f"KID[{name}] ↓": kid(drawn.features[name], real.features[name], seed=seed) for name in EXTRACTORS
    }
    return {
        f"FID[{EXTRACTOR}] ↓": estimate.corrected,
        "as others compute it": estimate.raw,
        **kernel,
    }


def nearest_ssim(drawn: MeasuredSet, held_out: MeasuredSet, seed: int) -> Interval:
    """SSIM of each held-out picture with the drawn one that is nearest to it by its features; the mean.

    The study gives an SSIM of generated pictures and no definition; drawn pictures have no original. This
    asks how near a model comes to works that it never saw.
    """
    ours, theirs = drawn.features[EXTRACTOR].double(), held_out.features[EXTRACTOR].double()
    nearest = torch.cdist(theirs, ours).argmin(dim=1).tolist()
    values = [
        ssim(load_picture(drawn.files[number]).pixels, load_picture(file).pixels)
        for file, number in zip(held_out.files, nearest, strict=True)
    ]
    return bootstrap_interval(values, seed=seed)


def conditions(held_out: Sequence[Path], count: int) -> list[Condition]:
    """What held-out pictures are like, read from one after the other: what is asked of drafts."""
    found = [analyze_condition(load_picture(file).pixels) for file in held_out[:count]]
    return [found[number % len(found)] for number in range(count)]


def matched(
    drawn: Sequence[Path], asked: Sequence[Condition], recipe: PaperRecipe, *, adjusted: bool
) -> Interval:
    """Mean personalisation match of drafts with conditions that had no part in drawing them.

    Args:
        adjusted: whether each draft is bent to its condition first.
    """
    drafts = (load_picture(file).pixels for file in drawn[: len(asked)])
    network = adjustment() if adjusted else None
    pictures = (
        adjust(upscale_for_analysis(draft), wanted, network=network, optimizer_steps=recipe.refine)
        if adjusted
        else draft
        for draft, wanted in zip(drafts, asked, strict=True)
    )
    return personalization_match(asked, map(analyze_condition, pictures), match, seed=recipe.seed)["mean"]


@cache
def adjustment() -> AdjustmentNet | None:
    """The packaged network of adjustment; none while there is none, and adjustment goes without."""
    return load_packaged_adjustment_net()


def seconds(generator: Generator) -> Interval:
    """Median time in which one picture is drawn, on this machine."""
    return measure_latency(lambda: sample(generator, 1), calls=20).median
