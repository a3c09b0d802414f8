"""What people think: a page to rate on, its answers, and how far the raters agree."""

from bottega.evaluate.ratings.agreement import krippendorff_alpha
from bottega.evaluate.ratings.form import QUESTIONS, rating_form
from bottega.evaluate.ratings.responses import Rating, read_ratings
from bottega.evaluate.ratings.summary import RatingSummary, rating_section, summarise

__all__ = [
    "QUESTIONS",
    "Rating",
    "RatingSummary",
    "krippendorff_alpha",
    "rating_form",
    "rating_section",
    "read_ratings",
    "summarise",
]
