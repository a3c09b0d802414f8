"""What an artist asks of a picture: typed, printable, mixable, kept as a profile file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from torch import Tensor

from bottega.errors import OutputError, SettingsError
from bottega.files import atomic_write
from bottega.personalize.attributes import ATTRIBUTES, NUMBERS, SWATCHES
from bottega.personalize.swatch import (
    Palette,
    Swatch,
    mixed_palettes,
    palette_from,
    palette_numbers,
    palette_of,
    scaled,
)

PROFILE = "bottega condition"
VERSION = 1

Unit = Annotated[float, Field(ge=0, le=1)]


class Direction(BaseModel):
    """Where strokes run: degrees from the horizontal, counterclockwise, and how alike they run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    degrees: float = Field(ge=0, lt=180)
    strength: Unit = 1.0


class StyleEmbedding(BaseModel):
    """What the any-style network measured of style pictures (see :mod:`bottega.personalize.style`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: str = Field(description="fingerprint of the network's weights")
    colors: tuple[float, ...] = Field(description="3 means and 9 second moments of sRGB")
    means: tuple[float, ...] = Field(description="of all channels at all sites")
    deviations: tuple[float, ...]


class Condition(BaseModel):
    """What is asked for; an attribute that is ``None`` is not asked for.

    Numbers are in [0, 1] unless said otherwise; :data:`~bottega.personalize.ATTRIBUTES` says what each means,
    and docs/personalize.md how it is measured.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    palette: Palette | None = Field(None, description="up to six colours with shares")
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
    stroke_direction: Direction | None = None
    roughness: Unit | None = None
    abstraction: Unit | None = None
    styles: dict[str, Annotated[float, Field(gt=0)]] | None = Field(
        None, description="weights of styles, by the name of a bundled style or the path of a picture"
    )
    embedding: StyleEmbedding | None = None

    @field_validator("palette", mode="before")
    @classmethod
    def _colors(cls, value: Any) -> Any:
        """Also "#203040,#e0c080:2" and lists of such words; shares are scaled to add up to one."""
        if value is None:
            return None
        if isinstance(value, str) or (value and all(isinstance(each, str) for each in value)):
            return palette_of(value)
        swatches = [each if isinstance(each, Swatch) else Swatch.model_validate(each) for each in value]
        if not 1 <= len(swatches) <= SWATCHES:
            raise ValueError(f"a palette has one to {SWATCHES} colours, not {len(swatches)}")
        return scaled(swatches)

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the measured attributes that are asked for."""
        return tuple(name for name in ATTRIBUTES if getattr(self, name) is not None)

    def vector(self) -> tuple[Tensor, Tensor]:
        """The measured attributes as numbers ``(D,)``, and ``(D,)`` bool: which of them are asked for.

        What is not asked for is zero. Styles are no part of it.
        """
        values, mask = torch.zeros(NUMBERS), torch.zeros(NUMBERS, dtype=torch.bool)
        for name in self.asked:
            part = ATTRIBUTES[name].part
            values[part] = _numbers(getattr(self, name))
            mask[part] = True
        return values, mask

    @classmethod
    def of_vector(cls, values: Tensor, asked: Sequence[str] = tuple(ATTRIBUTES)) -> Self:
        """The condition with the attributes ``asked`` from ``values (D,)``, brought into their ranges."""
        found: dict[str, Any] = {}
        for name in asked:
            attribute = ATTRIBUTES[name]
            found[name] = _value(name, values[attribute.part].detach().float().cpu(), attribute.low)
        return cls(**found)

    def only(self, *names: str) -> Self:
        """With no other attributes (or ``styles``, ``embedding``) than these."""
        for name in names:
            if name not in type(self).model_fields:
                raise SettingsError(
                    f'A condition has no "{name}"; it has {", ".join(type(self).model_fields)}.'
                )
        return type(self)(**{name: getattr(self, name) for name in names})

    def updated(self, other: Condition) -> Self:
        """With what ``other`` asks for in place of one's own."""
        theirs = {name: getattr(other, name) for name in type(other).model_fields}
        return self.model_copy(update={name: value for name, value in theirs.items() if value is not None})

    def said(self) -> dict[str, str]:
        """What is asked for, by name, as a person would write it."""
        return {
            name: _said(getattr(self, name))
            for name in type(self).model_fields
            if getattr(self, name) is not None
        }

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.said().items()) or "nothing asked for"

    def save(self, path: str | Path) -> Path:
        """Write a profile file (JSON); it appears whole or not at all.

        Raises:
            OutputError: it cannot be written there, or does not end in ``.json``.
        """
        target = Path(path)
        if target.suffix != ".json":
            raise OutputError(f"{target}: profiles are written as .json.")
        content = {PROFILE: VERSION, **self.model_dump(mode="json", exclude_none=True)}
        with atomic_write(target) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return target

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a profile file.

        Raises:
            SettingsError: there is none, it is none, or it is of a later version.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            version = content.pop(PROFILE)
        except OSError as error:
            raise SettingsError(f"The profile {path} cannot be read: {error.strerror or error}.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SettingsError(
                f"{path} is no profile: it should be JSON that begins with {PROFILE!r}."
            ) from None
        if version != VERSION:
            raise SettingsError(f"{path} is a profile of version {version}; this Bottega reads {VERSION}.")
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise SettingsError(f"{path}: {where} is not usable ({first['msg'].lower()}).") from None


