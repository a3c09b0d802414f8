"""The attributes of a condition: their ranges, their places in the vector, and how they are said."""

from __future__ import annotations

from dataclasses import dataclass

SWATCHES = 6
"""Most colours of a palette."""


@dataclass(frozen=True)
class Attribute:
    """One thing that can be asked of a picture.

    Attributes:
        name: as the field of :class:`~bottega.personalize.Condition`.
        low, high: the range of each number.
        part: its place in the vector.
        span: the distance that 95 of 100 pairs of pictures stay below (``benchmarks.personalize spans``, on
            1,500 random pairs of 400 free photographs and paintings): the unit of the match.
        says: what it is, for tables and helps.
    """

    name: str
    low: float
    high: float
    part: slice
    span: float
    says: str


def _table() -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    start = 0
    for name, low, high, size, span, says in _ROWS:
        found[name] = Attribute(name, low, high, slice(start, start + size), span, says)
        start += size
    return found


_ROWS = (
    # name, low, high, numbers, span, says
    ("palette", -0.5, 1, 4 * SWATCHES, 0.38, "colours with their shares, in OKLab"),
    ("lightness", 0, 1, 1, 0.38, "mean lightness: 0 black, 1 white"),
    ("contrast", 0, 1, 1, 0.27, "spread of lightness: 0 one tone, 1 black and white in equal parts"),
    ("saturation", 0, 1, 1, 0.20, "mean chroma: 0 grey, 1 as vivid as a screen can be"),
    ("warmth", -1, 1, 1, 0.26, "from blue (below 0) to orange (above 0)"),
    ("subject", 0, 1, 2, 0.24, "centre of what stands out: x from the left, y from the top"),
    ("subject_size", 0, 1, 1, 0.34, "how far it spreads: 0 a point, 1 the whole picture"),
    ("horizon", 0, 1, 1, 0.60, "height at which the picture parts: 0 the top edge, 1 the bottom edge"),
    ("symmetry", 0, 1, 1, 0.43, "left against right: 1 mirrored, 0.5 unlike, 0 reversed"),
    ("thirds", 0, 1, 1, 0.19, "share of what stands out near the four crossings of thirds"),
    ("empty_space", 0, 1, 1, 0.40, "share of calm areas"),
    ("stroke_size", 0, 1, 1, 0.13, "size of detail: 0 the finest, 1 an eighth of the picture"),
    ("stroke_direction", -1, 1, 2, 0.60, "direction of strokes in degrees, and how alike they run"),
    ("roughness", 0, 1, 1, 0.26, "strength of fine detail: 0 smooth, 1 coarse grain"),
    ("abstraction", 0, 1, 1, 0.28, "flat areas between few edges: 0 detail everywhere, 1 nothing but flat"),
)

ATTRIBUTES: dict[str, Attribute] = _table()
"""By name, in the order of the vector."""

NUMBERS = sum(row[3] for row in _ROWS)
"""Length of the vector."""
