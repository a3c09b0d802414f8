"""Personalization match and slider curves: ``python -m benchmarks.personalize match --data COLLECTION``.

Rows are appended to ``results/*.jsonl``, so that a stopped run continues; ``report`` writes the tables.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import cyclopts

from benchmarks.personalize.attribute_scales import measure_attribute_scales
from benchmarks.personalize.measurements import measure
from benchmarks.personalize.methods import METHODS, NEEDS_NETWORK
from benchmarks.personalize.mixtures import MIXTURES, mixture_curve
from benchmarks.personalize.pairs import held_out, pairs, square
from benchmarks.personalize.report import report as write_report
from benchmarks.personalize.result_rows import append_rows, read_matching_rows
from benchmarks.personalize.sliders import slide, sliders
from bottega import generation
from bottega.errors import SettingsError
from bottega.personalize import load_adjustment_net
from bottega.runtime import configure_malloc
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
    methods: str = ";".join(METHODS),
) -> None:
    """Measure the match on random pairs.

    Parameters
    ----------
    data
        The image collection (see ``recipes/split.py``).
    weights
        Of the network: a name or a file.
    drafts
        A generator, by its name, whose drafts are adjusted; without it, held-out pictures are.
    count
        Pairs.
    methods
        Some of them, separated by semicolons.
    """
    configure_malloc()
    names = [name.strip() for name in methods.split(";") if name.strip()]
    unknown = set(names) - set(METHODS)
    if unknown:
        raise SettingsError(f"Unknown method {unknown.pop()}; choose from {'; '.join(METHODS)}.")
    network = load_adjustment_net(weights) if NEEDS_NETWORK & set(names) else None
    generator = generation.load(drafts) if drafts else None
    rows_file = RESULTS / f"match{'-' if drafts else ''}{drafts}.jsonl"
    used = weights_id(weights, drafts)
    done = {(row["method"], row["pair"]) for row in read_matching_rows(rows_file, used)}
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        missing = [name for name in names if any((name, number) not in done for number in numbers)]
        if not missing:
            continue
        batch = pairs(data, numbers.start, numbers.stop, generator)
        for name in missing:
            adjusted = METHODS[name](batch, network)
            rows = measure(adjusted, batch.drafts, batch.requested)
            append_rows(
                rows_file,
                [
                    {"method": name, "pair": i, "weights": used, **row}
                    for i, row in zip(numbers, rows, strict=True)
                    if (name, i) not in done
                ],
            )
        print(f"{numbers.stop} of {count}", flush=True)


@app.command
def curves(*, data: Path, weights: str = "adjust", count: int = 4) -> None:
    """Measure the slider curves on two pictures or more; ``--weights none`` goes without the network."""
    configure_malloc()
    network = None if weights == "none" else load_adjustment_net(weights)
    drafts = [square(file) for file in held_out(data)[:count]]
    rows_file, used = RESULTS / "sliders.jsonl", weights_id(weights)
    done = {(row["slider"], row["picture"]) for row in read_matching_rows(rows_file, used)}
    for number, draft in enumerate(drafts):
        for attribute, place, name in sliders():
            if (name, number) not in done:
                curve = slide(draft, attribute, place, network)
                append_rows(
                    RESULTS / "sliders.jsonl", [{"slider": name, "picture": number, "weights": used, **curve}]
                )
        for mixture in MIXTURES:
            if (mixture, number) not in done:
                curve = mixture_curve(mixture, draft, drafts[number - 1], network)
                append_rows(
                    RESULTS / "sliders.jsonl",
                    [{"slider": mixture, "picture": number, "weights": used, **curve}],
                )


def weights_id(*sources: str) -> str:
    """Short hashes of the weights of these names or files."""
    hashes = []
    for source in sources:
        if source.endswith(".safetensors"):
            hashes.append(hashlib.sha256(Path(source).read_bytes()).hexdigest()[:12])
        elif source not in ("", "none"):
            hashes.append(entry(source).sha256[:12])
    return "+".join(hashes)


@app.command
def scales(*, data: Path, count: int = 400) -> None:
    """Print the scale of every attribute: the 95th percentile of distances of random pairs."""
    for name, (scale, low, high) in measure_attribute_scales(data, count).items():
        print(f"{name:18s} scale {scale:.3f}, 5th and 95th percentile {low:.2f}, {high:.2f}")


@app.command
def report() -> None:
    """Write the tables from the rows so far."""
    print(write_report(RESULTS))


if __name__ == "__main__":
    app()
