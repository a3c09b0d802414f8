"""Memory and time of prints: ``python -m benchmarks.prints``.

Each size runs in its own process with two iterations at the last scale; peak memory is measured by the
kernel. A picture that fits into memory is stylized with and without tiles, and the results are compared.
"""

from __future__ import annotations

import json
import multiprocessing
import shlex
import sys
from pathlib import Path

import cyclopts

from benchmarks.prints.work import compare_tiled_and_untiled, stylize_print
from bottega.runtime import system_info

app = cyclopts.App(help=__doc__)


@app.default
def measure(*, sizes: str = "1024,2048,4096,8192", out: Path = Path("benchmarks/prints/results")) -> None:
    """Run the benchmark and write the table.

    Parameters
    ----------
    sizes
        Sides of square results in pixels, separated by commas.
    out
        Folder of the table.
    """
    context = multiprocessing.get_context("spawn")
    rows = []
    for size in map(int, sizes.split(",")):
        with context.Pool(1) as pool:
            rows.append(pool.apply(stylize_print, (size,)))
        print(json.dumps(rows[-1]), flush=True)
    with context.Pool(1) as pool:
        difference = pool.apply(compare_tiled_and_untiled)
    out.mkdir(parents=True, exist_ok=True)
    command = shlex.join(["python", "-m", "benchmarks.prints", *sys.argv[1:]])
    results = {
        "command": command,
        "machine": system_info(),
        "rows": rows,
        "tiled_mean_difference_255ths": difference,
    }
    (out / "prints.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (out / "prints.md").write_text(table(rows, difference, command), encoding="utf-8")
    print((out / "prints.md").read_text(encoding="utf-8"))


def table(rows: list[dict[str, float]], difference: float, command: str) -> str:
    """The results as Markdown."""
    lines = [
        f"`{command}`: the packaged encoder, bf16 where the processor supports it, one picture, one style.",
        "",
        "| pixels | peak memory | seconds per iteration at that size |",
        "| --- | ---: | ---: |",
    ]
    lines += [
        f"| {r['size']:.0f} × {r['size']:.0f} | {r['peak_gb']:.2f} GB | {r['seconds_per_iteration']:.1f} |"
        for r in rows
    ]
    lines += ["", f"Tiles of 256 against no tiles at 1024 × 683: mean difference {difference} / 255.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    app()
