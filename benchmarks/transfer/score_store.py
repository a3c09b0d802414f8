"""Scores saved as JSON lines, so that a stopped run continues."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.transfer.measures import PROTOCOL, Scores

Key = tuple[str, str, float, str]
"""Pair, identity of the method, strength, encoder of the measures."""


class ScoreStore:
    """All scores of one file; each new one is appended at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scores: dict[Key, Scores] = {}
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        # A run that was killed may have left half a line: its scores are computed again, on a new line.
        self._incomplete_line = bool(text) and not text.endswith("\n")
        for line in text.splitlines():
            self._read(line)

    def find(self, key: Key) -> Scores | None:
        """The scores, or None."""
        return self.scores.get(key)

    def add(self, key: Key, scores: Scores) -> None:
        """Save scores."""
        self.scores[key] = scores
        line = json.dumps({"protocol": PROTOCOL, "key": key, "scores": asdict(scores)}, ensure_ascii=False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(("\n" if self._incomplete_line else "") + line + "\n")
        self._incomplete_line = False

    def _read(self, line: str) -> None:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            return
        if entry["protocol"] == PROTOCOL:
            pair, identity, strength, encoder = entry["key"]
            self.scores[(pair, identity, strength, encoder)] = Scores(**entry["scores"])
