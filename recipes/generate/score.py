"""Metrics of a generator for its card: ``python -m recipes.generate.score MODEL --data FOLDER --out FOLDER``.

Generates as many pictures as it was trained on, with the same shares of classes, seeds from 0, none left out.
Writes ``figures.json``, a sheet of the first samples, and one of samples above their nearest training
pictures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import cyclopts
import torch
from torch import Tensor

from bottega import encoders, generation, pictures
from bottega.evaluation import extractor, frechet_distance, kid, novelty, precision_recall
from bottega.generation import Generator
from bottega.generation.training import ImageDataset, load_dataset, nearest_training_images
from recipes.command_line import run_app
from recipes.generate.sets import files_by_class

app = cyclopts.App(help=__doc__)

EXTRACTORS = ("small", "random")
COLUMNS = 8
TILE_SIZE = 128


@app.default
def score(
    model: str,
    *,
    data: Path,
    out: Path,
    which: Literal["faces", "landscapes"] = "faces",
    truncation: float = 1.0,
) -> None:
    """Compute the metrics and write the sheets.

    Parameters
    ----------
    model
        The generator: its name or its file.
    data
        The picture collection.
    out
        Folder of the results.
    which
        The set that it was trained on.
    truncation
        Truncation of the samples.
    """
    generator = generation.load(model)
    dataset = load_dataset(files_by_class(which, data), generator.size)
    real = dataset.center_squares(torch.arange(len(dataset.pictures)), generator.size)
    fake = sample_like_dataset(generator, dataset, truncation)
    results = {"pictures": len(real), "truncation": truncation, **figures(fake, real)}
    out.mkdir(parents=True, exist_ok=True)
    (out / "figures.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    pictures.save(random_samples(generator, truncation), out / "samples.png")
    pictures.save(nearest_sheet(generator, dataset, truncation), out / "nearest.png")
    print(json.dumps(results, indent=2))


def sample_like_dataset(generator: Generator, dataset: ImageDataset, truncation: float) -> Tensor:
    """As many pictures as there are training pictures, each of the class of its counterpart."""
    if not dataset.classes:
        return generation.sample(generator, len(dataset.pictures), truncation=truncation)
    parts, first = [], 0
    for number, name in enumerate(dataset.classes):
        count = int((dataset.labels == number).sum())
        parts.append(generation.sample(generator, count, first, name, truncation))
        first += count
    return torch.cat(parts)


def figures(fake: Tensor, real: Tensor) -> dict[str, Any]:
    """Fréchet and kernel distance by two extractors; precision, recall and novelty by the first."""
    results: dict[str, Any] = {}
    for name in EXTRACTORS:
        extract = extractor(name)
        fake_features, real_features = extract(fake), extract(real)
        distance = kid(fake_features, real_features, resamples=200)
        results[f"fid[{name}]"] = round(frechet_distance(fake_features, real_features), 3)
        results[f"kid[{name}]"] = [
            round(value, 4) for value in (distance.estimate, distance.low, distance.high)
        ]
        if name == EXTRACTORS[0]:
            result = precision_recall(fake_features, real_features, resamples=200)
            for key in ("precision", "recall", "density", "coverage"):
                interval = getattr(result, key)
                results[f"{key}[{name}]"] = [
                    round(value, 3) for value in (interval.estimate, interval.low, interval.high)
                ]
            ratios = torch.from_numpy(novelty(fake_features, real_features).ratios)
            results[f"novelty[{name}]"] = {
                "median": round(float(ratios.median()), 3),
                "least": round(float(ratios.min()), 3),
                "below_half": round(float((ratios < 0.5).float().mean()), 4),
            }
    return results


def random_samples(generator: Generator, truncation: float) -> Tensor:
    """The first eight seeds of each class, one row per class; without classes the first 64."""
    names = generator.classes or (None,) * COLUMNS
    rows = [
        list(generation.sample(generator, COLUMNS, 0 if name else COLUMNS * row, name, truncation)[:, None])
        for row, name in enumerate(names)
    ]
    labels = [[f"{name} {seed}" if name else "" for seed in range(COLUMNS)] for name in names]
    return pictures.contact_sheet(rows, labels, height=TILE_SIZE)


def nearest_sheet(generator: Generator, dataset: ImageDataset, truncation: float) -> Tensor:
    """Sixteen samples above their nearest training pictures, with relative distances."""
    samples = generation.sample(generator, 2 * COLUMNS, 1000, truncation=truncation)
    nearest = nearest_training_images(samples, dataset, encoders.load_encoder())
    rows, labels = [], []
    for first in (0, COLUMNS):
        part = slice(first, first + COLUMNS)
        rows += [list(samples[part, None]), list(nearest.pictures[part, None])]
        ratios = (nearest.distances[part] / nearest.typical_distance).tolist()
        labels += [[""] * COLUMNS, [f"{ratio:.2f}" for ratio in ratios]]
    return pictures.contact_sheet(rows, labels, height=TILE_SIZE)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, args)


if __name__ == "__main__":
    sys.exit(main())
