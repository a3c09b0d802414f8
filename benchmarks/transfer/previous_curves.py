"""Curves of an earlier run, for methods whose weights are missing: means and intervals, no single pairs."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from benchmarks.transfer.candidates import Candidate
from benchmarks.transfer.curves import Curve
from benchmarks.transfer.measures import MEASURES, PROTOCOL
from bottega.errors import SettingsError
from bottega.evaluation import Interval


def previous_curves(
    path: Path, missing: Sequence[Candidate], pairs: Collection[str], encoder: str
) -> tuple[list[Curve], dict[str, str]]:
    """Curves of the missing methods, and the weights that they were made with.

    Raises:
        SettingsError: the file is not such a table, or has another protocol or other pairs.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        measured = (table["protocol"], table["encoder"])
        methods, sources = table["methods"], table["sources"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} is not a table of this benchmark ({error}).") from None
    if measured != (PROTOCOL, encoder):
        raise SettingsError(
            f"{path} was measured by protocol {measured[0]} and the encoder {measured[1]}, not by {PROTOCOL} "
            f"and {encoder}."
        )
    names = [candidate.name for candidate in missing if candidate.name in methods]
    if any(set(methods[name]["pairs"]) - set(pairs) for name in names):
        raise SettingsError(f"{path} was measured on other pairs.")
    return [_curve(name, methods[name]) for name in names], {name: sources[name] for name in names}


def _curve(name: str, method: dict[str, Any]) -> Curve:
    points = method["strengths"]
    summaries = tuple({m: Interval(**point[m]) for m in MEASURES if m in point} for point in points)
    strengths, pairs = tuple(point["strength"] for point in points), tuple(method["pairs"])
    return Curve(name, method["title"], strengths, pairs, pairs, {}, summaries)
