"""Simulated artists: a hidden utility over traits, and choices with noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bottega.personalize.preference import Item

Array = NDArray[np.float64]

CARES_ABOUT = 6  # traits that an artist looks at; the others, and the embedding, are nothing to them


@dataclass(frozen=True)
class Artist:
    """One simulated artist.

    Attributes:
        utilities: true utility by item id; mean 0 and deviation 1 over all items.
        noise: scale of the Gumbel noise of each pick.
    """

    utilities: dict[str, float]
    noise: float
    rng: np.random.Generator

    def true(self, items: Sequence[Item]) -> Array:
        """True utilities ``(n,)``."""
        return np.array([self.utilities[item.id] for item in items])

    def pick(self, sheet: Sequence[Item]) -> Item:
        """The item of highest utility plus noise."""
        return sheet[int(np.argmax(self.true(sheet) + self.noise * self.rng.gumbel(size=len(sheet))))]


Kind = Callable[[Array, np.random.Generator], Array]


def linear(u: Array, rng: np.random.Generator) -> Array:
    """Σ w_i u_i with normal w."""
    return u @ rng.standard_normal(u.shape[1])


def interactions(u: Array, rng: np.random.Generator) -> Array:
    """Half its variance is linear, half is in products of four pairs of traits."""
    plain = linear(u, rng)
    pairs = [rng.choice(u.shape[1], 2, replace=False) for _ in range(4)]
    products = np.sum([rng.standard_normal() * u[:, i] * u[:, j] for i, j in pairs], axis=0)
    return plain / plain.std() + products / products.std()


def peaked(u: Array, rng: np.random.Generator) -> Array:
    """exp(−½ mean of a_i (u_i − p_i)² / 0.6) around an ideal point p: one of the items, moved a little."""
    ideal = u[rng.integers(len(u))] + 0.3 * rng.standard_normal(u.shape[1])
    weights = rng.uniform(0.5, 1.5, u.shape[1])
    return np.asarray(np.exp(-0.5 * ((u - ideal) ** 2 @ weights) / np.sum(weights) / 0.6))


KINDS: dict[str, Kind] = {"linear": linear, "interactions": interactions, "peaked": peaked}


def make(kind: str, items: Sequence[Item], noise: float, seed: int) -> Artist:
    """An artist whose utility is over six traits of the items, chosen at random.

    Traits are standardized over ``items`` and clipped at three deviations.
    """
    rng = np.random.default_rng(seed)
    names = list(items[0].traits)
    cares = rng.choice(len(names), CARES_ABOUT, replace=False)
    values = np.array([[item.traits[names[number]] for number in cares] for item in items])
    u = np.clip((values - values.mean(0)) / values.std(0), -3, 3)
    utilities = KINDS[kind](u, rng)
    utilities = (utilities - utilities.mean()) / utilities.std()
    return Artist({item.id: float(x) for item, x in zip(items, utilities, strict=True)}, noise, rng)
