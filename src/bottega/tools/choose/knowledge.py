"""What is known of a user's preferences so far, in a sentence, and how many more picks are needed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bottega.personalize.preference import PreferenceModel

TYPICAL_PICKS = 12
"""Picks until the first preference is usually certain; the estimate while nothing is known."""
MAX_NAMED_PREFERENCES = 3


def picks_needed(model: PreferenceModel) -> int:
    """About how many more picks make a first preference certain; 0 if one is certain already.

    The z-score of a preference grows with the square root of the number of votes.
    """
    from scipy.special import ndtri

    from bottega.personalize.preference.explain import MIN_CERTAINTY

    votes = len(model.votes)
    if votes == 0:
        return TYPICAL_PICKS
    explanation = model.explain()
    if explanation.significant:
        return 0
    # A certainty of one third, as among three equal thirds, is no evidence.
    best = max((preference.certainty for preference in explanation.preferences), default=1 / 3)
    evidence = float(ndtri(min(max(best, 0.34), 0.999))) - float(ndtri(1 / 3))
    required = float(ndtri(MIN_CERTAINTY)) - float(ndtri(1 / 3))
    estimate = votes * (required / max(evidence, 0.1)) ** 2 - votes
    return min(max(1, math.ceil(estimate)), max(1, 2 * TYPICAL_PICKS - votes))


def progress_sentence(model: PreferenceModel) -> str:
    """What is known so far, and how many more picks are needed."""
    explanation = model.explain()
    words = [preference.words for preference in explanation.significant[:MAX_NAMED_PREFERENCES]]
    if words:
        return f"So far you prefer {_and(words)}."
    likely = explanation.preferences[0].words if explanation.preferences else ""
    guess = f" (perhaps {likely})" if likely else ""
    return f"Nothing is certain yet{guess}. {more_picks_sentence(model)}"


def more_picks_sentence(model: PreferenceModel) -> str:
    """How many more picks are needed; empty if enough is known for a condition."""
    count = picks_needed(model)
    if count == 0:
        return ""
    return "About 1 more pick is needed." if count == 1 else f"About {count} more picks are needed."


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
