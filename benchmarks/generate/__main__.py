"""Speed of training and sampling: ``python -m benchmarks.generate``.

Each runner has its own process; runners alternate, and every figure is the median over the repeats. On a busy
machine CPU time is more reliable than wall time.
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cyclopts

from benchmarks.generate.runners import BATCH_SIZE, time_runner
from bottega.errors import BottegaError
from bottega.runtime import set_threads, system_info

app = cyclopts.App(help=__doc__)


@app.default
def measure(
    *,
    trainings: str = "fewshot:64,fewshot:128,cdcgan:64,dcgan:64,vae:64",
    width: int = 24,
    steps: int = 15,
    repeats: int = 3,
    threads: int = 0,
    out: Path = Path("benchmarks/generate/results"),
) -> None:
    """Run, print a table, write it and its figures.

    Parameters
    ----------
    trainings
        Generators and sides of their pictures, separated by commas.
    width
        Width of the generators.
    steps
        Steps of figure runner in figure repeat, after two warm-up steps.
    repeats
        How often figure runner runs.
    threads
        CPU threads; 0 uses all.
    out
        Folder of the results.
    """
    rows: list[dict[str, Any]] = []
    context = multiprocessing.get_context("spawn")
    for training in trainings.split(","):
        network, _, side = training.partition(":")
        size = int(side)
        results: dict[str, list[dict[str, float]]] = {"bottega": [], "baseline": [], "sampling": []}
        for _ in range(repeats):
            for name, figures in results.items():
                with context.Pool(1) as pool:
                    figures.append(
                        pool.apply(
                            time_runner, (name, network, size, width, steps, threads, name != "baseline")
                        )
                    )
        common = {"network": network, "size": size}
        rows += [{**common, "name": name, **_medians(figures)} for name, figures in results.items()]
    set_threads(threads)
    text = table(rows)
    print(text)
    out.mkdir(parents=True, exist_ok=True)
    about = {"machine": system_info(), "batch": BATCH_SIZE, "width": width, "repeats": repeats, "rows": rows}
    (out / "speed.json").write_text(json.dumps(about, indent=2, default=str) + "\n", encoding="utf-8")
    (out / "speed.md").write_text(text + "\n", encoding="utf-8")


def _medians(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(figure[key] for figure in figures), 4) for key in figures[0]}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: training compared with the baseline, then sampling."""
    by = {(row["network"], row["size"], row["name"]): row for row in rows}
    trainings = list(dict.fromkeys((row["network"], row["size"]) for row in rows))
    lines = [
        "| training | size | baseline, s/step | Bottega, s/step | speed-up | by CPU time "
        "| memory, baseline | Bottega |",
        "| --- " * 8 + "|",
    ]
    for network, size in trainings:
        one, other = by[network, size, "baseline"], by[network, size, "bottega"]
        wall, cpu = (one[key] / other[key] for key in ("seconds", "cpu_seconds"))
        lines.append(
            f"| {network} | {size} | {one['seconds']:.2f} | {other['seconds']:.2f} | {wall:.2f} "
            f"| {cpu:.2f} | {one['peak_mib']:.0f} MiB | {other['peak_mib']:.0f} MiB |"
        )
    lines += ["", "| sampling | size | pictures/s | per CPU second |", "| --- | --- | --- | --- |"]
    for network, size in trainings:
        row = by[network, size, "sampling"]
        rates = [BATCH_SIZE / row[key] for key in ("seconds", "cpu_seconds")]
        lines.append(f"| {network} | {size} | {rates[0]:.0f} | {rates[1]:.0f} |")
    return "\n".join(lines)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    try:
        app(args, result_action="return_value")
    except BottegaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
