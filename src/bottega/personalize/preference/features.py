"""Items to choose from, the space in which they are compared, and the features that utility is linear in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from bottega.errors import SettingsError
from bottega.personalize.versioned_json import FrozenModel

Array = NDArray[np.float64]

MAX_STANDARDIZED = 3.0
"""Standardized numbers are clipped here, so that one odd picture does not rule their squares."""

SIGNIFICANT_DIGITS = 6  # of every number of an item: a profile file then holds exactly what memory holds
LINEAR, QUADRATIC, INTERACTION, EMBEDDING, RATING_BIAS = range(5)
"""Kinds of weights: of a trait, of its square, of two traits, of the embedding, of ratings."""


class Trait(FrozenModel):
    """A named number of an item, and words for small, medium and large values: "muted colors"."""

    name: str
    low: str
    middle: str
    high: str


class Item(FrozenModel):
    """Something to choose: an id, traits by name (a missing one is unknown), and numbers without names."""

    id: str
    traits: dict[str, float]
    embedding: tuple[float, ...] = ()

    @field_validator("traits")
    @classmethod
    def _round_traits(cls, values: dict[str, float]) -> dict[str, float]:
        return {name: round_significant(value) for name, value in values.items()}

    @field_validator("embedding")
    @classmethod
    def _round_embedding(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(map(round_significant, values))


class ItemSpace(FrozenModel):
    """The units in which items are compared: every trait and every number of the embedding, less its mean
    over a pool of items, divided by its deviation there.

    Attributes:
        traits: names and words, in their order.
        means, deviations: of the traits and then the embedding, ``(traits + embedding,)``; a deviation of 0
            marks a number that is constant or unknown, and carries no information.
        lows, highs: the least and largest value of each trait in the pool, ``(traits,)``.
    """

    traits: tuple[Trait, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]

    @classmethod
    def from_pool(cls, traits: Sequence[Trait], pool: Sequence[Item]) -> Self:
        """The space of a pool of items.

        Raises:
            SettingsError: fewer than two items, or embeddings of different lengths.
        """
        if len(pool) < 2:
            raise SettingsError(f"Choices need at least two items to choose from; there are {len(pool)}.")
        if len({len(item.embedding) for item in pool}) > 1:
            raise SettingsError("The items have embeddings of different lengths; analyze them all again.")
        numbers = _numbers(traits, pool)
        is_known = np.isfinite(numbers)
        count = np.maximum(is_known.sum(0), 1)
        means = np.where(is_known, numbers, 0).sum(0) / count
        deviations = np.sqrt((np.where(is_known, numbers - means, 0) ** 2).sum(0) / count)
        deviations[deviations < 1e-6 * np.maximum(np.abs(means), 1e-3)] = 0
        trait_numbers = np.where(is_known, numbers, means)[:, : len(traits)]
        return cls(
            traits=tuple(traits),
            means=tuple(map(round_significant, means)),
            deviations=tuple(map(round_significant, deviations)),
            lows=tuple(map(round_significant, trait_numbers.min(0))),
            highs=tuple(map(round_significant, trait_numbers.max(0))),
        )

    @property
    def embedding_size(self) -> int:
        """Length of the embedding."""
        return len(self.means) - len(self.traits)

    def standardize(self, items: Sequence[Item]) -> Array:
        """Coordinates of items, ``(n, traits + embedding)``; what is unknown is 0, the mean.

        Raises:
            SettingsError: an embedding of another length.
        """
        if not items:
            return np.zeros((0, len(self.means)))
        for item in items:
            if len(item.embedding) != self.embedding_size:
                raise SettingsError(
                    f"The item {item.id} has an embedding of {len(item.embedding)} numbers, but this profile "
                    f"has embeddings of {self.embedding_size}; analyze the pictures again."
                )
        deviations = np.asarray(self.deviations)
        scaled = (_numbers(self.traits, items) - self.means) / np.where(deviations > 0, deviations, np.inf)
        return np.clip(np.nan_to_num(scaled), -MAX_STANDARDIZED, MAX_STANDARDIZED)

    def to_trait_unit(self, trait: int, coordinate: float) -> float:
        """A coordinate of the trait with this index in the trait's own unit, within the pool's range."""
        value = self.means[trait] + coordinate * self.deviations[trait]
        return min(max(value, self.lows[trait]), self.highs[trait])


@dataclass(frozen=True)
class FeatureMap:
    """Utility as a function of ``t`` traits and ``e`` numbers of an embedding, all standardized:

    .. code-block:: text

        f(u, z) = Σ a_i u_i + Σ b_i h(u_i) + Σ_{i<j} c_ij u_i u_j + Σ d_k z_k,    h(u) = (u² − 1) / √2

    h is the second Hermite polynomial over its norm: uncorrelated with u, and of unit variance as u is, for
    normal u. With b_i < 0 a trait has a best value. There are P = 2t + t (t − 1) / 2 + e features, and one
    more weight, the bias of ratings, whose feature is 0 everywhere else.

    Attributes:
        traits: t.
        kinds: ``(P + 1,)``, LINEAR, QUADRATIC, INTERACTION, EMBEDDING or RATING_BIAS.
        first, second: ``(P + 1,)`` indices of the traits of a weight, or -1.
    """

    traits: int
    kinds: NDArray[np.intp]
    first: NDArray[np.intp]
    second: NDArray[np.intp]

    @classmethod
    def from_space(cls, space: ItemSpace) -> FeatureMap:
        """For the items of a space."""
        t, e = len(space.traits), space.embedding_size
        i, j = np.triu_indices(t, 1)
        every, empty = np.arange(t), np.full(e + 1, -1)
        return cls(
            t,
            kinds=np.repeat([LINEAR, QUADRATIC, INTERACTION, EMBEDDING, RATING_BIAS], (t, t, len(i), e, 1)),
            first=np.concatenate([every, every, i, empty]),
            second=np.concatenate([np.full(2 * t, -1), j, empty]),
        )

    def __call__(self, coordinates: Array) -> Array:
        """Features ``(n, P + 1)`` of coordinates ``(n, t + e)``."""
        u, z = coordinates[:, : self.traits], coordinates[:, self.traits :]
        pairs = self.kinds == INTERACTION
        products = u[:, self.first[pairs]] * u[:, self.second[pairs]]
        return np.hstack([u, hermite(u), products, z, np.zeros((len(u), 1))])


def hermite(u: Array) -> Array:
    """(u² − 1) / √2."""
    return (u * u - 1) / np.sqrt(2)


def round_significant(value: float) -> float:
    """To :data:`SIGNIFICANT_DIGITS`.

    Raises:
        ValueError: not finite.
    """
    if not math.isfinite(value):
        raise ValueError("numbers of an item must be finite; leave unknown traits out")
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def _numbers(traits: Sequence[Trait], items: Sequence[Item]) -> Array:
    rows = [[*(item.traits.get(t.name, math.nan) for t in traits), *item.embedding] for item in items]
    return np.asarray(rows, float)
