"""One contestant at work in a process of its own, watched by a judge whose looks cost it no time.

The contestant stops its clock, sends its picture, and waits. The judge measures the picture in this process
and answers whether to go on.
"""

from __future__ import annotations

import multiprocessing
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Literal

import torch
from torch import Tensor

from benchmarks.optimize import plain
from bottega.encoders import Encoder
from bottega.errors import BottegaError
from bottega.pictures import resize
from bottega.runtime import configure_malloc, peak_memory
from bottega.transfer.optimize.runner import optimize
from bottega.transfer.optimize.settings import OptimizeSettings
from bottega.transfer.optimize.state import OptimizationProgress
from bottega.transfer.regions import Style

Name = Literal["plain Adam", "plain L-BFGS", "ours"]


@dataclass(frozen=True)
class Job:
    """Everything that a contestant needs.

    Attributes:
        encoder: float32, frozen.
        content, style: ``(1, 3, size, size)``.
        settings: for ours, and the weights of the losses for all.
        iterations: of the plain ones; the most at the last scale for ours.
        every: iterations between looks.
        rate: of plain Adam.
        precision: of ours.
        threads: of each.
    """

    name: Name
    encoder: Encoder
    content: Tensor
    style: Tensor
    settings: OptimizeSettings
    iterations: int
    every: int
    rate: float
    precision: torch.dtype
    threads: int


@dataclass(frozen=True)
class Look:
    """What the judge saw.

    Attributes:
        seconds: of the contestant's work so far.
        evaluations: of loss and gradient at the final size so far.
        loss: of the picture at its final size, in float32.
    """

    seconds: float
    evaluations: int
    loss: float


@dataclass
class Run:
    """One contestant's way down; ``peak_memory`` in bytes, of its whole process."""

    name: Name
    looks: list[Look] = field(default_factory=list)
    peak_memory: int = 0


Judge = Callable[[Tensor], float]
GoOn = Callable[[Look], bool]


def contest(job: Job, judge: Judge, go_on: GoOn) -> Run:
    """Run one contestant to its end, or until ``go_on`` says no (which only ours heeds).

    Raises:
        BottegaError: the contestant's process broke off.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=_work, args=(there,), daemon=True)
    worker.start()
    there.close()
    run = Run(job.name)
    try:
        # Plain pickling copies the tensors; torch's own would need room in shared memory.
        here.send_bytes(pickle.dumps(job))
        while (message := here.recv())[0] == "look":
            _, seconds, evaluations, picture = message
            run.looks.append(Look(seconds, evaluations, judge(torch.from_numpy(picture))))
            here.send(go_on(run.looks[-1]))
        run.peak_memory = message[1]
    except (EOFError, BrokenPipeError):
        raise BottegaError(f"The contestant {job.name} broke off; its own message stands above.") from None
    finally:
        here.close()
        worker.join()
    return run


class _Clock:
    """Counts the time between looks, and shows pictures to the judge in between."""

    def __init__(self, judge: Connection) -> None:
        self.judge, self.seconds, self.begun = judge, 0.0, time.perf_counter()

    def look(self, picture: Tensor, evaluations: int) -> bool:
        """False where the judge has seen enough."""
        self.seconds += time.perf_counter() - self.begun
        self.judge.send(("look", self.seconds, evaluations, picture.numpy()))
        answer = bool(self.judge.recv())
        self.begun = time.perf_counter()
        return answer


def _work(judge: Connection) -> None:
    configure_malloc()
    job: Job = pickle.loads(judge.recv_bytes())
    torch.set_num_threads(job.threads)
    contestant = _ours if job.name == "ours" else _plain
    # The first steps of a process import and prepare kernels; none of that is the method's.
    contestant(_small(job), lambda picture, evaluations: False)
    contestant(job, _Clock(judge).look)
    judge.send(("end", peak_memory()))


def _plain(job: Job, look: Callable[[Tensor, int], bool]) -> None:
    def watch(picture: Tensor, evaluations: int) -> None:
        look(picture, evaluations)

    loss = plain.PlainLoss(job.encoder, job.content, job.style, job.settings)
    if job.name == "plain Adam":
        plain.adam(loss, job.content, job.rate, job.iterations, job.every, watch)
    else:
        noise = plain.white_noise(job.content.shape[-1], job.settings.seed)
        plain.lbfgs(loss, noise, job.iterations, job.every, watch)


def _ours(job: Job, look: Callable[[Tensor, int], bool]) -> None:
    """Our method with the user's settings, but for going on at the last scale until the judge stops it."""
    wanted = job.settings.last_iterations
    settings = job.settings.model_copy(update={"last_iterations": max(wanted, job.iterations)})

    def told(progress: OptimizationProgress) -> bool:
        last = progress.scale == progress.scales
        due = progress.iteration in ((1, wanted, progress.iterations) if last else (progress.iterations,))
        if due or (last and progress.iteration % job.every == 0):
            return look(_completed(progress.preview(), job.content), progress.iteration if last else 0)
        return True

    encoder = job.encoder.to(job.precision)
    optimize(job.content, [Style(job.style)], settings, encoder=encoder, on_progress=told)


def _completed(picture: Tensor, content: Tensor) -> Tensor:
    """What the user would get if the work were stopped now: the picture at its final size."""
    return resize(picture, (content.shape[-2], content.shape[-1])).clamp(0, 1)


def _small(job: Job) -> Job:
    """The same job on a few pixels."""
    corner = job.content[..., :16, :16].contiguous()
    settings = job.settings.model_copy(update={"size": 16, "first_size": 16, "last_iterations": 1})
    return replace(job, content=corner, style=corner, settings=settings, iterations=2)
