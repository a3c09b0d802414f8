"""Rows of results, one JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bottega.errors import SettingsError


def append_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Add rows; each batch at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))


def read_matching_rows(path: Path, weights: str) -> list[dict[str, Any]]:
    """All rows, which must be of these ``weights``.

    Raises:
        SettingsError: some are of other weights; a mean over both would be meaningless.
    """
    rows = read_rows(path)
    others = {row.get("weights") for row in rows} - {weights}
    if others:
        raise SettingsError(
            f"{path} holds rows of other weights, {', '.join(map(str, others))}, not {weights}: move it away."
        )
    return rows


def read_rows(path: Path) -> list[dict[str, Any]]:
    """All rows; an empty list where the file is missing."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
