"""Preference learning: what an artist prefers, from ratings, picks out of nine and likes.

It works on items, which are named numbers and an embedding; :mod:`~.item_reader` makes them from pictures.
"""

from bottega.personalize.preference.events import Event, Like, Pick, Presentation, Rating, Revocation
from bottega.personalize.preference.explain import Explanation, TraitInteraction, TraitPreference
from bottega.personalize.preference.features import Item, ItemSpace, Trait
from bottega.personalize.preference.model import PreferenceModel
from bottega.personalize.preference.posterior import Posterior

__all__ = [
    "Event", "Explanation", "Item", "ItemSpace", "Like", "Pick", "Posterior", "PreferenceModel",
    "Presentation", "Rating", "Revocation", "Trait", "TraitInteraction", "TraitPreference",
]  # fmt: skip
