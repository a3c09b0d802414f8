"""Learning from choices: what an artist favours, from ratings, picks out of nine and stars.

It knows no pictures: items are named numbers and an embedding. :mod:`~.reading` makes them from pictures.
"""

from bottega.personalize.choices.belief import Belief
from bottega.personalize.choices.explanation import Explanation, Favour, Together
from bottega.personalize.choices.items import Item, Space, Trait
from bottega.personalize.choices.taste import Taste
from bottega.personalize.choices.votes import Event, Like, Pick, Rating, Revocation, Shown

__all__ = [
    "Belief",
    "Event",
    "Explanation",
    "Favour",
    "Item",
    "Like",
    "Pick",
    "Rating",
    "Revocation",
    "Shown",
    "Space",
    "Taste",
    "Together",
    "Trait",
]
