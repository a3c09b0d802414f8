"""How the time of each tool grows with the size of a collection: 10, 100 and (with --large) 1,000 pictures.

    python -m benchmarks.collections [--large] [--output benchmarks/results/collections.md]

All tools run in one process, after a first run on ten pictures that loads what they need. The pictures are
random crops of the sample photographs, 512 pixels wide, as JPEG files. Wall time and the processor time of
all threads, both of the whole call.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bottega import pictures
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.registry import TOOLS
from bottega.tools.workflow.prepare_data import prepare

SIDES = (512, 384)
SIZES, LARGE_SIZE = (10, 100), 1000
PREPARED_SIDE = 64
Task = Callable[[Path, Path], object]


def make_collection(folder: Path, count: int) -> None:
    """Write ``count`` different crops of the sample photographs."""
    import torch

    photographs = [pictures.photograph(name).pixels for name in pictures.PHOTOGRAPHS]
    generator = torch.Generator().manual_seed(count)
    folder.mkdir()
    for index in range(count):
        photograph = photographs[index % len(photographs)]
        width = int(torch.randint(160, 512, (1,), generator=generator))
        height = width * SIDES[1] // SIDES[0]
        top = int(torch.randint(photograph.shape[-2] - height, (1,), generator=generator))
        left = int(torch.randint(photograph.shape[-1] - width, (1,), generator=generator))
        crop = photograph[..., top : top + height, left : left + width]
        pictures.save(pictures.resize(crop, (SIDES[1], SIDES[0])), folder / f"{folder.name}-{index:04d}.jpg")


def run_tool(name: str, **settings: object) -> None:
    """Run a tool without output."""
    tool = TOOLS[name]
    tool.run(tool.configure(settings), ProgressReporter())


TASKS: dict[str, Task] = {
    "analyze": lambda data, out: run_tool("analyze", picture=data, output=out / "all.condition.json"),
    "evaluate": lambda data, out: run_tool(
        "evaluate", results=data, against=data.parent / "reference", report=out / "report.html"
    ),
    "choose start": lambda data, out: run_tool(
        "choose start", pictures=data, preferences=out / "mine.preferences.json", sheet=out / "sheet.jpg"
    ),
    "workflow, stage prepare": lambda data, out: prepare(
        data, out / "prepared", PREPARED_SIDE, 10, lambda done, count: None
    ),
    "stylize": lambda data, out: run_tool("stylize", content=data, style=["woodcut"], output=out / "styled"),
}
"""What is timed, with the folder of pictures and a folder for results."""


def measure(task: Task, data: Path) -> tuple[float, float]:
    """Seconds of wall time and of processor time."""
    with tempfile.TemporaryDirectory() as out:
        started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
        task(data, Path(out))
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return time.monotonic() - started, cpu


def table(results: dict[str, dict[int, tuple[float, float]]]) -> str:
    """A Markdown table with seconds of wall and processor time by tool and size."""
    sizes = list(next(iter(results.values())))
    head = " | ".join(f"{size:,} pictures" for size in sizes)
    lines = [f"| tool | {head} | processor time per picture |", "| --- |" + " --- |" * (len(sizes) + 1)]
    for name, by_size in results.items():
        cells = " | ".join(f"{wall:.1f} s ({cpu:.1f} s)" for wall, cpu in by_size.values())
        per_picture = ", ".join(f"{1000 * cpu / size:.0f}" for size, (_, cpu) in by_size.items())
        lines.append(f"| {name} | {cells} | {per_picture} ms |")
    return "\n".join(lines)


def main() -> None:
    """Print a table, and write it with ``--output``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help=f"also {LARGE_SIZE:,} pictures")
    parser.add_argument("--tool", action="append", choices=TASKS, help="only this one; may be repeated")
    parser.add_argument("--output", type=Path, help="also write the table to this file")
    arguments = parser.parse_args()
    sizes = (*SIZES, LARGE_SIZE) if arguments.large else SIZES
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        os.environ["BOTTEGA_HOME"] = str(root / "home")
        make_collection(root / "reference", 50)
        for size in sizes:
            make_collection(root / str(size), size)
        results: dict[str, dict[int, tuple[float, float]]] = {}
        for tool in arguments.tool or TASKS:
            measure(TASKS[tool], root / str(sizes[0]))
            results[tool] = {size: measure(TASKS[tool], root / str(size)) for size in sizes}
            print(table({tool: results[tool]}), flush=True)
    text = table(results)
    print(text)
    if arguments.output:
        note = "Seconds of wall time (of processor time); `python -m benchmarks.collections`.\n\n"
        arguments.output.write_text(note + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
