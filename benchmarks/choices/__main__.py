"""Simulated artists and what is learned from them: ``python -m benchmarks.choices --data FOLDER``.

Finished sessions are cached, so that a stopped run can resume. Without ``--data`` items are made up.
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
from benchmarks.choices.item_pool import ItemPool, picture_items, synthetic_items
from benchmarks.choices.learners import LEARNERS
from benchmarks.choices.session import GRIDS, Row, run
from benchmarks.choices.tables import write
from bottega.runtime import system_info

app = cyclopts.App(help=__doc__)

STOPS = (5, 10, 20, GRIDS)


@app.default
def measure(
    *,
    data: Path | None = None,
    artists: int = 12,
    noises: str = "0.5,1",
    cache: Path = Path("runs/choices"),
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
    cache
        Folder of the items that were read, and of sessions that ended.
    out
        Folder of the tables.
    """
    pool = synthetic_items() if data is None else picture_items(data, cache / f"{data.name}.json")
    sessions_file = cache / f"{'synthetic' if data is None else data.name}.jsonl"
    rows = list(_rows(pool, sessions_file, artists, [float(word) for word in noises.split(",")]))
    header = {
        "command": shlex.join(["python", "-m", "benchmarks.choices", *sys.argv[1:]]),
        "pool": pool.name,
        "machine": system_info(),
        "bottega": bottega.__version__,
    }
    print(write(rows, header, out).read_text(encoding="utf-8"))


def _rows(pool: ItemPool, sessions_file: Path, artists: int, noises: list[float]) -> Iterator[Row]:
    done: dict[tuple[str, str, float, int], list[Row]] = {}
    text = sessions_file.read_text(encoding="utf-8") if sessions_file.exists() else ""
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            session = [Row(**row) for row in json.loads(line)]
            done[session[0].learner, session[0].kind, session[0].noise, session[0].seed] = session
    for noise in noises:
        for seed in range(artists):
            for kind in KINDS:
                for learner in LEARNERS:
                    key = (learner, kind, noise, seed)
                    if key not in done:
                        done[key] = run(learner, kind, noise, seed, pool, STOPS)
                        sessions_file.parent.mkdir(parents=True, exist_ok=True)
                        with sessions_file.open("a", encoding="utf-8") as file:
                            file.write(json.dumps([asdict(row) for row in done[key]]) + "\n")
                        print(key, f"{done[key][-1].pairs:.3f} {done[key][-1].proposed:.3f}", flush=True)
                    yield from done[key]


if __name__ == "__main__":
    app()
