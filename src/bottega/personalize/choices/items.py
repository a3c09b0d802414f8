"""What is chosen from: items with named numbers (traits) and an embedding, and the units of these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, field_validator

from bottega.errors import SettingsError

FARTHEST = 3.0
"""Standardised traits are cut off here, so that one odd picture does not rule their squares."""
DIGITS = 6
"""Significant digits of every number that is kept: a profile file then holds exactly what memory holds."""


class Trait(BaseModel):
    """A named number of an item, and how small, middling and large values are said: "muted colours"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    low: str
    middle: str
    high: str


class Item(BaseModel):
    """Something to choose: an id, traits by name (a missing one is unknown), and numbers without names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    traits: dict[str, float]
    embedding: tuple[float, ...] = ()

    @field_validator("traits")
    @classmethod
    def _rounded_traits(cls, values: dict[str, float]) -> dict[str, float]:
        return {name: rounded(value) for name, value in values.items()}

    @field_validator("embedding")
    @classmethod
    def _rounded_embedding(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(rounded(value) for value in values)


class Space(BaseModel):
    """The units in which items are compared: every trait and every number of the embedding less its mean over
    a pool of items, divided by its deviation there.

    Attributes:
        traits: names and words, in their order.
        means, deviations: of the traits and then the embedding, ``(traits + embedding,)``; a deviation of 0
            stands for a number that is the same everywhere, or unknown, and tells nothing.
        lows, highs: the least and largest value of each trait in the pool, ``(traits,)``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    traits: tuple[Trait, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]

    @classmethod
    def of(cls, traits: Sequence[Trait], pool: Sequence[Item]) -> Self:
        """The space of a pool of items.

        Raises:
            SettingsError: fewer than two items, or embeddings of different lengths.
        """
        if len(pool) < 2:
            raise SettingsError(f"Choices need at least two items to choose from; there are {len(pool)}.")
        if len({len(item.embedding) for item in pool}) > 1:
            raise SettingsError("The items have embeddings of different lengths; read them all in one way.")
        numbers = _numbers(traits, pool)
        known = np.isfinite(numbers)
        count = np.maximum(known.sum(0), 1)
        means = np.where(known, numbers, 0).sum(0) / count
        deviations = np.sqrt((np.where(known, numbers - means, 0) ** 2).sum(0) / count)
        deviations[deviations < 1e-6 * np.maximum(np.abs(means), 1e-3)] = 0
        own = slice(len(traits))
        return cls(
            traits=tuple(traits),
            means=tuple(map(rounded, means)),
            deviations=tuple(map(rounded, deviations)),
            lows=tuple(map(rounded, np.where(known, numbers, means).min(0)[own])),
            highs=tuple(map(rounded, np.where(known, numbers, means).max(0)[own])),
        )

    @property
    def embedding(self) -> int:
        """Length of the embedding."""
        return len(self.means) - len(self.traits)

    def coordinates(self, items: Sequence[Item]) -> NDArray[np.float64]:
        """Standardised traits and embeddings ``(n, traits + embedding)``; what is unknown is 0, the mean.

        Raises:
            SettingsError: an embedding of another length.
        """
        if not items:
            return np.zeros((0, len(self.means)))
        for item in items:
            if len(item.embedding) != self.embedding:
                raise SettingsError(
                    f"The item {item.id} has an embedding of {len(item.embedding)} numbers where this taste "
                    f"knows {self.embedding}; it was read in another way."
                )
        spread = np.asarray(self.deviations)
        found = (_numbers(self.traits, items) - self.means) / np.where(spread > 0, spread, np.inf)
        return np.clip(np.nan_to_num(found), -FARTHEST, FARTHEST)

    def value(self, number: int, coordinate: float) -> float:
        """What a coordinate of the trait with this number means in the trait's unit, within what there is."""
        value = self.means[number] + coordinate * self.deviations[number]
        return min(max(value, self.lows[number]), self.highs[number])


def rounded(value: float) -> float:
    """To :data:`DIGITS` significant digits."""
    if not math.isfinite(value):
        raise ValueError("numbers of an item must be finite; leave unknown traits out")
    return float(f"{value:.{DIGITS}g}")


def _numbers(traits: Sequence[Trait], items: Sequence[Item]) -> NDArray[np.float64]:
    rows = [[*(item.traits.get(t.name, math.nan) for t in traits), *item.embedding] for item in items]
    return np.asarray(rows, float)
