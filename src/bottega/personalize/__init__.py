"""What an artist asks of a picture, as numbers: conditions, their analysis, their match, and the adjustment.

>>> condition = Condition(palette="#203040,#e0c080", lightness=0.4, subject=(0.3, 0.6))
>>> result = adjust(picture, condition, network=load_adjustment_net())
>>> match(condition, analyze_condition(result)).mean
"""

from bottega.layers.palette import MAX_PALETTE_COLORS, Palette, PaletteColor, parse_palette
from bottega.personalize.adjust.network import (
    AdjustmentNet,
    load_adjustment_net,
    load_packaged_adjustment_net,
    save_adjustment_net,
)
from bottega.personalize.adjust.pipeline import adjust
from bottega.personalize.analysis.analyze import analyze, analyze_condition, mean_condition
from bottega.personalize.analysis.style import embed_style
from bottega.personalize.condition import (
    ATTRIBUTES,
    VECTOR_SIZE,
    Attribute,
    Condition,
    StrokeDirection,
    StyleEmbedding,
    mix_conditions,
)
from bottega.personalize.match import Match, attribute_distances, match

__all__ = [
    "ATTRIBUTES", "MAX_PALETTE_COLORS", "VECTOR_SIZE", "AdjustmentNet", "Attribute", "Condition", "Match",
    "Palette", "PaletteColor", "StrokeDirection", "StyleEmbedding", "adjust", "analyze", "analyze_condition",
    "attribute_distances", "embed_style", "load_adjustment_net", "load_packaged_adjustment_net", "match",
    "mean_condition", "mix_conditions", "parse_palette", "save_adjustment_net",
]  # fmt: skip
