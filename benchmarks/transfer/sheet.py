"""A sheet of painted pictures: one row per pair, one column per method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.transfer.entrants import Entrant
from benchmarks.transfer.material import SIDE, Pair
from bottega import pictures


def kept_file(run: Path, entrant: Entrant, pair: Pair) -> Path:
    """Where the picture of a method at its greatest strength is kept."""
    name = pair.name.replace("/", " ").replace(", ", " ")
    return run / "painted" / entrant.identity.replace(" ", "-") / f"{name}.png"


def save_sheet(here: Sequence[Entrant], pairs: Sequence[Pair], run: Path, name: str) -> Path:
    """Write the sheet of what was kept: the style, then every method. Returns its path.

    Methods that paint fewer pairs leave the end of their column out.
    """
    rows, labels = [], []
    for pair in pairs:
        files = [(each.title, kept_file(run, each, pair)) for each in here]
        painted = [(title, pictures.load(file).pixels) for title, file in files if file.exists()]
        rows.append([pair.load()[1], *(picture for _, picture in painted)])
        labels.append([pair.painter, *(title for title, _ in painted)])
    target = run / f"{name}-sheet.png"
    return pictures.save(pictures.contact_sheet(rows, labels=labels, height=SIDE), target)
