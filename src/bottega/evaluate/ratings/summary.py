"""What the ratings come to: means with intervals by group and question, and the raters' agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bottega.evaluate.metrics.bootstrap import Interval, bootstrap_interval
from bottega.evaluate.ratings.agreement import krippendorff_alpha
from bottega.evaluate.ratings.responses import Rating
from bottega.evaluate.report.html import Section
from bottega.evaluate.report.metric_rows import Figure

RESULTS, REFERENCE = "results", "reference"


@dataclass(frozen=True)
class RatingSummary:
    """Means and agreement.

    Attributes:
        means: by group, then by question.
        agreement: Krippendorff's alpha by question, over all groups; NaN with one rater.
        raters: how many.
        pictures: how many were rated.
    """

    means: dict[str, dict[str, Interval]]
    agreement: dict[str, float]
    raters: int
    pictures: int

    def plain(self) -> dict[str, Any]:
        """For JSON."""
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


def summarise(ratings: Sequence[Rating], *, seed: int = 0) -> RatingSummary:
    """Means over all answers of a group, with bootstrap intervals in which the answers about one picture are
    drawn together: two people who rate one picture are not two pictures.
    """
    groups = list(dict.fromkeys(rating.group for rating in ratings))
    questions = list(dict.fromkeys(rating.question for rating in ratings))
    means: dict[str, dict[str, Interval]] = {}
    for group in groups:
        for question in questions:
            chosen = [each for each in ratings if (each.group, each.question) == (group, question)]
            if chosen:
                means.setdefault(group, {})[question] = bootstrap_interval(
                    [each.score for each in chosen], groups=[each.file for each in chosen], seed=seed
                )
    return RatingSummary(
        means,
        {question: krippendorff_alpha(_table(ratings, question)) for question in questions},
        len({each.rater for each in ratings}),
        len({(each.group, each.file) for each in ratings}),
    )


def rating_section(summary: RatingSummary) -> Section:
    """A chapter of the report."""
    ours = summary.means.get(RESULTS, {})
    theirs = summary.means.get(REFERENCE, {})
    figures = [
        Figure(
            f"{question} (rated)",
            value,
            theirs[question].estimate if question in theirs else float("nan"),
            "higher",
            _agreed(summary.agreement[question]),
        )
        for question, value in ours.items()
    ]
    people = "one person" if summary.raters == 1 else f"{summary.raters} people"
    text = (
        f"Out of ten, by {people}, who saw {summary.pictures} pictures in random order and were not told "
        "which are "
        "results. Intervals are over pictures; they say nothing of other raters."
    )
    return Section("Rated by people", (text,), figures)


def _agreed(alpha: float) -> str:
    if not np.isfinite(alpha):
        return "agreement of raters: unknown"
    return f"agreement of raters (Krippendorff's alpha): {alpha:.2f}"


def _table(ratings: Sequence[Rating], question: str) -> NDArray[np.float64]:
    chosen = [each for each in ratings if each.question == question]
    raters = list(dict.fromkeys(each.rater for each in chosen))
    pictures = list(dict.fromkeys((each.group, each.file) for each in chosen))
    table = np.full((len(raters), len(pictures)), np.nan)
    for each in chosen:
        table[raters.index(each.rater), pictures.index((each.group, each.file))] = each.score
    return table
