"""The style's own marks: strokes, hatching, dots and grain, taken from its picture and laid on another.

What a small network learns of texture in an hour is hardly more than its strength. The marks themselves are
in the style picture; :func:`marks_of` keeps them, and :func:`lay` puts those down that fit.
"""

from __future__ import annotations

from bottega.transfer.texture.patches import (
    BESIDE_MARKS,
    Marks,
    amplitudes,
    less_marks,
    marks_of,
    mixed_marks,
)
from bottega.transfer.texture.synthesis import MAGNIFICATIONS, REACH, lay, lay_magnified, marked

__all__ = [
    "BESIDE_MARKS",
    "MAGNIFICATIONS",
    "REACH",
    "Marks",
    "amplitudes",
    "lay",
    "lay_magnified",
    "less_marks",
    "marked",
    "marks_of",
    "mixed_marks",
]
