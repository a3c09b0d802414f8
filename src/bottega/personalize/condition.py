"""What an artist asks of a picture: measurable attributes, styles, and the file that holds them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import torch
from pydantic import Field, field_validator
from torch import Tensor

from bottega.errors import SettingsError
from bottega.files import atomic_write
from bottega.layers import normalize_weights
from bottega.layers.palette import (
    MAX_PALETTE_COLORS,
    Palette,
    PaletteColor,
    check_palette_size,
    mix_palettes,
    palette_from_tensor,
    palette_to_tensor,
    parse_palette,
    scale_shares,
)
from bottega.personalize.versioned_json import (
    CONDITION_FILE,
    FORMAT_VERSION,
    FrozenModel,
    check_json_path,
    read_versioned_json,
)

# name, low, high, count of numbers, scale, description
_ATTRIBUTES = (
    ("palette", -0.5, 1, 4 * MAX_PALETTE_COLORS, 0.38, "colors with their shares, in OKLab"),
    ("lightness", 0, 1, 1, 0.38, "mean lightness: 0 black, 1 white"),
    ("contrast", 0, 1, 1, 0.27, "spread of lightness: 0 one tone, 1 black and white in equal parts"),
    ("saturation", 0, 1, 1, 0.20, "mean chroma: 0 gray, 1 as vivid as a screen can be"),
    ("warmth", -1, 1, 1, 0.26, "from blue (below 0) to orange (above 0)"),
    ("subject", 0, 1, 2, 0.24, "center of what stands out: x from the left, y from the top"),
    ("subject_size", 0, 1, 1, 0.34, "how far it spreads: 0 a point, 1 the whole picture"),
    ("horizon", 0, 1, 1, 0.60, "height at which the picture parts: 0 the top edge, 1 the bottom edge"),
    ("symmetry", 0, 1, 1, 0.43, "left against right: 1 mirrored, 0.5 unlike, 0 reversed"),
    ("thirds", 0, 1, 1, 0.19, "share of what stands out near the four crossings of thirds"),
    ("empty_space", 0, 1, 1, 0.40, "share of calm areas"),
    ("stroke_size", 0, 1, 1, 0.13, "size of detail: 0 the finest, 1 an eighth of the picture"),
    ("stroke_direction", -1, 1, 2, 0.60, "direction of strokes in degrees, and how aligned they are"),
    ("roughness", 0, 1, 1, 0.26, "strength of fine detail: 0 smooth, 1 coarse grain"),
    ("abstraction", 0, 1, 1, 0.28, "flat areas between few edges: 0 detail everywhere, 1 nothing but flat"),
)


@dataclass(frozen=True)
class Attribute:
    """One measurable attribute of a picture.

    Attributes:
        name: as the field of :class:`Condition`.
        low, high: the range of each number.
        columns: its place in the vector.
        scale: the distance that 95 of 100 pairs of pictures stay below (``benchmarks.personalize scales``, on
            1,500 random pairs of 400 free photographs and paintings): the unit of the match.
        description: for tables and helps.
    """

    name: str
    low: float
    high: float
    columns: slice
    scale: float
    description: str


def _attributes() -> dict[str, Attribute]:
    attributes, start = {}, 0
    for name, low, high, size, scale, description in _ATTRIBUTES:
        attributes[name] = Attribute(name, low, high, slice(start, start + size), scale, description)
        start += size
    return attributes


ATTRIBUTES: dict[str, Attribute] = _attributes()  # by name, in the order of the vector
VECTOR_SIZE = sum(row[3] for row in _ATTRIBUTES)  # D, the length of the vector

Unit = Annotated[float, Field(ge=0, le=1)]


class StrokeDirection(FrozenModel):
    """Where strokes run: degrees from the horizontal, counterclockwise, and how aligned they are."""

    degrees: float = Field(ge=0, lt=180)
    strength: Unit = 1.0


class StyleEmbedding(FrozenModel):
    """What the arbitrary-style network measures of style pictures (see :mod:`~.analysis.style`)."""

    network: str = Field(description="start of the sha256 of the network's weights")
    colors: tuple[float, ...] = Field(description="3 means and 9 second moments of sRGB")
    means: tuple[float, ...] = Field(description="of all channels of all layers")
    deviations: tuple[float, ...]


class Condition(FrozenModel):
    """The attributes that a picture should have; ``None`` leaves an attribute open.

    Numbers are in [0, 1] unless stated otherwise; :data:`ATTRIBUTES` describes them, and
    docs/concepts/conditions.md how they are measured.

    >>> Condition(palette="#203040,#e0c080:2", lightness=0.4, subject=(0.3, 0.6))
    """

    palette: Palette | None = Field(None, description="up to six colors with shares")
    lightness: Unit | None = None
    contrast: Unit | None = None
    saturation: Unit | None = None
    warmth: Annotated[float, Field(ge=-1, le=1)] | None = None
    subject: tuple[Unit, Unit] | None = None
    subject_size: Unit | None = None
    horizon: Unit | None = None
    symmetry: Unit | None = None
    thirds: Unit | None = None
    empty_space: Unit | None = None
    stroke_size: Unit | None = None
    stroke_direction: StrokeDirection | None = None
    roughness: Unit | None = None
    abstraction: Unit | None = None
    styles: dict[str, Annotated[float, Field(gt=0)]] | None = Field(
        None, description="weights of styles, by the name of a bundled style or the path of a picture"
    )
    embedding: StyleEmbedding | None = None

    @field_validator("palette", mode="before")
    @classmethod
    def _parse_palette(cls, value: Any) -> Any:
        """Also takes text, "#203040,#e0c080:2", and lists of such colors; scales the shares."""
        if value is None:
            return None
        if isinstance(value, str) or (value and all(isinstance(color, str) for color in value)):
            return parse_palette(value)
        check_palette_size(len(value))
        return scale_shares([PaletteColor.model_validate(color) for color in value])

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """Names of the measurable attributes that are set."""
        return tuple(name for name in ATTRIBUTES if getattr(self, name) is not None)

    def to_vector(self) -> tuple[Tensor, Tensor]:
        """The attributes as numbers ``(D,)``, zero where they are open, and ``(D,)`` bool: which are set.

        Styles are not part of it.
        """
        values, mask = torch.zeros(VECTOR_SIZE), torch.zeros(VECTOR_SIZE, dtype=torch.bool)
        for name in self.attribute_names:
            columns = ATTRIBUTES[name].columns
            values[columns] = _to_numbers(getattr(self, name))
            mask[columns] = True
        return values, mask

    @classmethod
    def from_vector(cls, values: Tensor, names: Sequence[str] = tuple(ATTRIBUTES)) -> Self:
        """The condition with the attributes ``names`` from ``values (D,)``, clipped to their ranges."""
        values = values.detach().float().cpu()
        return cls(**{name: _from_numbers(name, values[ATTRIBUTES[name].columns]) for name in names})

    def select(self, *names: str) -> Self:
        """With these attributes (or ``styles``, ``embedding``) alone.

        Raises:
            SettingsError: a name that is not a field.
        """
        for name in names:
            if name not in type(self).model_fields:
                fields = ", ".join(type(self).model_fields)
                raise SettingsError(f'A condition has no attribute "{name}"; it has {fields}.')
        return type(self)(**{name: getattr(self, name) for name in names})

    def merge(self, other: Condition) -> Self:
        """With what ``other`` sets in place of one's own."""
        values = {name: getattr(other, name) for name in type(other).model_fields}
        return self.model_copy(update={name: value for name, value in values.items() if value is not None})

    def to_strings(self) -> dict[str, str]:
        """Everything that is set, by name, for people."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: _to_string(value) for name, value in values.items() if value is not None}

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.to_strings().items()) or "empty condition"

    def save(self, path: str | Path) -> Path:
        """Write a condition file (JSON), atomically.

        Raises:
            OutputError: the file cannot be written, or its name does not end in ``.condition.json``.
        """
        target = check_json_path(path, CONDITION_FILE)
        content = {CONDITION_FILE.key: FORMAT_VERSION, **self.model_dump(mode="json", exclude_none=True)}
        with atomic_write(target) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return target

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a condition file.

        Raises:
            SettingsError: the file is missing, of another format or version, or has an invalid value.
        """
        return read_versioned_json(path, cls, CONDITION_FILE)


