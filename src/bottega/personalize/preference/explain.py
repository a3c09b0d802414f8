"""A posterior in words: what an artist prefers, how much, and how certain that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from bottega.personalize.preference.features import (
    EMBEDDING,
    INTERACTION,
    LINEAR,
    QUADRATIC,
    FeatureMap,
    ItemSpace,
    hermite,
)
from bottega.personalize.preference.posterior import Posterior

Array = NDArray[np.float64]

TRAIT_VALUES = np.linspace(-1.5, 1.5, 13)
"""Standardized values that are compared: the middle 87 % of a normal distribution."""

THIRDS = (TRAIT_VALUES < -0.5, np.abs(TRAIT_VALUES) <= 0.5, TRAIT_VALUES > 0.5)  # low, middle and high
SAMPLES = 2000
MIN_CERTAINTY = 0.8
MIN_WIN_RATE = 0.6
MIN_INTERACTION_CERTAINTY = 0.95
MIN_INTERACTION_WEIGHT = 0.2
MAX_INTERACTIONS = 3
MIN_UNEXPLAINED_SHARE = 0.1


@dataclass(frozen=True)
class TraitPreference:
    """What an artist prefers in one trait.

    Attributes:
        trait: its name.
        words: "muted colors".
        value: the best value, in the trait's unit.
        win_rate: how often the best value wins against the worst one in pictures that are equal in all else,
            in [0.5, 1].
        certainty: probability that the best value is in this third (low, middle, high), in [0, 1].
    """

    trait: str
    words: str
    value: float
    win_rate: float
    certainty: float

    @property
    def is_significant(self) -> bool:
        """Whether it is both certain and strong enough to report."""
        return self.certainty >= MIN_CERTAINTY and self.win_rate >= MIN_WIN_RATE

    def __str__(self) -> str:
        return (
            f"You prefer {self.words}: chosen {100 * self.win_rate:.0f} times in 100 against the opposite "
            f"(certainty {100 * self.certainty:.0f} %)."
        )


@dataclass(frozen=True)
class TraitInteraction:
    """Two traits that please more together than each does alone; ``certainty`` is that of the sign."""

    traits: tuple[str, str]
    words: tuple[str, str]
    certainty: float

    def __str__(self) -> str:
        return (
            f"{self.words[0][0].upper()}{self.words[0][1:]} please you more with {self.words[1]} "
            f"(certainty {100 * self.certainty:.0f} %)."
        )


@dataclass(frozen=True)
class Explanation:
    """Preferences by trait, the most informative first, and interactions of traits.

    Attributes:
        unexplained_share: share of the variance of utility that comes from the embedding alone, in [0, 1].
    """

    preferences: tuple[TraitPreference, ...]
    interactions: tuple[TraitInteraction, ...]
    unexplained_share: float

    @property
    def significant(self) -> tuple[TraitPreference, ...]:
        """Preferences that are certain and strong enough to report."""
        return tuple(preference for preference in self.preferences if preference.is_significant)

    def sentences(self) -> list[str]:
        """For people; at least one."""
        sentences = [str(statement) for statement in (*self.significant, *self.interactions)]
        if not sentences:
            return ["There are too few choices to know your preferences; make a few more."]
        if self.unexplained_share >= MIN_UNEXPLAINED_SHARE:
            share = f"{100 * self.unexplained_share:.0f} %"
            sentences.append(
                f"{share} of your preference is visible in pictures but fits none of the traits."
            )
        return sentences


def explain(posterior: Posterior, features: FeatureMap, space: ItemSpace) -> Explanation:
    """What a posterior implies for each trait.

    The utility's part that depends on one trait alone, a u + b h(u), is sampled 2,000 times with a fixed
    seed. A trait's certainty is the share of samples whose best value is in the third where most have it.
    """
    preferences = [_trait_preference(trait, posterior, features, space) for trait in range(features.traits)]
    preferences.sort(key=lambda p: (not p.is_significant, -p.certainty * (p.win_rate - 0.5)))
    # Features are nearly uncorrelated with unit variance, so that squared weights are shares of variance.
    squares = posterior.mean[:-1] ** 2
    total = float(squares.sum())
    unexplained = float(squares[features.kinds[:-1] == EMBEDDING].sum()) / total if total else 0.0
    return Explanation(tuple(preferences), tuple(_interactions(posterior, features, space)), unexplained)


def _trait_preference(
    index: int, posterior: Posterior, features: FeatureMap, space: ItemSpace
) -> TraitPreference:
    own = [
        int(np.flatnonzero((features.kinds == kind) & (features.first == index))[0])
        for kind in (LINEAR, QUADRATIC)
    ]
    basis = np.stack([TRAIT_VALUES, hermite(TRAIT_VALUES)])
    rng = np.random.default_rng(index)
    root = np.linalg.cholesky(posterior.covariance[np.ix_(own, own)] + 1e-12 * np.eye(2))
    curves = (posterior.mean[own] + rng.standard_normal((SAMPLES, 2)) @ root.T) @ basis
    best = curves.argmax(1)
    shares = [float(third[best].mean()) for third in THIRDS]
    third = int(np.argmax(shares))
    mean = posterior.mean[own] @ basis
    place = int(np.where(THIRDS[third], mean, -np.inf).argmax())
    trait = space.traits[index]
    return TraitPreference(
        trait=trait.name,
        words=(trait.low, trait.middle, trait.high)[third],
        value=space.to_trait_unit(index, float(TRAIT_VALUES[place])),
        win_rate=float(expit(max(mean[place] - mean.min(), 0))),
        certainty=shares[third],
    )


def _interactions(posterior: Posterior, features: FeatureMap, space: ItemSpace) -> list[TraitInteraction]:
    """Pairs whose sign is almost certain, the most certain first."""
    pairs = np.flatnonzero(features.kinds == INTERACTION)
    weights = posterior.mean[pairs]
    certainty = ndtr(np.abs(weights) / np.sqrt(np.diag(posterior.covariance)[pairs]))
    interactions = []
    for i in np.argsort(-certainty, kind="stable")[:MAX_INTERACTIONS]:
        if certainty[i] < MIN_INTERACTION_CERTAINTY or abs(weights[i]) < MIN_INTERACTION_WEIGHT:
            continue
        one, two = (space.traits[int(indices[pairs[i]])] for indices in (features.first, features.second))
        words = (one.high, two.high if weights[i] > 0 else two.low)
        interactions.append(TraitInteraction((one.name, two.name), words, float(certainty[i])))
    return interactions