def mixed(conditions: Sequence[Condition], weights: Sequence[float] | None = None) -> Condition:
    """Several conditions as one: each attribute is the weighted mean over those that ask for it.

    Palettes bring all their colours, merged to six; directions mix as axes (0° and 179° are neighbours);
    weights of styles add up; embeddings mix as distributions do.

    Raises:
        SettingsError: no condition, not one weight each, or weights that cannot be shares.
    """
    shares = [1.0] * len(conditions) if weights is None else [float(weight) for weight in weights]
    if not conditions or len(shares) != len(conditions):
        raise SettingsError(f"{len(conditions)} conditions need {len(conditions)} weights, and at least one.")
    if min(shares) < 0 or not 0 < sum(shares) < math.inf:
        raise SettingsError(f"Weights of conditions must be zero or more, and not all zero: {shares}.")
    found: dict[str, Any] = {}
    for name in Condition.model_fields:
        parts = [(getattr(c, name), s) for c, s in zip(conditions, shares, strict=True)]
        parts = [(value, share) for value, share in parts if value is not None and share > 0]
        if parts:
            found[name] = _mixed(name, [value for value, _ in parts], [share for _, share in parts])
    return Condition(**found)


def _mixed(name: str, values: list[Any], shares: list[float]) -> Any:
    total = sum(shares)
    shares = [share / total for share in shares]
    if name == "palette":
        return mixed_palettes(values, shares)
    if name == "styles":
        names = {style: 0.0 for styles in values for style in styles}
        for styles, share in zip(values, shares, strict=True):
            for style, weight in styles.items():
                names[style] += share * weight / sum(styles.values())
        return names
    if name == "embedding":
        return _mixed_embeddings(values, shares)
    sums = sum(share * _numbers(value).double() for value, share in zip(values, shares, strict=True))
    assert isinstance(sums, Tensor)
    return _value(name, sums, ATTRIBUTES[name].low)


def _mixed_embeddings(values: list[StyleEmbedding], shares: list[float]) -> StyleEmbedding:
    if len({value.network for value in values}) > 1:
        raise SettingsError(
            "These style embeddings are of different networks; read the style pictures again."
        )
    weight = torch.tensor(shares, dtype=torch.float64)
    means = torch.tensor([value.means for value in values], dtype=torch.float64)
    second = (
        torch.tensor([value.deviations for value in values], dtype=torch.float64).square() + means.square()
    )
    colors = weight @ torch.tensor([value.colors for value in values], dtype=torch.float64)
    mean = weight @ means
    deviations = (weight @ second - mean.square()).clamp_min(0).sqrt()
    return StyleEmbedding(
        network=values[0].network,
        colors=tuple(colors.tolist()),
        means=tuple(mean.tolist()),
        deviations=tuple(deviations.tolist()),
    )


def _numbers(value: Any) -> Tensor:
    """An attribute's value as it stands in the vector."""
    if isinstance(value, Direction):
        angle = math.radians(2 * value.degrees)
        return value.strength * torch.tensor([math.cos(angle), math.sin(angle)])
    if isinstance(value, tuple) and value and isinstance(value[0], Swatch):
        return palette_numbers(value).flatten()
    return torch.tensor(value, dtype=torch.float32).reshape(-1)


def _value(name: str, numbers: Tensor, low: float) -> Any:
    """The inverse of :func:`_numbers`, within the attribute's range."""
    if name == "palette":
        return palette_from(numbers.view(SWATCHES, 4))
    if name == "stroke_direction":
        x, y = numbers.tolist()
        degrees = math.degrees(math.atan2(y, x)) / 2 % 180
        return Direction(degrees=0.0 if degrees >= 180 else degrees, strength=min(math.hypot(x, y), 1.0))
    values = [min(max(value, low), 1.0) for value in numbers.tolist()]
    return tuple(values) if len(values) > 1 else values[0]


def _said(value: Any) -> str:
    if isinstance(value, Direction):
        return f"{value.degrees:.0f}° ({value.strength:.2f})"
    if isinstance(value, StyleEmbedding):
        return f"{len(value.means)} statistics"
    if isinstance(value, dict):
        return ", ".join(f"{name}:{weight:.2g}" for name, weight in value.items())
    if isinstance(value, tuple) and isinstance(value[0], Swatch):
        return " ".join(f"{swatch.hex}:{swatch.share:.2f}" for swatch in value)
    if isinstance(value, tuple):
        return ", ".join(f"{number:.2f}" for number in value)
    return f"{value:.2f}"
