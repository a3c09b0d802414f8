"""Score networks quickly, for choosing between trainings: ``python -m benchmarks.transfer.score FILE ...``.

One line for each, at full strength, on the first few of the pairs that the whole benchmark uses. Besides
files and names of weights, ``untouched``, ``color`` and ``optimize`` may be named.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import cyclopts

from benchmarks.transfer.measures import measure
from benchmarks.transfer.methods import load_method
from benchmarks.transfer.picture_pairs import SIDE, Pair, make_pairs
from bottega.runtime import configure_malloc, set_threads
from recipes.command_line import run_app

app = cyclopts.App(help=__doc__)


def score(source: str | Path, pairs: Sequence[Pair], strength: float = 1.0) -> dict[str, float]:
    """Means over ``pairs``.

    Args:
        source: as for :func:`benchmarks.transfer.methods.load_method`.
        strength: in [0, 1].

    Returns:
        ``style`` and ``style_texture`` (lower is nearer to the style), ``content`` and ``ssim`` (higher is
        nearer to the content); see :class:`benchmarks.transfer.measures.Scores`.

    Raises:
        WeightsError: the network cannot be loaded.
    """
    method = load_method(source)
    scores = []
    for pair in pairs:
        content, style = pair.load()
        scores.append(asdict(measure(method(content, style, strength), content, style)))
    names = ("style", "style_texture", "content", "ssim")
    return {name: sum(each[name] for each in scores) / len(scores) for name in names}


@app.default
def main(
    *sources: str,
    data: Path = Path("../shared/data"),
    pairs: int = 12,
    strength: float = 1.0,
    side: int = SIDE,
    threads: int = 1,
) -> None:
    """Print one line for each network.

    Parameters
    ----------
    sources
        Files, names of weights, or ``untouched``, ``color``, ``optimize``.
    data
        The picture collection (see ``recipes/split.py``).
    pairs
        How many of the benchmark's pairs.
    strength
        Of the style, 0 to 1.
    side
        Of the squares that are cut from all pictures.
    threads
        Of the processor; 0 takes all cores.
    """
    configure_malloc()
    set_threads(threads)
    chosen = make_pairs(data, pairs, side=side)
    for source in sources:
        start_time = time.perf_counter()
        means = score(source, chosen, strength)
        text = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
        print(f"{source}: {text} ({pairs} pairs, {time.perf_counter() - start_time:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(run_app(app, None))