def mix_conditions(conditions: Sequence[Condition], weights: Sequence[float] | None = None) -> Condition:
    """Several conditions as one: each attribute is the weighted mean over those that set it.

    Palettes bring all their colors, merged to six; directions mix as axes (0° and 179° are neighbors);
    weights of styles add up; embeddings mix as distributions do.

    Raises:
        SettingsError: no condition, another number of weights, or weights that are negative or all zero.
    """
    weights = normalize_weights(weights, len(conditions))
    mixed: dict[str, Any] = {}
    for name in Condition.model_fields:
        pairs = [(getattr(c, name), weight) for c, weight in zip(conditions, weights, strict=True)]
        pairs = [(value, weight) for value, weight in pairs if value is not None and weight > 0]
        if pairs:
            shares = normalize_weights([weight for _, weight in pairs], len(pairs))
            mixed[name] = _mix(name, [value for value, _ in pairs], shares)
    return Condition(**mixed)


def _mix(name: str, values: list[Any], shares: list[float]) -> Any:
    if name == "palette":
        return mix_palettes(values, shares)
    if name == "styles":
        weights = {style: 0.0 for styles in values for style in styles}
        for styles, share in zip(values, shares, strict=True):
            for style, weight in styles.items():
                weights[style] += share * weight / sum(styles.values())
        return weights
    if name == "embedding":
        return _mix_embeddings(values, shares)
    weighted = [share * _to_numbers(value).double() for value, share in zip(values, shares, strict=True)]
    return _from_numbers(name, torch.stack(weighted).sum(0))


