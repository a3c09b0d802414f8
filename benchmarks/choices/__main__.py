"""Simulated artists and what is learned from them: ``python -m benchmarks.choices --data FOLDER``.

Sessions are kept as they end, so that a run that was stopped goes on. Without ``--data`` items are made up.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import cyclopts

import bottega
from benchmarks.choices.artists import KINDS
from benchmarks.choices.contestants import CONTESTANTS
from benchmarks.choices.material import Material, made_up, real
from benchmarks.choices.report import write
from benchmarks.choices.session import GRIDS, Row, run
from bottega.runtime import system_info

app = cyclopts.App(help=__doc__)

STOPS = (5, 10, 20, GRIDS)


@app.default
def measure(
    *,
    data: Path | None = None,
    artists: int = 12,
    noises: str = "0.5,1",
    kept: Path = Path("runs/choices"),
    out: Path = Path("benchmarks/choices/results"),
) -> None:
    """Write the tables.

    Parameters
    ----------
    data
        Folder of pictures that the artists choose from.
    artists
        How many of each kind.
    noises
        Scales of the noise of choice, where utility has the deviation 1; separated by commas.
    kept
        Folder of the items that were read, and of sessions that ended.
    out
        Folder of the tables.
    """
    material = made_up() if data is None else real(data, kept / f"{data.name}.json")
    ledger = kept / f"{'made-up' if data is None else data.name}.jsonl"
    rows = list(_rows(material, ledger, artists, [float(word) for word in noises.split(",")]))
    header = {
        "command": shlex.join(["python", "-m", "benchmarks.choices", *sys.argv[1:]]),
        "material": material.name,
        "machine": system_info(),
        "bottega": bottega.__version__,
    }
    print(write(rows, header, out).read_text(encoding="utf-8"))


def _rows(material: Material, ledger: Path, artists: int, noises: list[float]) -> Iterator[Row]:
    done: dict[tuple[str, str, float, int], list[Row]] = {}
    text = ledger.read_text(encoding="utf-8") if ledger.exists() else ""
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            found = [Row(**row) for row in json.loads(line)]
            done[found[0].contestant, found[0].kind, found[0].noise, found[0].seed] = found
    for noise in noises:
        for seed in range(artists):
            for kind in KINDS:
                for contestant in CONTESTANTS:
                    key = (contestant, kind, noise, seed)
                    if key not in done:
                        done[key] = run(contestant, kind, noise, seed, material, STOPS)
                        ledger.parent.mkdir(parents=True, exist_ok=True)
                        with ledger.open("a", encoding="utf-8") as file:
                            file.write(json.dumps([asdict(row) for row in done[key]]) + "\n")
                        print(key, f"{done[key][-1].pairs:.3f} {done[key][-1].proposed:.3f}", flush=True)
                    yield from done[key]


if __name__ == "__main__":
    app()
