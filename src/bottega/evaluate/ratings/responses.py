"""Answers from the rating form, as files of JSON or CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from bottega.errors import SettingsError
from bottega.evaluate.ratings.form import FORMAT

COLUMNS = ("rater", "group", "file", "question", "score")
LOWEST, HIGHEST = 1, 10


@dataclass(frozen=True)
class Rating:
    """One answer: 1 to 10."""

    rater: str
    group: str
    file: str
    question: str
    score: int


def read_ratings(files: Sequence[Path | str]) -> list[Rating]:
    """All answers of these files.

    Raises:
        SettingsError: a file is missing, is no answer to a rating form, has a score that is not 1 to 10, or
            one rater answered a question about one picture twice (the same file given twice, or two people
            who wrote the same name).
    """
    found: dict[tuple[str, str, str, str], Rating] = {}
    for file in map(Path, files):
        for row in _rows(file):
            rating = _rating(file, row)
            key = (rating.rater, rating.group, rating.file, rating.question)
            if key in found:
                raise SettingsError(
                    f"{file}: {rating.rater} has rated the {rating.question} of {rating.file} before; was "
                    "a file "
                    "given twice, or do two people have one name?"
                )
            found[key] = rating
    if not found:
        raise SettingsError(f"There are no ratings in {', '.join(map(str, files)) or 'no files'}.")
    return list(found.values())


def _rows(file: Path) -> Iterable[Mapping[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"{file} cannot be read as ratings: {reason}.") from None
    if file.suffix.lower() == ".csv":
        return list(csv.DictReader(StringIO(text)))
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError
        return [{"rater": data["rater"], **row} for row in data["ratings"]]
    except (ValueError, TypeError, KeyError):
        raise SettingsError(
            f"{file} is no file of ratings; it is saved by the page that --form makes."
        ) from None


def _rating(file: Path, row: Mapping[str, Any]) -> Rating:
    missing = [name for name in COLUMNS if not str(row.get(name) or "").strip()]
    if missing:
        raise SettingsError(f"{file}: a rating has no {missing[0]}; there must be {', '.join(COLUMNS)}.")
    try:
        score = float(row["score"])
    except ValueError:
        score = float("nan")
    if score not in range(LOWEST, HIGHEST + 1):
        raise SettingsError(
            f"{file}: the {row['question']} of {row['file']} was rated {row['score']}; "
            f"scores go from {LOWEST} to {HIGHEST}."
        )
    rater, group, name, question = (str(row[key]).strip() for key in COLUMNS[:-1])
    return Rating(rater, group, name, question, int(score))
