"""What an artist wants of a picture, as numbers: conditions, their reader, their match, and the adjustment.

>>> wanted = Condition(palette="#203040,#e0c080", lightness=0.4, subject=(0.3, 0.6))
>>> result = adjust(picture, wanted, network=load())
>>> match(wanted, read_condition(result)).mean
"""

from bottega.personalize.adjust import adjust, described, load, packaged, save
from bottega.personalize.attributes import ATTRIBUTES, NUMBERS, SWATCHES, Attribute
from bottega.personalize.condition import Condition, Direction, StyleEmbedding, mixed
from bottega.personalize.match import Match, distances, match
from bottega.personalize.network import AdjustmentNet
from bottega.personalize.reading import read, read_condition, read_many
from bottega.personalize.style import read_style, style_match
from bottega.personalize.swatch import Swatch, palette_of

__all__ = [
    "ATTRIBUTES",
    "NUMBERS",
    "SWATCHES",
    "AdjustmentNet",
    "Attribute",
    "Condition",
    "Direction",
    "Match",
    "StyleEmbedding",
    "Swatch",
    "adjust",
    "described",
    "distances",
    "load",
    "match",
    "mixed",
    "packaged",
    "palette_of",
    "read",
    "read_condition",
    "read_many",
    "read_style",
    "save",
    "style_match",
]
