"""A belief in words: what an artist favours, how much, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from bottega.personalize.choices.belief import Belief
from bottega.personalize.choices.features import CURVE, PAIR, SLOPE, UNNAMED, Features, curve
from bottega.personalize.choices.items import Space

Array = NDArray[np.float64]

PLACES = np.linspace(-1.5, 1.5, 13)
"""Standardised values that are compared: the middle 87 % of a normal distribution."""
LOW, MIDDLE, HIGH = PLACES < -0.5, np.abs(PLACES) <= 0.5, PLACES > 0.5
DRAWS = 2000
CERTAIN = 0.8
"""From here on something is said as known."""
STRONG = 0.6
"""And from so many wins on, as worth saying."""


@dataclass(frozen=True)
class Favour:
    """What an artist favours in one trait.

    Attributes:
        trait: its name.
        words: "muted colours".
        value: the favourite value, in the trait's unit.
        wins: strength, as how often the favourite value wins against the least favourite one in pictures that
            are alike in all else, in [0.5, 1].
        certainty: probability that the best value lies in this third (low, middle, high), in [0, 1].
    """

    trait: str
    words: str
    value: float
    wins: float
    certainty: float

    @property
    def known(self) -> bool:
        """Whether it is both certain and strong enough to be said."""
        return self.certainty >= CERTAIN and self.wins >= STRONG

    def sentence(self) -> str:
        """For people."""
        return (
            f"You favour {self.words}: chosen {100 * self.wins:.0f} times in 100 against the opposite "
            f"(certainty {100 * self.certainty:.0f} %)."
        )


@dataclass(frozen=True)
class Together:
    """Two traits that please more together than each does alone; ``certainty`` is that of the sign."""

    traits: tuple[str, str]
    words: tuple[str, str]
    certainty: float

    def sentence(self) -> str:
        """For people."""
        return (
            f"{self.words[0][0].upper()}{self.words[0][1:]} please you more with {self.words[1]} "
            f"(certainty {100 * self.certainty:.0f} %)."
        )


@dataclass(frozen=True)
class Explanation:
    """Favours by every trait, the most telling first; traits that belong together; and how much has no name.

    Attributes:
        unnamed: share of what tells utilities apart that only the embedding sees, in [0, 1].
    """

    favours: tuple[Favour, ...]
    together: tuple[Together, ...]
    unnamed: float

    @property
    def known(self) -> tuple[Favour, ...]:
        """Favours that are certain and strong enough to be said."""
        return tuple(favour for favour in self.favours if favour.known)

    def sentences(self) -> list[str]:
        """For people; at least one."""
        told = [favour.sentence() for favour in self.known]
        told += [both.sentence() for both in self.together]
        if not told:
            told.append("Too little is known yet to say what you favour; a few more choices will tell.")
        elif self.unnamed >= 0.1:
            told.append(f"{100 * self.unnamed:.0f} % of what guides you shows in pictures but has no name.")
        return told


def explain(belief: Belief, features: Features, space: Space) -> Explanation:
    """What a belief says of each trait.

    The utility's part that depends on one trait alone, a u + b h(u), is drawn 2,000 times with a fixed seed.
    A trait's certainty is the share of draws whose best value lies in the third where most have it.
    """
    favours = [_favour(number, belief, features, space) for number in range(features.traits)]
    favours.sort(key=lambda favour: (not favour.known, -favour.certainty * (favour.wins - 0.5)))
    return Explanation(tuple(favours), tuple(_together(belief, features, space)), _unnamed(belief, features))


def _favour(number: int, belief: Belief, features: Features, space: Space) -> Favour:
    own = [
        int(np.flatnonzero((features.kinds == kind) & (features.first == number))[0])
        for kind in (SLOPE, CURVE)
    ]
    shapes = np.stack([PLACES, curve(PLACES)])
    rng = np.random.default_rng(number)
    root = np.linalg.cholesky(belief.covariance[np.ix_(own, own)] + 1e-12 * np.eye(2))
    drawn = (belief.mean[own] + rng.standard_normal((DRAWS, 2)) @ root.T) @ shapes
    best = drawn.argmax(1)
    shares = [float(third[best].mean()) for third in (LOW, MIDDLE, HIGH)]
    third = int(np.argmax(shares))
    trait = space.traits[number]
    mean = belief.mean[own] @ shapes
    within = np.where((LOW, MIDDLE, HIGH)[third], mean, -np.inf)
    place = int(within.argmax())
    return Favour(
        trait=trait.name,
        words=(trait.low, trait.middle, trait.high)[third],
        value=space.value(number, float(PLACES[place])),
        wins=float(expit(max(mean[place] - mean.min(), 0))),
        certainty=shares[third],
    )


def _together(belief: Belief, features: Features, space: Space) -> list[Together]:
    """Pairs whose sign is all but certain, the surest first, three at most."""
    pairs = np.flatnonzero(features.kinds == PAIR)
    weights = belief.mean[pairs]
    sure = ndtr(np.abs(weights) / np.sqrt(np.diag(belief.covariance)[pairs]))
    found = []
    for which in np.argsort(-sure, kind="stable")[:3]:
        if sure[which] < 0.95 or abs(weights[which]) < 0.2:
            continue
        one, two = (space.traits[int(numbers[pairs[which]])] for numbers in (features.first, features.second))
        words = (one.high, two.high if weights[which] > 0 else two.low)
        found.append(Together((one.name, two.name), words, float(sure[which])))
    return found


def _unnamed(belief: Belief, features: Features) -> float:
    """Features are uncorrelated with unit variance, near enough, so that squared weights are shares."""
    squares = belief.mean[:-1] ** 2
    total = float(squares.sum())
    return float(squares[features.kinds[:-1] == UNNAMED].sum()) / total if total else 0.0
