"""From pictures to items: traits with words for their values, and an embedding by an encoder."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.encoders import Encoder, load_encoder
from bottega.layers.palette import MAX_PALETTE_COLORS
from bottega.personalize.analysis.analyze import analyze
from bottega.personalize.analysis.pixels import resize_for_analysis
from bottega.personalize.condition import ATTRIBUTES
from bottega.personalize.preference.features import Item, Trait

TRAITS: tuple[Trait, ...] = tuple(
    Trait(name=name, low=low, middle=middle, high=high)
    for name, low, middle, high in (
        ("lightness", "dark pictures", "pictures neither dark nor light", "light pictures"),
        ("contrast", "low contrast", "medium contrast", "strong contrast"),
        ("saturation", "muted colors", "colors of medium strength", "vivid colors"),
        ("warmth", "cool colors", "colors neither cool nor warm", "warm colors"),
        ("redness", "greens", "neither greens nor reds", "reds"),
        ("variety", "colors close to each other", "some variety of colors", "colors far apart"),
        ("subject_x", "subjects on the left", "subjects halfway across", "subjects on the right"),
        ("subject_y", "subjects high up", "subjects halfway down", "subjects low down"),
        ("subject_size", "small subjects", "subjects of medium size", "large or spread-out subjects"),
        ("horizon", "high horizons", "horizons at medium height", "low horizons"),
        ("symmetry", "left unlike right", "loose symmetry", "symmetry"),
        ("thirds", "subjects off the thirds", "subjects near the thirds", "subjects on the thirds"),
        ("empty_space", "filled pictures", "some empty space", "much empty space"),
        ("stroke_size", "fine strokes", "strokes of medium size", "large strokes"),
        ("level_strokes", "upright strokes", "strokes neither upright nor level", "level strokes"),
        (
            "rising_strokes",
            "strokes that fall to the right",
            "few slanting strokes",
            "strokes that rise to the right",
        ),
        ("roughness", "smooth surfaces", "medium grain", "rough surfaces"),
        ("abstraction", "detail everywhere", "some flat areas", "flat areas between few edges"),
    )
)
"""Most are attributes of a condition; :func:`measure_traits` derives the others."""

ENCODER = "small"
LAYERS = ("relu3_3", "relu4_3")
ENCODER_SIDE = 128  # shorter side of the encoder's input, in pixels
EMBEDDING_SIZE = 24

MIN_ACTIVATION = 1e-2  # added to activations before the logarithm; their mean over natural pictures is 1
READER_VERSION = 1  # of everything in this file: items of another version are not comparable


class ItemReader:
    """Makes items from pictures; loads the packaged encoder once."""

    def __init__(self) -> None:
        self.encoder: Encoder = load_encoder(ENCODER)
        channels = sum(self.encoder.channels[layer] for layer in LAYERS)
        # Random projections keep distances (Johnson & Lindenstrauss 1984); fixed, so that the numbers mean
        # the same in every profile.
        random = torch.randn(
            channels, EMBEDDING_SIZE, generator=torch.Generator().manual_seed(0), dtype=torch.float64
        )
        self.projection = torch.linalg.qr(random).Q.float()

    @torch.no_grad()
    def read(self, name: str, picture: Tensor) -> Item:
        """The item of one picture ``(1, 3, H, W)``, sRGB in [0, 1]."""
        picture = picture.float()
        features = self.encoder(resize_for_analysis(picture, ENCODER_SIDE), LAYERS)
        means = torch.cat([features[layer].mean((0, 2, 3)) for layer in LAYERS])
        embedding = (means + MIN_ACTIVATION).log() @ self.projection
        return Item(id=name, traits=measure_traits(analyze(picture)[0]), embedding=tuple(embedding.tolist()))


def measure_traits(vector: Tensor) -> dict[str, float]:
    """The traits in a condition's vector ``(D,)``.

    Directions of strokes are cos 2φ and sin 2φ times how aligned they are; ``redness`` is the palette's mean
    a of OKLab, ``variety`` the root mean square distance of its colors from their mean in a and b.
    """
    values = {name: vector[attribute.columns] for name, attribute in ATTRIBUTES.items()}
    palette = values["palette"].view(MAX_PALETTE_COLORS, 4)
    shares = palette[:, 3:] / palette[:, 3].sum()
    chroma = palette[:, 1:3]
    mean = (shares * chroma).sum(0)
    derived = {
        "redness": mean[0],
        "variety": (shares * (chroma - mean).square()).sum().sqrt(),
        "subject_x": values["subject"][0],
        "subject_y": values["subject"][1],
        "level_strokes": values["stroke_direction"][0],
        "rising_strokes": values["stroke_direction"][1],
    }
    return {
        trait.name: float(derived[trait.name] if trait.name in derived else values[trait.name][0])
        for trait in TRAITS
    }
