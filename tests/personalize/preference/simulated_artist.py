"""Small items and artists for the tests of learning from choices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bottega.personalize.preference import Item, PreferenceModel, Trait

TRAITS = tuple(
    Trait(name=name, low=f"low {name}", middle=f"medium {name}", high=f"high {name}")
    for name in ("light", "color", "stroke", "space")
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


def empty_model(items: list[Item], seed: int = 0) -> PreferenceModel:
    """A model of which nothing is known."""
    return PreferenceModel.from_pool(TRAITS, items, seed=seed)


def simulate_votes(
    model: PreferenceModel,
    items: list[Item],
    utility: Callable[[Item], float],
    grids: int,
    noise: float = 0.3,
) -> PreferenceModel:
    """Let an artist with that utility pick from proposals."""
    rng = np.random.default_rng(5)
    for _ in range(grids):
        sheet = model.propose(items)
        noisy = [utility(item) + noise * rng.gumbel() for item in sheet]
        model.pick(sheet[int(np.argmax(noisy))], sheet)
    return model
