"""A sheet of stylized pictures: one row per pair, one column per method."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.transfer.candidates import Candidate
from benchmarks.transfer.picture_pairs import SIDE, Pair
from bottega import pictures


def picture_path(run: Path, candidate: Candidate, pair: Pair) -> Path:
    """The file of a method's picture at its greatest strength."""
    name = pair.name.replace("/", " ").replace(", ", " ")
    return run / "stylized" / candidate.identity.replace(" ", "-") / f"{name}.png"


def save_sheet(candidates: Sequence[Candidate], pairs: Sequence[Pair], run: Path, name: str) -> Path:
    """Write the sheet: the style, then every method with a picture. Returns its path."""
    rows, labels = [], []
    for pair in pairs:
        files = [(each.title, picture_path(run, each, pair)) for each in candidates]
        stylized = [(title, pictures.load(file).pixels) for title, file in files if file.exists()]
        rows.append([pair.load()[1], *(picture for _, picture in stylized)])
        labels.append([pair.artist, *(title for title, _ in stylized)])
    target = run / f"{name}-sheet.png"
    return pictures.save(pictures.contact_sheet(rows, labels=labels, height=SIDE), target)
