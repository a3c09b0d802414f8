"""The traits of pictures that choices are explained by, and how they are said."""

from __future__ import annotations

from bottega.personalize.choices.items import Trait

TRAITS: tuple[Trait, ...] = tuple(
    Trait(name=name, low=low, middle=middle, high=high)
    for name, low, middle, high in (
        ("lightness", "dark pictures", "pictures neither dark nor light", "light pictures"),
        ("contrast", "low contrast", "middling contrast", "strong contrast"),
        ("saturation", "muted colours", "colours of middling strength", "vivid colours"),
        ("warmth", "cool colours", "colours neither cool nor warm", "warm colours"),
        ("redness", "greens", "neither greens nor reds", "reds"),
        ("variety", "colours close to each other", "some variety of colours", "colours far apart"),
        ("subject_x", "subjects on the left", "subjects halfway across", "subjects on the right"),
        ("subject_y", "subjects high up", "subjects halfway down", "subjects low down"),
        ("subject_size", "small subjects", "subjects of middling size", "large or spread-out subjects"),
        ("horizon", "high horizons", "horizons at middling height", "low horizons"),
        ("symmetry", "left unlike right", "loose symmetry", "symmetry"),
        ("thirds", "subjects off the thirds", "subjects near the thirds", "subjects on the thirds"),
        ("empty_space", "filled pictures", "some empty space", "much empty space"),
        ("stroke_size", "fine strokes", "strokes of middling size", "large strokes"),
        ("level_strokes", "upright strokes", "strokes neither upright nor level", "level strokes"),
        (
            "rising_strokes",
            "strokes that fall to the right",
            "few slanting strokes",
            "strokes that rise to the right",
        ),
        ("roughness", "smooth surfaces", "middling grain", "rough surfaces"),
        ("abstraction", "detail everywhere", "some flat areas", "flat areas between few edges"),
    )
)
"""Most are attributes of a condition as they stand; ``reading`` says how the others follow from it."""
