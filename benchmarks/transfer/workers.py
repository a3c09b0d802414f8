"""Stylizing and measuring in processes of one thread each."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.transfer.measures import Scores, measure
from benchmarks.transfer.methods import Method, load_method
from benchmarks.transfer.picture_pairs import Pair
from bottega import pictures
from bottega.encoders import Encoder


@dataclass(frozen=True)
class Task:
    """One pair and one method.

    Attributes:
        source: of the method.
        identity: of the method.
        strengths: still to be measured.
        keep: file for the picture at the last of them, if any.
    """

    pair: Pair
    source: str
    identity: str
    strengths: tuple[float, ...]
    picture_path: Path | None = None


_encoder: Encoder | None = None


def run_tasks(
    tasks: Sequence[Task], encoder: Encoder | None, workers: int
) -> Iterator[tuple[Task, dict[float, Scores]]]:
    """Run tasks in ``workers`` processes (1: in this one); yields them in order."""
    if workers == 1:
        _prepare(encoder)
        yield from ((task, score_task(task)) for task in tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_prepare, initargs=(encoder,)) as pool:
        yield from zip(tasks, pool.map(score_task, tasks), strict=True)


def score_task(task: Task) -> dict[float, Scores]:
    """Scores at each strength of one task."""
    content, style = task.pair.load()
    method, scores = _cached_method(task.source), {}
    for strength in task.strengths:
        stylized = method(content, style, strength)
        scores[strength] = measure(stylized, content, style, _encoder)
    if task.picture_path is not None:
        task.picture_path.parent.mkdir(parents=True, exist_ok=True)
        pictures.save(stylized, task.picture_path)
    return scores


def _prepare(encoder: Encoder | None) -> None:
    global _encoder
    torch.set_num_threads(1)
    _encoder = encoder


@functools.cache
def _cached_method(source: str) -> Method:
    return load_method(source)
