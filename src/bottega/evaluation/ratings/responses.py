"""Answers of the rating form: reading them, their means with intervals, and the agreement of the raters."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bottega.errors import SettingsError
from bottega.evaluation.metrics.bootstrap import Interval, bootstrap_interval
from bottega.evaluation.ratings.form import FORMAT
from bottega.evaluation.report.html import Section
from bottega.evaluation.report.metric_rows import MetricRow

COLUMNS = ("rater", "group", "file", "question", "score")
MIN_SCORE, MAX_SCORE = 1, 10
RESULTS, REFERENCE = "results", "reference"


@dataclass(frozen=True)
class Rating:
    """One answer, with a score of 1 to 10."""

    rater: str
    group: str
    file: str
    question: str
    score: int


def read_ratings(files: Sequence[Path | str]) -> list[Rating]:
    """All answers in these files.

    Raises:
        SettingsError: a file is missing or not a ratings file, a score is not 1 to 10, or one rater answered
            a question about one picture twice (a file given twice, or two people with the same name).
    """
    ratings: dict[tuple[str, str, str, str], Rating] = {}
    for file in map(Path, files):
        for row in _rows(file):
            rating = _rating(file, row)
            key = (rating.rater, rating.group, rating.file, rating.question)
            if key in ratings:
                raise SettingsError(
                    f"{file}: {rating.rater} has rated the {rating.question} of {rating.file} before. A file "
                    "may be given only once, and two people need different names."
                )
            ratings[key] = rating
    if not ratings:
        raise SettingsError(f"There are no ratings in {', '.join(map(str, files)) or 'no files'}.")
    return list(ratings.values())


def _rows(file: Path) -> Iterable[Mapping[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
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
            f"{file} is not a ratings file; the page that --form makes saves such files."
        ) from None


def _rating(file: Path, row: Mapping[str, Any]) -> Rating:
    missing = [name for name in COLUMNS if not str(row.get(name) or "").strip()]
    if missing:
        raise SettingsError(f"{file}: a rating has no {missing[0]}; it needs {', '.join(COLUMNS)}.")
    try:
        score = float(row["score"])
    except ValueError:
        score = float("nan")
    if score not in range(MIN_SCORE, MAX_SCORE + 1):
        raise SettingsError(
            f"{file}: the {row['question']} of {row['file']} was rated {row['score']}; "
            f"scores go from {MIN_SCORE} to {MAX_SCORE}."
        )
    rater, group, name, question = (str(row[key]).strip() for key in COLUMNS[:-1])
    return Rating(rater, group, name, question, int(score))


@dataclass(frozen=True)
class RatingSummary:
    """Means and agreement.

    Attributes:
        means: by group, then by question.
        agreement: Krippendorff's alpha by question, over all groups; NaN with one rater.
        raters, pictures: their numbers.
    """

    means: dict[str, dict[str, Interval]]
    agreement: dict[str, float]
    raters: int
    pictures: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON: NaN becomes null."""
        return {
            "raters": self.raters,
            "pictures": self.pictures,
            "means": {
                group: {name: [value.estimate, value.low, value.high] for name, value in rows.items()}
                for group, rows in self.means.items()
            },
            "agreement": {
                name: value if np.isfinite(value) else None for name, value in self.agreement.items()
            },
        }


def summarize_ratings(ratings: Sequence[Rating]) -> RatingSummary:
    """Means over all answers of a group, with bootstrap intervals over pictures.

    The answers about one picture are resampled together: two raters of one picture are not two pictures.
    """
    groups = list(dict.fromkeys(rating.group for rating in ratings))
    questions = list(dict.fromkeys(rating.question for rating in ratings))
    means: dict[str, dict[str, Interval]] = {}
    for group in groups:
        for question in questions:
            chosen = [each for each in ratings if (each.group, each.question) == (group, question)]
            if chosen:
                means.setdefault(group, {})[question] = bootstrap_interval(
                    [each.score for each in chosen], groups=[each.file for each in chosen]
                )
    return RatingSummary(
        means,
        {question: krippendorff_alpha(_score_table(ratings, question)) for question in questions},
        len({each.rater for each in ratings}),
        len({(each.group, each.file) for each in ratings}),
    )


def rating_section(summary: RatingSummary) -> Section:
    """The ratings as a section of the report."""
    reference = summary.means.get(REFERENCE, {})
    rows = []
    for question, value in summary.means.get(RESULTS, {}).items():
        alpha = summary.agreement[question]
        rows.append(
            MetricRow(
                f"{question} (rated)",
                value,
                reference[question].estimate if question in reference else float("nan"),
                "higher",
                f"agreement of raters (Krippendorff's alpha): {alpha:.2f}"
                if np.isfinite(alpha)
                else "agreement of raters: unknown",
            )
        )
    people = "one person" if summary.raters == 1 else f"{summary.raters} people"
    text = (
        f"Out of ten, by {people}, who saw {summary.pictures} pictures in random order without knowing which "
        "are results. Intervals are over pictures, not over raters."
    )
    return Section("Rated by people", (text,), rows)


def krippendorff_alpha(scores: ArrayLike) -> float:
    """Agreement of raters beyond chance, for scores on an interval scale (Krippendorff 2011, "Computing
    Krippendorff's alpha").

    One minus the mean squared difference of two scores of one item over that of any two scores.

    Args:
        scores: ``(raters, items)``; NaN where a rater skipped an item. Items with one score do not count.

    Returns:
        1 where all agree, about 0 for random scores, below 0 where raters contradict each other; NaN where
        all scores are equal, or no item has two.

    Raises:
        SettingsError: not a table.
    """
    table = np.asarray(scores, float)
    if table.ndim != 2:
        raise SettingsError(f"Agreement needs a table of raters and items; this has the shape {table.shape}.")
    columns = [column[np.isfinite(column)] for column in table.T]
    columns = [column for column in columns if len(column) > 1]
    if not columns:
        return float("nan")
    every = np.concatenate(columns)
    # The sum of squared differences over ordered pairs is 2 n² times the variance.
    within = sum(2 * len(column) ** 2 * column.var() / (len(column) - 1) for column in columns)
    overall = 2 * len(every) ** 2 * every.var() / (len(every) - 1)
    return float(1 - within / overall) if overall > 0 else float("nan")


def _score_table(ratings: Sequence[Rating], question: str) -> NDArray[np.float64]:
    """Scores ``(raters, pictures)`` of one question, NaN where missing."""
    chosen = [each for each in ratings if each.question == question]
    raters = list(dict.fromkeys(each.rater for each in chosen))
    pictures = list(dict.fromkeys((each.group, each.file) for each in chosen))
    table = np.full((len(raters), len(pictures)), np.nan)
    for each in chosen:
        table[raters.index(each.rater), pictures.index((each.group, each.file))] = each.score
    return table
