"""The measures spread over processes of one thread each: small networks do not fill a thread pool."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.encoders.candidates import Candidate
from benchmarks.encoders.measures import (
    PictureSet,
    crop_measures,
    identity_measures,
    load_pictures,
    retrieval_measures,
    synthesis_measure,
)
from benchmarks.encoders.plan import Plan
from bottega.encoders import Encoder
from bottega.evaluation import Interval


@dataclass(frozen=True)
class TaskResult:
    """The result of one task: figures of one network and, from synthesis, its textures."""

    candidate: str
    seed: int
    figures: list[tuple[str, Interval]]
    textures: list[Tensor]


_images: PictureSet
_plan: Plan


def measure_all(
    candidates: Sequence[Candidate], data: Path | None, plan: Plan, workers: int, *, paint: bool = True
) -> Iterator[TaskResult]:
    """Everything about every candidate, in order; untrained ones paint with their first seed only."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_prepare, initargs=(data, plan)) as pool:
        tasks = []
        for candidate in candidates:
            first = candidate.encoders[0]
            if paint:
                tasks.append(pool.submit(_draw, candidate.name, first))
            for seed, encoder in enumerate(candidate.encoders):
                tasks.append(pool.submit(_rank, candidate.name, seed, encoder))
        for task in tasks:
            yield task.result()


def _prepare(data: Path | None, plan: Plan) -> None:
    global _images, _plan
    torch.set_num_threads(1)
    _images, _plan = load_pictures(data, plan), plan


def _rank(name: str, seed: int, encoder: Encoder) -> TaskResult:
    figures = [
        *crop_measures(encoder, _images, _plan),
        *retrieval_measures(encoder, _images, _plan),
    ]
    return TaskResult(name, seed, figures, [])


def _draw(name: str, encoder: Encoder) -> TaskResult:
    figures, textures = synthesis_measure(encoder, _images, _plan)
    return TaskResult(name, 0, [*figures, *identity_measures(encoder, _images, _plan)], textures)
