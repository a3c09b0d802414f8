"""Figures of a generator for its card: ``python -m recipes.generate.score MODEL --data FOLDER --out FOLDER``.

Draws as many pictures as it learned from, in the same shares of classes, seeds from 0 on, none left out.
Writes ``figures.json``, a sheet of the first unpicked ones, and one of drafts above their nearest training
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

from bottega import encoders, generate, pictures
from bottega.evaluate import extractor, frechet_distance, kid, novelty, precision_recall
from bottega.generate import Generator
from bottega.generate.training import Material, load_material, twins
from recipes.generate.sets import pictures_of
from recipes.slices import call

app = cyclopts.App(help=__doc__)

EXTRACTORS = ("small", "random")
SHOWN = 8
TILE = 128


@app.default
def score(
    model: str,
    *,
    data: Path,
    out: Path,
    which: Literal["faces", "landscapes"] = "faces",
    truncation: float = 1.0,
) -> None:
    """Measure and show.

    Parameters
    ----------
    model
        The generator: its name or its file.
    data
        The picture collection.
    out
        Folder of the results.
    which
        The set that it learned from.
    truncation
        Of what is drawn.
    """
    generator = generate.load(model)
    material = load_material(pictures_of(which, data), generator.size)
    real = material.squares(torch.arange(len(material.pictures)), generator.size)
    made = drawn_alike(generator, material, truncation)
    found = {"pictures": len(real), "truncation": truncation, **figures(made, real)}
    out.mkdir(parents=True, exist_ok=True)
    (out / "figures.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    pictures.save(unpicked(generator, truncation), out / "unpicked.png")
    pictures.save(beside_twins(generator, material, truncation), out / "twins.png")
    print(json.dumps(found, indent=2))


def drawn_alike(generator: Generator, material: Material, truncation: float) -> Tensor:
    """As many pictures as there are training pictures, each of the class of its counterpart."""
    if not material.classes:
        return generate.sample(generator, len(material.pictures), truncation=truncation)
    parts, first = [], 0
    for number, name in enumerate(material.classes):
        count = int((material.labels == number).sum())
        parts.append(generate.sample(generator, count, first, name, truncation))
        first += count
    return torch.cat(parts)


def figures(made: Tensor, real: Tensor) -> dict[str, Any]:
    """Fréchet and kernel distance by two extractors; precision, recall and novelty by the first."""
    found: dict[str, Any] = {}
    for name in EXTRACTORS:
        see = extractor(name)
        ours, theirs = see(made), see(real)
        apart = kid(ours, theirs, resamples=200)
        found[f"fid[{name}]"] = round(frechet_distance(ours, theirs), 3)
        found[f"kid[{name}]"] = [round(value, 4) for value in (apart.estimate, apart.low, apart.high)]
        if name == EXTRACTORS[0]:
            shares = precision_recall(ours, theirs, resamples=200)
            for key in ("precision", "recall", "density", "coverage"):
                one = getattr(shares, key)
                found[f"{key}[{name}]"] = [round(value, 3) for value in (one.estimate, one.low, one.high)]
            ratios = torch.from_numpy(novelty(ours, theirs).ratios)
            found[f"novelty[{name}]"] = {
                "median": round(float(ratios.median()), 3),
                "least": round(float(ratios.min()), 3),
                "below_half": round(float((ratios < 0.5).float().mean()), 4),
            }
    return found


def unpicked(generator: Generator, truncation: float) -> Tensor:
    """The first eight seeds of each class, a row for each; without classes the first 64."""
    names = generator.classes or (None,) * SHOWN
    rows = [
        list(generate.sample(generator, SHOWN, 0 if name else SHOWN * row, name, truncation)[:, None])
        for row, name in enumerate(names)
    ]
    labels = [[f"{name} {seed}" if name else "" for seed in range(SHOWN)] for name in names]
    return pictures.sheet(rows, labels, height=TILE)


def beside_twins(generator: Generator, material: Material, truncation: float) -> Tensor:
    """Sixteen drafts above their nearest training pictures, with the distance over the usual one."""
    drawn = generate.sample(generator, 2 * SHOWN, 1000, truncation=truncation)
    found = twins(drawn, material, encoders.load_encoder())
    rows, labels = [], []
    for first in (0, SHOWN):
        part = slice(first, first + SHOWN)
        rows += [list(drawn[part, None]), list(found.nearest_pictures[part, None])]
        ratios = (found.distances[part] / found.usual).tolist()
        labels += [[""] * SHOWN, [f"{ratio:.2f}" for ratio in ratios]]
    return pictures.sheet(rows, labels, height=TILE)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return call(app, words)


if __name__ == "__main__":
    sys.exit(main())
