"""From coordinates of items to the features that utility is linear in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bottega.personalize.choices.items import Space

SLOPE, CURVE, PAIR, UNNAMED, GENEROSITY = range(5)
"""Kinds of weights: of a trait, of its square, of two traits together, of the embedding, of ratings."""


@dataclass(frozen=True)
class Features:
    """Utility as a function of ``t`` traits and ``e`` numbers of an embedding, all standardised:

    .. code-block:: text

        f(u, z) = Σ a_i u_i + Σ b_i h(u_i) + Σ_{i<j} c_ij u_i u_j + Σ d_k z_k,    h(u) = (u² − 1) / √2

    h is the second Hermite polynomial over its norm: uncorrelated with u, and of unit variance as u is, for
    normal u. With b_i < 0 a trait has a favourite value. There are P = 2t + t (t − 1) / 2 + e features, and
    one more weight, the generosity of ratings, whose feature is 0 everywhere else.

    Attributes:
        traits, embedding: t and e.
        kinds: ``(P + 1,)``, SLOPE, CURVE, PAIR, UNNAMED or GENEROSITY.
        first, second: ``(P + 1,)`` numbers of the traits of a weight; -1 where there is none.
    """

    traits: int
    embedding: int
    kinds: NDArray[np.intp]
    first: NDArray[np.intp]
    second: NDArray[np.intp]

    @classmethod
    def of(cls, space: Space) -> Features:
        """Those of a space."""
        t, e = len(space.traits), space.embedding
        i, j = np.triu_indices(t, 1)
        every, none = np.arange(t), np.full(e + 1, -1)
        sizes = (t, t, len(i), e, 1)
        return cls(
            t,
            e,
            kinds=np.repeat([SLOPE, CURVE, PAIR, UNNAMED, GENEROSITY], sizes),
            first=np.concatenate([every, every, i, none]),
            second=np.concatenate([np.full(2 * t, -1), j, none]),
        )

    def __call__(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Features ``(n, P + 1)`` of coordinates ``(n, t + e)``."""
        u, z = coordinates[:, : self.traits], coordinates[:, self.traits :]
        pairs = self.kinds == PAIR
        products = u[:, self.first[pairs]] * u[:, self.second[pairs]]
        return np.hstack([u, curve(u), products, z, np.zeros((len(u), 1))])


def curve(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """(u² − 1) / √2."""
    return (u * u - 1) / np.sqrt(2)
