"""How much memory one pass takes, from photographs to prints: ``python -m benchmarks.transfer.memory``.

Each size is stylized in a process of its own, bytes in and bytes out; its peak is the kernel's count of the
whole process, libraries and both pictures included. And tiles are compared with the whole.
"""

from __future__ import annotations

import json
import multiprocessing
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import cyclopts
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.transfer.network_files import micro_network
from bottega.errors import BottegaError
from bottega.pictures import photograph
from bottega.runtime import configure_malloc, peak_memory, system_info
from bottega.styles import paint as paint_style
from bottega.transfer.feedforward import StyleEngine, StyleTarget, load_style_engine
from bottega.transfer.feedforward.tiling import TiledRunner

app = cyclopts.App(help=__doc__)


@app.default
def measure(
    *,
    sizes: str = "1024,2048,4096,8192,16384",
    micro: Path | None = None,
    engine: str = "auto",
    compared: int = 1024,
    out: Path = Path("benchmarks/transfer/results"),
) -> None:
    """Measure every size.

    Parameters
    ----------
    sizes
        Sides of square pictures in pixels, separated by commas.
    micro
        A network's file; without it the packaged one.
    engine
        torch, openvino, or auto.
    compared
        Side of the picture that is stylized whole and in tiles.
    out
        Folder of the tables.
    """
    context = multiprocessing.get_context("spawn")
    rows = []
    for size in map(int, sizes.split(",")):
        with context.Pool(1) as pool:
            rows.append(pool.apply(paint, (size, micro, engine)))
        print(json.dumps(rows[-1]), flush=True)
    with context.Pool(1) as pool:
        difference = pool.apply(compare, (compared, micro, engine))
    report = {
        "command": shlex.join(["python", "-m", "benchmarks.transfer.memory", *sys.argv[1:]]),
        "machine": system_info(),
        "rows": rows,
        "tiles": difference,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "memory.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (out / "memory.md").write_text(table(report), encoding="utf-8")
    print((out / "memory.md").read_text(encoding="utf-8"))


def paint(size: int, micro: Path | None, engine: str) -> dict[str, Any]:
    """One picture; runs in a process of its own."""
    configure_malloc()
    runner = _load_engine(micro, engine, "auto")
    code = runner.encode(paint_style("impasto", (512, 512)))
    content = tiled_photograph(size)
    start = time.perf_counter()
    runner.stylize_bytes(content, StyleTarget(code))
    return {
        "size": size,
        "engine": f"{runner.engine} {runner.precision}",
        "tiled": size**2 > runner.max_pixels_in_memory(size**2),
        "seconds": round(time.perf_counter() - start, 2),
        "peak_gb": round(peak_memory() / 1e9, 2),
    }


def compare(size: int, micro: Path | None, engine: str) -> dict[str, Any]:
    """Largest and mean difference of tiles of 256 from the whole in float32, in gray levels of 255."""
    content = torch.from_numpy(tiled_photograph(size)).permute(2, 0, 1)[None] / 255
    runner = _load_engine(micro, engine, "fp32")
    target = StyleTarget(runner.encode(paint_style("impasto", (512, 512))))
    whole = runner.stylize(content, target)
    assert isinstance(runner._runner, TiledRunner)
    runner._runner.max_untiled_pixels, runner._runner.tile_size = 0, 256
    difference = (runner.stylize(content, target) - whole).abs() * 255
    largest, mean = (float(f"{float(each):.2g}") for each in (difference.max(), difference.mean()))
    return {"size": size, "largest": largest, "mean": mean}


def _load_engine(micro: Path | None, engine: str, precision: str) -> StyleEngine:
    return load_style_engine(micro_network(micro), engine=engine, precision=precision, device="cpu")


def tiled_photograph(size: int) -> NDArray[np.uint8]:
    """A photograph, side by side with itself until it is large enough."""
    pixels = (photograph("china").pixels[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    result = np.empty((size, size, 3), np.uint8)
    height, width = pixels.shape[:2]
    for top in range(0, size, height):
        for left in range(0, size, width):
            part = result[top : top + height, left : left + width]
            part[:] = pixels[: part.shape[0], : part.shape[1]]
    return result


def table(report: dict[str, Any]) -> str:
    """The figures as Markdown."""
    about, difference = report["machine"], report["tiles"]
    lines = [
        f"`{report['command']}`",
        "",
        f"{about['cpu']}, {about['threads']} threads. Bytes in, bytes out, one style.",
        "",
        "| pixels | engine | processing | seconds | peak memory of the process |",
        "| --- | --- | --- | --: | --: |",
    ]
    lines += [
        f"| {r['size']} × {r['size']} | {r['engine']} | {'in tiles' if r['tiled'] else 'whole'} "
        f"| {r['seconds']} | {r['peak_gb']:.2f} GB |"
        for r in report["rows"]
    ]
    lines += [
        "",
        f"Tiles of 256 against the whole at {difference['size']} × {difference['size']} in float32: at most "
        f"{difference['largest']} / 255, {difference['mean']} / 255 on average.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        app()
    except BottegaError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
