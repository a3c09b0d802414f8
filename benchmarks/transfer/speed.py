"""How fast the micro network is: ``python -m benchmarks.transfer.speed``.

It is compared with a network of MicroAST's shape on the same engines. All take turns in one process, so that
other load affects them equally; times are medians. docs/experiments/transfer.md explains what is
timed. Needs an idle machine.
"""

from __future__ import annotations

import json
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cyclopts
from torch import Tensor

from benchmarks.transfer.engine_runs import ENGINES, EngineRun, micro_run, microast_run
from benchmarks.transfer.microast import MicroASTShaped
from benchmarks.transfer.network_files import is_packaged, micro_network, microast_network
from bottega.errors import BottegaError, ResourceError
from bottega.evaluation import psnr
from bottega.pictures import photograph, resize
from bottega.runtime import configure_malloc, set_threads, system_info
from bottega.styles import paint as paint_style
from bottega.transfer.feedforward import MicroNet

SIZES = {"256": (256, 256), "512": (512, 512), "720p": (720, 1280), "1080p": (1080, 1920), "4k": (2160, 3840)}
STYLE_SIDE = 512
BASELINE_ENGINE = "eager fp32"

app = cyclopts.App(help=__doc__)


@app.default
def measure(
    *,
    micro: Path | None = None,
    microast: Path | None = None,
    sizes: str = ",".join(SIZES),
    engines: str = ",".join(ENGINES),
    seconds: float = 20,
    threads: int = 0,
    out: Path = Path("benchmarks/transfer/results"),
) -> None:
    """Time everything.

    Parameters
    ----------
    micro, microast
        Files of networks; without them the packaged network, and random weights for the other.
    sizes
        Of 256, 512, 720p, 1080p, 4k.
    engines
        Of "eager fp32", "eager bf16", "compiled fp32", "torch bf16", "openvino bf16".
    seconds
        How long turns are taken at each size, at least three.
    threads
        Of the processor; 0 takes all cores.
    out
        Folder of the tables.
    """
    configure_malloc()
    count = set_threads(threads)
    networks = micro_network(micro), microast_network(microast)
    runs, notes = build_runs(*networks, [each.strip() for each in engines.split(",")], count)
    if micro is None and not is_packaged():
        notes.append("No weights of the micro network are packaged: random ones, whose PSNR says little.")
    if microast is None:
        notes.append("The network of MicroAST's shape has random weights, whose PSNR says little.")
    rows: list[dict[str, Any]] = []
    for size in [each.strip() for each in sizes.split(",")]:
        rows += time_runs(runs, size, seconds)
        report = {
            "command": shlex.join(["python", "-m", "benchmarks.transfer.speed", *sys.argv[1:]]),
            "machine": system_info(),
            "notes": notes,
            "rows": rows,
        }
        out.mkdir(parents=True, exist_ok=True)
        (out / "speed.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        (out / "speed.md").write_text(table(report), encoding="utf-8")
    print((out / "speed.md").read_text(encoding="utf-8"))


def build_runs(
    micro: MicroNet, microast: MicroASTShaped, engines: Sequence[str], threads: int
) -> tuple[list[EngineRun], list[str]]:
    """The runs that can start, and why the others cannot."""
    runs, notes = [], []
    for engine in engines:
        for make in (partial(micro_run, micro), partial(microast_run, microast)):
            try:
                runs.append(make(engine, threads))
            except ResourceError as error:
                notes.append(f"{engine}: {error}")
    return runs, notes


def time_runs(runs: Sequence[EngineRun], size: str, seconds: float) -> list[dict[str, Any]]:
    """Time all runs in turns at one size."""
    content = resize(photograph("china").pixels, SIZES[size])
    style = paint_style("impasto", (STYLE_SIDE, STYLE_SIDE))
    codes = [candidate.encode(style) for candidate in runs]
    pictures = [candidate.paint(content, code).clone() for candidate, code in zip(runs, codes, strict=True)]
    exact = {r.network: p for r, p in zip(runs, pictures, strict=True) if r.engine == BASELINE_ENGINE}
    painting: list[list[float]] = [[] for _ in runs]
    encoding: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(painting[0]) < 3:
        for index, candidate in enumerate(runs):
            painting[index].append(_milliseconds(candidate.paint, content, codes[index]))
            encoding[index].append(_milliseconds(candidate.encode, style))
    rows = []
    for index, candidate in enumerate(runs):
        same = exact.get(candidate.network)
        rows.append(
            {
                "size": size,
                "network": candidate.network,
                "engine": candidate.engine,
                "painting_ms": round(statistics.median(painting[index]), 2),
                "encoding_ms": round(statistics.median(encoding[index]), 2),
                "turns": len(painting[index]),
                "psnr_to_eager_fp32": None if same is None else _psnr(pictures[index], same),
            }
        )
    return rows


def _milliseconds(work: Callable[..., Any], *args: Any) -> float:
    start = time.perf_counter()
    work(*args)
    return 1000 * (time.perf_counter() - start)


def _psnr(picture: Tensor, exact: Tensor) -> float:
    return round(min(psnr(picture, exact), 99.0), 1)


def table(report: dict[str, Any]) -> str:
    """The figures as Markdown."""
    about, rows = report["machine"], report["rows"]
    lines = [
        f"`{report['command']}`",
        "",
        f"{about['cpu']}, {about['threads']} threads, torch {about['torch']}. Milliseconds, medians.",
        f"The style is {STYLE_SIDE} × {STYLE_SIDE}; *with style* is encoding it and painting.",
        "",
        *[f"- {note}" for note in report["notes"]],
        "",
        "| size | engine | micro | with style | PSNR | MicroAST's shape | with style | PSNR "
        "| times as fast | as it in eager fp32 |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    by_key = {(row["size"], row["engine"], row["network"]): row for row in rows}
    for size, engine in dict.fromkeys((row["size"], row["engine"]) for row in rows):
        pair = [by_key.get((size, engine, network)) for network in ("micro", "microast")]
        slow = by_key.get((size, BASELINE_ENGINE, "microast"))
        cells = [cell for row in pair for cell in _cells(row)]
        ratios = [_times(each, pair[0]) for each in (pair[1], slow)]
        lines.append(f"| {' | '.join([size, engine, *cells, *ratios])} |")
    return "\n".join(lines) + "\n"


def _cells(row: dict[str, Any] | None) -> list[str]:
    if row is None:
        return ["–"] * 3
    exact = row["psnr_to_eager_fp32"]
    both = row["painting_ms"] + row["encoding_ms"]
    return [f"{row['painting_ms']:.1f}", f"{both:.1f}", "–" if exact is None else f"{exact:.0f} dB"]


def _times(slow: dict[str, Any] | None, fast: dict[str, Any] | None) -> str:
    return "–" if slow is None or fast is None else f"**{slow['painting_ms'] / fast['painting_ms']:.1f}** ×"


if __name__ == "__main__":
    try:
        app()
    except BottegaError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
