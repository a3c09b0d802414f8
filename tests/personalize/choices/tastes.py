"""Small items and artists for the tests of learning from choices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bottega.personalize.choices import Item, Taste, Trait

TRAITS = tuple(
    Trait(name=name, low=f"low {name}", middle=f"middling {name}", high=f"high {name}")
    for name in ("light", "colour", "stroke", "space")
)


def pool(count: int = 120, seed: int = 0, embedding: int = 3, name: str = "p") -> list[Item]:
    """Independent normal numbers."""
    rng = np.random.default_rng(seed)
    return [
        Item(
            id=f"{name}{number}",
            traits={trait.name: float(rng.normal()) for trait in TRAITS},
            embedding=tuple(rng.normal(size=embedding).tolist()),
        )
        for number in range(count)
    ]


def blank(items: list[Item], seed: int = 0) -> Taste:
    """A taste of which nothing is known."""
    return Taste.of(TRAITS, items, seed=seed)


def teach(
    taste: Taste, items: list[Item], utility: Callable[[Item], float], grids: int, noise: float = 0.3
) -> Taste:
    """Let an artist with that utility pick from proposals."""
    rng = np.random.default_rng(5)
    for _ in range(grids):
        shown = taste.propose(items)
        seen = [utility(item) + noise * rng.gumbel() for item in shown]
        taste.pick(shown[int(np.argmax(seen))], shown)
    return taste
