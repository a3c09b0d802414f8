"""Painting and measuring, spread over processes of one thread each."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.transfer.material import Pair
from benchmarks.transfer.measures import Scores, measure
from benchmarks.transfer.methods import Painter, painter
from bottega import pictures
from bottega.encoders import Encoder


@dataclass(frozen=True)
class Task:
    """One pair painted by one method.

    Attributes:
        source: of the method.
        identity: of the method.
        strengths: still to be measured.
        keep: where the last of them, painted, is written to; none keeps nothing.
    """

    pair: Pair
    source: str
    identity: str
    strengths: tuple[float, ...]
    keep: Path | None = None


_encoder: Encoder | None = None


def work(
    tasks: Sequence[Task], encoder: Encoder | None, workers: int
) -> Iterator[tuple[Task, dict[float, Scores]]]:
    """Do ``tasks`` in ``workers`` processes (one: here); gives each as it is done, in their order."""
    if workers == 1:
        _prepare(encoder)
        yield from ((task, do(task)) for task in tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_prepare, initargs=(encoder,)) as pool:
        yield from zip(tasks, pool.map(do, tasks), strict=True)


def do(task: Task) -> dict[float, Scores]:
    """Figures at each strength of one task."""
    content, style = task.pair.load()
    paint, found = _painter(task.source), {}
    for strength in task.strengths:
        painted = paint(content, style, strength)
        found[strength] = measure(painted, content, style, _encoder)
    if task.keep is not None:
        task.keep.parent.mkdir(parents=True, exist_ok=True)
        pictures.save(painted, task.keep)
    return found


def _prepare(encoder: Encoder | None) -> None:
    global _encoder
    torch.set_num_threads(1)
    _encoder = encoder


@functools.cache
def _painter(source: str) -> Painter:
    return painter(source)
