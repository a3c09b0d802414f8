"""Human ratings: a page to rate on, its answers, and the agreement of the raters."""

from bottega.evaluation.ratings.form import QUESTIONS, rating_form
from bottega.evaluation.ratings.responses import (
    Rating,
    RatingSummary,
    krippendorff_alpha,
    rating_section,
    read_ratings,
    summarize_ratings,
)

__all__ = [
    "QUESTIONS", "Rating", "RatingSummary", "krippendorff_alpha", "rating_form", "rating_section",
    "read_ratings", "summarize_ratings",
]  # fmt: skip
