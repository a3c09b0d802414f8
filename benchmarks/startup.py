"""How long the command line takes to start, compared with ``python -c "import torch"``.

Every command runs as a process of its own, several times in turn, so that other work on the machine meets all
alike. ``python -m benchmarks.startup -o benchmarks/startup.json``
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bottega.pictures import photograph, save
from bottega.runtime import system_info

TORCH = "import torch"
STYLIZE = ("-m", "bottega", "stylize", "china.png", "--overwrite", "-o", "out.png", "--style")
COMMANDS = {
    TORCH: ("-c", TORCH),
    "stylize 640 pixels, style of 640 pixels": (*STYLIZE, "flower.png"),
    "stylize 640 pixels, cached bundled style": (*STYLIZE, "woodcut"),
    "wrong file name": ("-m", "bottega", "stylize", "missing.png", "--style", "woodcut"),
    "--help": ("-m", "bottega", "--help"),
}


def run(arguments: tuple[str, ...], folder: Path) -> tuple[float, float]:
    """Seconds on the clock, and of the processors, for one process."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "BOTTEGA_CACHE": str(folder / "cache")},
        capture_output=True,
        check=False,
    )
    seconds, after = time.perf_counter() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("china", "flower"):
            save(photograph(name), folder / f"{name}.png")
        for name in COMMANDS:
            run(COMMANDS[name], folder)  # fills the caches of the system and of Bottega
        for _ in range(options.repeats):
            for name, arguments in COMMANDS.items():
                times[name].append(run(arguments, folder))
    rows = []
    for name, values in times.items():
        # Ratios within one turn, because the load of a machine changes between turns.
        ratios = [
            [own / reference for own, reference in zip(pair, base, strict=True)]
            for pair, base in zip(values, times[TORCH], strict=True)
        ]
        rows.append(
            {
                "command": name,
                "seconds": round(statistics.median(seconds for seconds, _ in values), 2),
                "cpu_seconds": round(statistics.median(cpu for _, cpu in values), 2),
                "times_import_torch": round(statistics.median(clock for clock, _ in ratios), 2),
                "cpu_times_import_torch": round(statistics.median(cpu for _, cpu in ratios), 2),
            }
        )
    for row in rows:
        print(row)
    if options.output is not None:
        load = [round(value, 1) for value in os.getloadavg()]
        result = {"repeats": options.repeats, "load": load, "machine": system_info(), "rows": rows}
        options.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
