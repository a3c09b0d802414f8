"""How fast the micro network paints: ``python -m benchmarks.transfer.speed``.

Beside it runs a network of MicroAST's shape, on the same engines. All take turns in one process, so that
whatever else the machine does meets all of them alike; figures are medians. docs/benchmarks.md says what is
timed. Wants an idle machine.
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

from benchmarks.transfer.microast import MicroASTShaped
from benchmarks.transfer.nets import is_packaged, micro_network, microast_network
from benchmarks.transfer.racers import ENGINES, Racer, ours, rival
from bottega.errors import BottegaError, ResourceError
from bottega.evaluate import psnr
from bottega.pictures import photograph, resize
from bottega.runtime import configure_malloc, set_threads, system_info
from bottega.styles import paint as paint_style
from bottega.transfer.feedforward import MicroNet

SIZES = {"256": (256, 256), "512": (512, 512), "720p": (720, 1280), "1080p": (1080, 1920), "4k": (2160, 3840)}
STYLE = 512
SLOWEST = "eager fp32"

app = cyclopts.App(help=__doc__)


@app.default
def race(
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
    racers, notes = enlist(*networks, [each.strip() for each in engines.split(",")], count)
    if micro is None and not is_packaged():
        notes.append("No weights of the micro network are packaged: random ones, whose PSNR says little.")
    if microast is None:
        notes.append("The network of MicroAST's shape has random weights, whose PSNR says little.")
    rows: list[dict[str, Any]] = []
    for size in [each.strip() for each in sizes.split(",")]:
        rows += run(racers, size, seconds)
        facts = {
            "command": shlex.join(["python", "-m", "benchmarks.transfer.speed", *sys.argv[1:]]),
            "machine": system_info(),
            "notes": notes,
            "rows": rows,
        }
        out.mkdir(parents=True, exist_ok=True)
        (out / "speed.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        (out / "speed.md").write_text(table(facts), encoding="utf-8")
    print((out / "speed.md").read_text(encoding="utf-8"))


def enlist(
    micro: MicroNet, microast: MicroASTShaped, engines: Sequence[str], threads: int
) -> tuple[list[Racer], list[str]]:
    """All who can start, and why the others cannot."""
    racers, notes = [], []
    for engine in engines:
        for make in (partial(ours, micro), partial(rival, microast)):
            try:
                racers.append(make(engine, threads))
            except ResourceError as error:
                notes.append(f"{engine}: {error}")
    return racers, notes


def run(racers: Sequence[Racer], size: str, seconds: float) -> list[dict[str, Any]]:
    """Let them take turns at one size."""
    content = resize(photograph("china").pixels, SIZES[size])
    style = paint_style("impasto", (STYLE, STYLE))
    codes = [racer.encode(style) for racer in racers]
    pictures = [racer.paint(content, code).clone() for racer, code in zip(racers, codes, strict=True)]
    exact = {r.network: p for r, p in zip(racers, pictures, strict=True) if r.engine == SLOWEST}
    painting: list[list[float]] = [[] for _ in racers]
    encoding: list[list[float]] = [[] for _ in racers]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(painting[0]) < 3:
        for number, racer in enumerate(racers):
            painting[number].append(_milliseconds(racer.paint, content, codes[number]))
            encoding[number].append(_milliseconds(racer.encode, style))
    rows = []
    for number, racer in enumerate(racers):
        same = exact.get(racer.network)
        rows.append(
            {
                "size": size,
                "network": racer.network,
                "engine": racer.engine,
                "painting_ms": round(statistics.median(painting[number]), 2),
                "encoding_ms": round(statistics.median(encoding[number]), 2),
                "turns": len(painting[number]),
                "psnr_to_eager_fp32": None if same is None else _psnr(pictures[number], same),
            }
        )
    return rows


def _milliseconds(work: Callable[..., Any], *given: Any) -> float:
    start = time.perf_counter()
    work(*given)
    return 1000 * (time.perf_counter() - start)


def _psnr(picture: Tensor, exact: Tensor) -> float:
    return round(min(psnr(picture, exact), 99.0), 1)


def table(facts: dict[str, Any]) -> str:
    """The figures as Markdown."""
    about, rows = facts["machine"], facts["rows"]
    lines = [
        f"`{facts['command']}`",
        "",
        f"{about['cpu']}, {about['threads']} threads, torch {about['torch']}. Milliseconds, medians.",
        f"The style is {STYLE} × {STYLE}; *with style* is encoding it and painting.",
        "",
        *[f"- {note}" for note in facts["notes"]],
        "",
        "| size | engine | micro | with style | PSNR | MicroAST's shape | with style | PSNR "
        "| times as fast | as it in eager fp32 |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    found = {(row["size"], row["engine"], row["network"]): row for row in rows}
    for size, engine in dict.fromkeys((row["size"], row["engine"]) for row in rows):
        pair = [found.get((size, engine, network)) for network in ("micro", "microast")]
        slow = found.get((size, SLOWEST, "microast"))
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