def _mix_embeddings(values: list[StyleEmbedding], shares: list[float]) -> StyleEmbedding:
    if len({value.network for value in values}) > 1:
        raise SettingsError("The style embeddings come from different networks; analyze the pictures again.")
    weights, colors, means, deviations = (
        torch.tensor(rows, dtype=torch.float64)
        for rows in (shares, *([getattr(v, f) for v in values] for f in ("colors", "means", "deviations")))
    )
    mean = weights @ means
    variance = weights @ (deviations.square() + means.square()) - mean.square()
    return StyleEmbedding(
        network=values[0].network,
        colors=tuple((weights @ colors).tolist()),
        means=tuple(mean.tolist()),
        deviations=tuple(variance.clamp_min(0).sqrt().tolist()),
    )


def _to_numbers(value: Any) -> Tensor:
    """An attribute's value as it is in the vector."""
    if isinstance(value, StrokeDirection):
        angle = math.radians(2 * value.degrees)
        return value.strength * torch.tensor([math.cos(angle), math.sin(angle)])
    if isinstance(value, tuple) and isinstance(value[0], PaletteColor):
        return palette_to_tensor(value).flatten()
    return torch.tensor(value, dtype=torch.float32).reshape(-1)


def _from_numbers(name: str, numbers: Tensor) -> Any:
    """The inverse of :func:`_to_numbers`, clipped to the attribute's range."""
    if name == "palette":
        return palette_from_tensor(numbers.view(MAX_PALETTE_COLORS, 4))
    if name == "stroke_direction":
        x, y = numbers.tolist()
        degrees = math.degrees(math.atan2(y, x)) / 2 % 180
        return StrokeDirection(
            degrees=0.0 if degrees >= 180 else degrees, strength=min(math.hypot(x, y), 1.0)
        )
    values = [min(max(value, ATTRIBUTES[name].low), 1.0) for value in numbers.tolist()]
    return tuple(values) if len(values) > 1 else values[0]


def _to_string(value: Any) -> str:
    if isinstance(value, StrokeDirection):
        return f"{value.degrees:.0f}° ({value.strength:.2f})"
    if isinstance(value, StyleEmbedding):
        return f"{len(value.means)} statistics"
    if isinstance(value, dict):
        return ", ".join(f"{name}:{weight:.2g}" for name, weight in value.items())
    if isinstance(value, tuple) and isinstance(value[0], PaletteColor):
        return " ".join(f"{color.hex}:{color.share:.2f}" for color in value)
    if isinstance(value, tuple):
        return ", ".join(f"{number:.2f}" for number in value)
    return f"{value:.2f}"
