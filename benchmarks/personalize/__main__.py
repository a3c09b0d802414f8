"""Personalisation match and slider curves: ``python -m benchmarks.personalize match --data COLLECTION``.

Rows are kept in ``results/*.jsonl`` as they come, so that a run can be stopped and gone on with; ``report``
writes the tables.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import cyclopts

from benchmarks.personalize.contestants import CONTESTANTS, NEEDS_NETWORK
from benchmarks.personalize.ledger import append, go_on
from benchmarks.personalize.material import held_out, pairs, square
from benchmarks.personalize.measures import measure
from benchmarks.personalize.report import report as written
from benchmarks.personalize.sliders import slide, sliders
from benchmarks.personalize.spans import measured_spans
from benchmarks.personalize.ways import WAYS, walk
from bottega import generate
from bottega.errors import SettingsError
from bottega.personalize import load
from bottega.runtime import tune_allocator
from bottega.weights import entry

RESULTS = Path("benchmarks/personalize/results")
BATCH = 4

app = cyclopts.App(help=__doc__)


@app.command
def match(
    *,
    data: Path,
    weights: str = "adjust",
    drafts: str = "",
    count: int = 500,
    contestants: str = ";".join(CONTESTANTS),
) -> None:
    """Measure the match on random pairs.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    weights
        Of the network: a name or a file.
    drafts
        A generator, by its name, whose drafts are adjusted; without it, held-out pictures are.
    count
        Pairs.
    contestants
        Some of them, separated by semicolons.
    """
    tune_allocator()
    names = [name.strip() for name in contestants.split(";") if name.strip()]
    unknown = set(names) - set(CONTESTANTS)
    if unknown:
        raise SettingsError(f"There is no contestant {unknown.pop()}; there are {'; '.join(CONTESTANTS)}.")
    network = load(weights) if NEEDS_NETWORK & set(names) else None
    generator = generate.load(drafts) if drafts else None
    rows_file = RESULTS / f"match{'-' if drafts else ''}{drafts}.jsonl"
    used = fingerprint(weights, drafts)
    done = {(row["contestant"], row["pair"]) for row in go_on(rows_file, used)}
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        missing = [name for name in names if any((name, number) not in done for number in numbers)]
        if not missing:
            continue
        batch = pairs(data, numbers.start, numbers.stop, generator)
        for name in missing:
            made = CONTESTANTS[name](batch, network)
            rows = measure(made, batch.drafts, batch.asked)
            append(
                rows_file,
                [
                    {"contestant": name, "pair": i, "weights": used, **row}
                    for i, row in zip(numbers, rows, strict=True)
                    if (name, i) not in done
                ],
            )
        print(f"{numbers.stop} of {count}", flush=True)


@app.command
def curves(*, data: Path, weights: str = "adjust", count: int = 4) -> None:
    """Measure the slider curves on two pictures or more; ``--weights none`` goes without the network."""
    tune_allocator()
    network = None if weights == "none" else load(weights)
    drafts = [square(file) for file in held_out(data)[:count]]
    rows_file, used = RESULTS / "sliders.jsonl", fingerprint(weights)
    done = {(row["slider"], row["picture"]) for row in go_on(rows_file, used)}
    for number, draft in enumerate(drafts):
        for attribute, place, name in sliders():
            if (name, number) not in done:
                curve = slide(draft, attribute, place, network)
                append(
                    RESULTS / "sliders.jsonl", [{"slider": name, "picture": number, "weights": used, **curve}]
                )
        for way in WAYS:
            if (way, number) not in done:
                curve = walk(way, draft, drafts[number - 1], network)
                append(
                    RESULTS / "sliders.jsonl", [{"slider": way, "picture": number, "weights": used, **curve}]
                )


def fingerprint(*sources: str) -> str:
    """What tells the weights of these names or files from others."""
    found = []
    for source in sources:
        if source.endswith(".safetensors"):
            found.append(hashlib.sha256(Path(source).read_bytes()).hexdigest()[:12])
        elif source not in ("", "none"):
            found.append(entry(source).sha256[:12])
    return "+".join(found)


@app.command
def spans(*, data: Path, count: int = 400) -> None:
    """Print the span of every attribute: the 95th percentile of distances of random pairs."""
    for name, (span, low, high) in measured_spans(data, count).items():
        print(f"{name:18s} span {span:.3f}, 5th and 95th percentile {low:.2f}, {high:.2f}")


@app.command
def report() -> None:
    """Write the tables from the rows that are there."""
    print(written(RESULTS))


if __name__ == "__main__":
    app()
