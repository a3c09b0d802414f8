"""Figures for the card of the photorealistic network: ``python -m recipes.photo.measure FILE --data FOLDER``.

Held-out photographs in the colors of other held-out photographs and paintings: how near the colors come,
and how much of the edges stays. Beside it the content untouched, and the color transfer in closed form that
the network starts from. Intervals are over photographs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cyclopts
import torch
from torch import Tensor

from bottega import evaluation, pictures
from bottega.errors import WeightsError
from bottega.layers import color_moments, mk_color_transfer, recolor
from bottega.losses import sliced_loss
from bottega.transfer.feedforward import PhotoNet, StyleTarget, load
from recipes.command_line import run_app
from recipes.split import held_out_paintings, held_out_photographs

SIDE = 384
app = cyclopts.App(help=__doc__)


@app.default
def measure(file: Path, /, *, data: Path, contents: int = 12, styles: int = 6) -> None:
    """Print a table.

    Parameters
    ----------
    file
        The network's .safetensors file.
    data
        The picture collection (see ``recipes/split.py``).
    contents
        Photographs.
    styles
        Photographs, and as many paintings, whose colors each of them takes.
    """
    network = load(file)
    if not isinstance(network, PhotoNet):
        raise WeightsError(f"{file} is no photo network.")
    shots = held_out_photographs(data)
    paintings = [path for path, _ in held_out_paintings(data)]
    style_files = [*_spread(shots[1:], styles), *_spread(paintings, styles)]
    results: dict[str, list[tuple[float, float]]] = {"untouched": [], "closed form": [], "photo": []}
    selected = _spread(shots, contents)
    for content in map(_opened, selected):
        for style in map(_opened, style_files):
            code = network.encode(style)
            plain = recolor(content, mk_color_transfer(color_moments(content), code.colors)).clamp(0, 1)
            stylized = network.stylize(content, StyleTarget(code))
            for name, result in zip(results, (content, plain, stylized), strict=True):
                agreement = evaluation.edge_agreement(result, content)
                results[name].append((palette_distance(result, style), agreement))
    groups = [number for number in range(len(selected)) for _ in style_files]
    print("| | distance of colors | agreement of edges |\n| --- | --- | --- |")
    for name, pairs in results.items():
        columns = zip(*pairs, strict=True)
        intervals = [str(evaluation.bootstrap_interval(column, groups=groups)) for column in columns]
        print(f"| {name} | {' | '.join(intervals)} |")


def palette_distance(picture: Tensor, target: Tensor) -> float:
    """Sliced Wasserstein distance of the pixels' colors over the target's power: 0 equal."""
    generator = torch.Generator().manual_seed(0)
    return float(sliced_loss(picture, target, generator, directions=32, samples=8192))


def _opened(file: Path) -> Tensor:
    return pictures.fit(pictures.load(file).pixels, SIDE)


def _spread(files: Sequence[Path], count: int) -> list[Path]:
    """``count`` of them, evenly chosen."""
    count = min(count, len(files))
    return [files[number * len(files) // count] for number in range(count)]


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, words)


if __name__ == "__main__":
    sys.exit(main())
