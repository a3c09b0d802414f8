"""How much is measured: the whole benchmark, or a quick look for choosing between trainings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Counts and sizes of every measure."""

    seeds: int  # untrained networks of each kind; synthesis and identity run the first one only
    pairs: int  # paintings of the crop test
    crop: int  # side of its crops
    negatives: int  # foreign crops per painting
    textures: int
    texture_target: int  # side of the paintings
    texture_size: int  # side of what is made; smaller, so that no layout can be copied
    texture_iterations: int
    identities: int
    identity_size: int
    identity_iterations: int
    photographs: int  # of the retrieval
    photograph_size: int
    resamples: int = 2000


FULL = Plan(
    seeds=3,
    pairs=100,
    crop=128,
    negatives=3,
    textures=10,
    texture_target=256,
    texture_size=192,
    texture_iterations=50,
    identities=4,
    identity_size=128,
    identity_iterations=50,
    photographs=120,
    photograph_size=128,
)
QUICK = Plan(
    seeds=1,
    pairs=60,
    crop=128,
    negatives=2,
    textures=3,
    texture_target=256,
    texture_size=128,
    texture_iterations=40,
    identities=2,
    identity_size=128,
    identity_iterations=40,
    photographs=64,
    photograph_size=128,
)
