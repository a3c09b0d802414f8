"""Time ours against a plain implementation: ``python -m benchmarks.optimize``.

Writes Markdown tables and the same figures as JSON. docs/experiments/transfer.md says what is measured.
"""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Any

import cyclopts
import torch

import bottega
from benchmarks.optimize.comparison import EncoderComparison
from benchmarks.optimize.inputs import label, open_encoder
from benchmarks.optimize.plan import Plan, quick
from benchmarks.optimize.report import write
from benchmarks.optimize.speedup import Cell
from bottega.errors import BottegaError, SettingsError
from bottega.runtime import configure_malloc, select_dtype, set_threads, system_info
from bottega.transfer.optimize.settings import OptimizeSettings, StyleLoss

app = cyclopts.App(help=__doc__)


@app.default
def compare(
    *,
    encoders: str = "small,vgg19",
    sizes: str = "256,512,1024",
    iterations: int = 300,
    repeats: int = 3,
    rates: str = "0.01,0.02,0.04,0.08",
    style_loss: StyleLoss = "wasserstein",
    threads: int = 0,
    out: Path = Path("benchmarks/optimize/results"),
    name: str = "optimize",
    quick_look: bool = False,
) -> None:
    """Run every candidate on every encoder and size, on the processor.

    Parameters
    ----------
    encoders
        Names of packaged encoders, paths of ``.safetensors`` files, or ``vgg19`` and ``vgg16``, whose shapes
        get random weights fitted to photographs.
    sizes
        Sides of the square pictures.
    iterations
        Of the plain implementation.
    repeats
        Runs of each candidate, in turns.
    rates
        Step sizes that plain Adam is tried with at the smallest size.
    style_loss
        The style term of all candidates.
    threads
        Of the processor; 0 takes all cores.
    out, name
        Folder and name of the tables.
    quick_look
        Shows in a minute that everything runs; says nothing about speed.
    """
    configure_malloc()
    begin = time.perf_counter()
    chosen = set_threads(threads)
    plan = (
        quick(style_loss)
        if quick_look
        else Plan(
            sizes=tuple(int(each) for each in _split_list("sizes", sizes)),
            iterations=iterations,
            repeats=repeats,
            rates=tuple(float(each) for each in _split_list("rates", rates)),
            bottega_settings=OptimizeSettings(
                style_loss=style_loss, recolor=False, start_noise=0.0
            ),  # one function for all
        )
    )
    arithmetic = select_dtype(torch.device("cpu"))
    header: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.optimize", *sys.argv[1:]]),
        "machine": system_info(),
        "bottega": bottega.__version__,
        "precision": str(arithmetic).removeprefix("torch."),
        "style_loss": style_loss,
        "iterations": plan.iterations,
        "repeats": plan.repeats,
    }
    cells: list[Cell] = []
    table: Path | None = None
    for encoder in _split_list("encoders", encoders):
        comparison = EncoderComparison(label(encoder), open_encoder(encoder), plan, arithmetic, chosen)
        print(f"{comparison.label}: about {comparison.expected_hours():.1f} hours", flush=True)
        for cell in comparison.cells():
            cells.append(cell)
            header["minutes"] = round((time.perf_counter() - begin) / 60, 1)
            table = write(cells, header, out, "quick" if quick_look else name)
    assert table is not None
    print(table.read_text(encoding="utf-8"))


def _split_list(what: str, text: str) -> list[str]:
    items = [item.strip() for item in text.split(",") if item.strip()]
    if not items:
        raise SettingsError(f"--{what} needs at least one, separated by commas.")
    return items


if __name__ == "__main__":
    try:
        app()
    except BottegaError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
