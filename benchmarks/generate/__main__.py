"""Speed of training and drawing: ``python -m benchmarks.generate``.

Each contestant runs in a process of its own, in turns, and every figure is the median over the turns. On a
machine that does other work too the processor's seconds tell more than the clock's.
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

from benchmarks.generate.race import BATCH, timed
from bottega.errors import BottegaError
from bottega.runtime import set_threads, system_info

app = cyclopts.App(help=__doc__)


@app.default
def measure(
    *,
    trainings: str = "fewshot:64,fewshot:128,cdcgan:64,dcgan:64,vae:64",
    width: int = 24,
    steps: int = 15,
    turns: int = 3,
    threads: int = 0,
    out: Path = Path("benchmarks/generate/results"),
) -> None:
    """Run, print a table, write it and its figures.

    Parameters
    ----------
    trainings
        Generators and sides of their pictures, separated by commas.
    width
        Of the generators.
    steps
        Of each contestant in each turn, after two that warm up.
    turns
        How often each runs.
    threads
        Of the processor; 0 takes what there is.
    out
        Folder of the results.
    """
    rows: list[dict[str, Any]] = []
    context = multiprocessing.get_context("spawn")
    for training in trainings.split(","):
        network, _, side = training.partition(":")
        size = int(side)
        found: dict[str, list[dict[str, float]]] = {"ours": [], "plain": [], "drawing": []}
        for _ in range(turns):
            for name, figures in found.items():
                with context.Pool(1) as pool:
                    figures.append(
                        pool.apply(timed, (name, network, size, width, steps, threads, name != "plain"))
                    )
        common = {"network": network, "size": size}
        rows += [{**common, "name": name, **_medians(figures)} for name, figures in found.items()]
    set_threads(threads)
    text = table(rows)
    print(text)
    out.mkdir(parents=True, exist_ok=True)
    about = {"machine": system_info(), "batch": BATCH, "width": width, "turns": turns, "rows": rows}
    (out / "speed.json").write_text(json.dumps(about, indent=2, default=str) + "\n", encoding="utf-8")
    (out / "speed.md").write_text(text + "\n", encoding="utf-8")


def _medians(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(each[key] for each in figures), 4) for key in figures[0]}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: training against the plain loop, then drawing."""
    by = {(row["network"], row["size"], row["name"]): row for row in rows}
    trainings = list(dict.fromkeys((row["network"], row["size"]) for row in rows))
    lines = [
        "| training | size | plain, s/step | ours, s/step | times as fast | by processor time "
        "| memory, plain | ours |",
        "| --- " * 8 + "|",
    ]
    for network, size in trainings:
        one, other = by[network, size, "plain"], by[network, size, "ours"]
        faster, work = (one[key] / other[key] for key in ("seconds", "processor_seconds"))
        lines.append(
            f"| {network} | {size} | {one['seconds']:.2f} | {other['seconds']:.2f} | {faster:.2f} "
            f"| {work:.2f} | {one['peak_mib']:.0f} MiB | {other['peak_mib']:.0f} MiB |"
        )
    lines += ["", "| drawing | size | pictures/s | per second of one core |", "| --- | --- | --- | --- |"]
    for network, size in trainings:
        row = by[network, size, "drawing"]
        drawn = [BATCH / row[key] for key in ("seconds", "processor_seconds")]
        lines.append(f"| {network} | {size} | {drawn[0]:.0f} | {drawn[1]:.0f} |")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    try:
        app(words, result_action="return_value")
    except BottegaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
