"""One candidate in a process of its own, measured by an evaluator at no cost of its time.

The candidate stops its clock, sends its picture, and waits. The evaluator measures the picture in the parent
process and answers whether to continue.
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

from benchmarks.optimize import baselines
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
    """Everything that a candidate needs.

    Attributes:
        encoder: float32, frozen.
        content, style: ``(1, 3, size, size)``.
        settings: for ours, and the weights of the losses for all.
        iterations: of the plain ones; the most at the last scale for ours.
        every: iterations between measurements.
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
class Measurement:
    """One measurement of the evaluator.

    Attributes:
        seconds: of the candidate's work so far.
        evaluations: of loss and gradient at the final size so far.
        loss: of the picture at its final size, in float32.
    """

    seconds: float
    evaluations: int
    loss: float


@dataclass
class Run:
    """The measurements of one candidate; ``peak_memory`` in bytes, of its whole process."""

    name: Name
    measurements: list[Measurement] = field(default_factory=list)
    peak_memory: int = 0


Evaluator = Callable[[Tensor], float]
KeepRunning = Callable[[Measurement], bool]


def run_candidate(job: Job, evaluator: Evaluator, keep_running: KeepRunning) -> Run:
    """Run one candidate to its end, or until ``keep_running`` returns False (which only ours obeys).

    Raises:
        BottegaError: the candidate's process ended early.
    """
    context = multiprocessing.get_context("spawn")
    parent_end, worker_end = context.Pipe()
    worker = context.Process(target=_work, args=(worker_end,), daemon=True)
    worker.start()
    worker_end.close()
    run = Run(job.name)
    try:
        # Plain pickling copies the tensors; torch's own needs shared memory.
        parent_end.send_bytes(pickle.dumps(job))
        while (message := parent_end.recv())[0] == "measurement":
            _, seconds, evaluations, picture = message
            run.measurements.append(Measurement(seconds, evaluations, evaluator(torch.from_numpy(picture))))
            parent_end.send(keep_running(run.measurements[-1]))
        run.peak_memory = message[1]
    except (EOFError, BrokenPipeError):
        raise BottegaError(f"The candidate {job.name} ended early; see its own message above.") from None
    finally:
        parent_end.close()
        worker.join()
    return run


class _Stopwatch:
    """Counts the time between measurements, and sends pictures to the evaluator in between."""

    def __init__(self, evaluator: Connection) -> None:
        self.evaluator, self.seconds, self.start = evaluator, 0.0, time.perf_counter()

    def measure(self, picture: Tensor, evaluations: int) -> bool:
        """False where the candidate is to stop."""
        self.seconds += time.perf_counter() - self.start
        self.evaluator.send(("measurement", self.seconds, evaluations, picture.numpy()))
        answer = bool(self.evaluator.recv())
        self.start = time.perf_counter()
        return answer


def _work(evaluator: Connection) -> None:
    configure_malloc()
    job: Job = pickle.loads(evaluator.recv_bytes())
    torch.set_num_threads(job.threads)
    candidate = _ours if job.name == "ours" else _plain
    # The first steps of a process import and prepare kernels; none of that is the method's.
    candidate(_small(job), lambda picture, evaluations: False)
    candidate(job, _Stopwatch(evaluator).measure)
    evaluator.send(("end", peak_memory()))


def _plain(job: Job, measure: Callable[[Tensor, int], bool]) -> None:
    def callback(picture: Tensor, evaluations: int) -> None:
        measure(picture, evaluations)

    loss = baselines.PlainLoss(job.encoder, job.content, job.style, job.settings)
    if job.name == "plain Adam":
        baselines.adam(loss, job.content, job.rate, job.iterations, job.every, callback)
    else:
        noise = baselines.white_noise(job.content.shape[-1], job.settings.seed)
        baselines.lbfgs(loss, noise, job.iterations, job.every, callback)


def _ours(job: Job, measure: Callable[[Tensor, int], bool]) -> None:
    """Our method with the user's settings, continued at the last scale until the evaluator stops it."""
    default_iterations = job.settings.last_iterations
    settings = job.settings.model_copy(update={"last_iterations": max(default_iterations, job.iterations)})

    def on_progress(progress: OptimizationProgress) -> bool:
        last = progress.scale == progress.scales
        due = progress.iteration in (
            (1, default_iterations, progress.iterations) if last else (progress.iterations,)
        )
        if due or (last and progress.iteration % job.every == 0):
            return measure(_at_final_size(progress.preview(), job.content), progress.iteration if last else 0)
        return True

    encoder = job.encoder.to(job.precision)
    optimize(job.content, [Style(job.style)], settings, encoder=encoder, on_progress=on_progress)


def _at_final_size(picture: Tensor, content: Tensor) -> Tensor:
    """The result if the work were stopped now: the picture at its final size."""
    return resize(picture, (content.shape[-2], content.shape[-1])).clamp(0, 1)


def _small(job: Job) -> Job:
    """The same job on a few pixels."""
    corner = job.content[..., :16, :16].contiguous()
    settings = job.settings.model_copy(update={"size": 16, "first_size": 16, "last_iterations": 1})
    return replace(job, content=corner, style=corner, settings=settings, iterations=2)
