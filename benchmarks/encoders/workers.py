"""The measures spread over processes of one thread each: small networks do not fill a thread pool."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.encoders.contestants import Contestant
from benchmarks.encoders.measures import (
    Material,
    crop_measures,
    identity_measures,
    load_material,
    retrieval_measures,
    synthesis_measure,
)
from benchmarks.encoders.plan import Plan
from bottega.encoders import Encoder
from bottega.evaluate import Interval


@dataclass(frozen=True)
class Found:
    """What one task found: figures of one network and, from synthesis, its textures."""

    contestant: str
    seed: int
    figures: list[tuple[str, Interval]]
    textures: list[Tensor]


_material: Material
_plan: Plan


def measure_all(
    contestants: Sequence[Contestant], data: Path | None, plan: Plan, workers: int, *, paint: bool = True
) -> Iterator[Found]:
    """Everything about every contestant, in order; untrained ones paint with their first seed only."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_prepare, initargs=(data, plan)) as pool:
        tasks = []
        for contestant in contestants:
            first = contestant.encoders[0]
            if paint:
                tasks.append(pool.submit(_draw, contestant.name, first))
            for seed, encoder in enumerate(contestant.encoders):
                tasks.append(pool.submit(_rank, contestant.name, seed, encoder))
        for task in tasks:
            yield task.result()


def _prepare(data: Path | None, plan: Plan) -> None:
    global _material, _plan
    torch.set_num_threads(1)
    _material, _plan = load_material(data, plan), plan


def _rank(name: str, seed: int, encoder: Encoder) -> Found:
    figures = [*crop_measures(encoder, _material, _plan), *retrieval_measures(encoder, _material, _plan)]
    return Found(name, seed, figures, [])


def _draw(name: str, encoder: Encoder) -> Found:
    figures, textures = synthesis_measure(encoder, _material, _plan)
    return Found(name, 0, [*figures, *identity_measures(encoder, _material, _plan)], textures)
