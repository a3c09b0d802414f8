"""The training loop: it counts, saves, validates, reports and resumes; it knows no model.

Randomness is a function of (seed, step), so that a run that was killed and resumed sees exactly what an
uninterrupted one sees. Read :meth:`Trainer.train` and :meth:`Trainer.advance` first.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bottega.errors import Cancelled, SettingsError, TrainingError, WeightsError
from bottega.training.checkpoint import BEST_CHECKPOINT, LAST_CHECKPOINT, load_checkpoint, save_checkpoint
from bottega.training.distributed import ProcessContext, process_context
from bottega.training.metrics_log import EtaEstimator, MetricsLog
from bottega.training.optimizers import EMA, set_train_mode
from bottega.training.schedules import Schedule, TimeBudgetSchedule
from bottega.training.step import NonFiniteError, OptimizerStep, Step, StepFunction
from bottega.training.validation import Validation

STOP_REASONS = ("", "finished", "early", "time", "interrupted")
"""Why a session ends: all steps are done, patience or time ran out, or someone stopped it. "" goes on."""


class Callback:
    """Base class with one method for each event; override those you need. Only the main process calls them.

    ``trainer.global_step`` steps are done when a method is called; ``trainer.stop()`` ends the training.
    """

    def start(self, trainer: Trainer) -> None:
        """Before the first step of a session."""

    def step(self, trainer: Trainer, losses: Mapping[str, Tensor]) -> None:
        """After each step. Reading a value from ``losses`` waits for the device."""

    def log(self, trainer: Trainer, line: Mapping[str, float]) -> None:
        """A line of metrics was written: ``step``, ``seconds`` and mean losses."""

    def validate(self, trainer: Trainer, metrics: Mapping[str, float], best: bool) -> None:
        """A validation has these metrics; ``best`` so far or not."""

    def sample(self, trainer: Trainer, path: Path, picture: Tensor) -> None:
        """A sheet of samples ``(1, 3, H, W)`` was written to ``path``."""

    def save(self, trainer: Trainer, path: Path) -> None:
        """A checkpoint was written."""

    def end(self, trainer: Trainer, stop_reason: str) -> None:
        """After the last step of a session; ``stop_reason`` is one of `STOP_REASONS` or "failed"."""


class SignalGuard:
    """Within the block, the first Ctrl-C or termination signal only sets ``received``; a second one ends the
    program at once.

    Outside the main thread, where Python delivers no signals, ``received`` stays False.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.received = self._raises = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self.received = False
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.signal(number, self._receive) for number in self.SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within the block a signal raises KeyboardInterrupt at once, for what takes long and is not kept."""
        self._raises = True
        try:
            yield
        finally:
            self._raises = False

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received = True
        self._restore()
        if self._raises:
            raise KeyboardInterrupt

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._previous = {}


@dataclass
class Trainer:
    """Train ``module`` with ``train_step`` until the schedule ends.

    Attributes:
        module: everything with weights that is saved and averaged (a model and its heads; the two networks
            of a GAN in one ``nn.ModuleDict``).
        optimizers: over the module's parameters; one ("model"), or several by name.
        train_step: updates the weights once; see :class:`~bottega.training.Step`.
        schedule: of the learning rates; also defines the number of steps.
        run_dir: folder for ``last.pt``, ``best.pt`` and ``metrics.jsonl``.
        seed: of the whole run.
        callbacks: see :class:`~bottega.training.Callback`.
        validation: computes metrics at intervals; selects ``best.pt``, may end the training early.
        context: this process, alone or among several.
        accumulation_steps: micro-batches per step; more need less memory.
        max_grad_norm: gradients are clipped to this norm; None does not clip.
        ema_decay: of the weights' moving average.
        save_every: seconds between checkpoints.
        log_every: steps between lines of metrics.
    """

    module: nn.Module
    optimizers: Optimizer | Mapping[str, Optimizer]
    train_step: StepFunction
    schedule: Schedule
    run_dir: Path
    seed: int = 0
    callbacks: Sequence[Callback] = ()
    validation: Validation | None = None
    context: ProcessContext = field(default_factory=process_context)
    accumulation_steps: int = 1
    max_grad_norm: float | None = 5.0
    ema_decay: float = 0.999
    save_every: float = 60.0
    log_every: int = 20

    def __post_init__(self) -> None:
        by_name = self.optimizers if isinstance(self.optimizers, Mapping) else {"model": self.optimizers}
        self.optimizer_step = OptimizerStep(by_name, self.schedule, self.context, self.max_grad_norm)
        self.ema = EMA(self.module, self.ema_decay)
        self.run_dir.mkdir(parents=True, exist_ok=True)
        self.checkpoint, self.best_checkpoint = self.run_dir / LAST_CHECKPOINT, self.run_dir / BEST_CHECKPOINT
        self.metrics = MetricsLog(self.run_dir / "metrics.jsonl")
        self.eta = EtaEstimator()
        self.global_step = 0
        self.seconds = 0.0
        self._saved_step: int | None = None
        self._stop = False
        self._signals = SignalGuard()
        self._session_start = self._last_save = 0.0
        self._deadline = math.inf

    def train(self, minutes: float = math.inf) -> str:
        """Train for at most ``minutes``; the state at the end is always saved.

        Returns:
            Why it ended: "finished", "early" or "time".

        Raises:
            Cancelled: after Ctrl-C, a termination signal or :meth:`stop`; the state is saved.
            TrainingError: the loss is no longer finite; the last good checkpoint stays as it is.
            SettingsError: the folder holds a training that was not resumed; or from the step function.
        """
        stop_reason = "failed"
        self._start_session(minutes)
        try:
            with self._signals as signals:
                while not (reason := self._stop_reason(signals.received)):
                    self._advance_and_report()
                self.save()
            stop_reason = reason
        finally:
            self.emit(lambda callback: callback.end(self, stop_reason))
        if stop_reason == "interrupted":
            raise Cancelled(
                f"Training stopped at step {self.global_step} of {self.schedule.steps}; its state is in "
                f"{self.run_dir}: start it again with the same folder to resume."
            )
        return stop_reason

    def advance(self) -> Mapping[str, Tensor]:
        """One step; returns its losses (with accumulation those of the last micro-batch).

        Raises:
            TrainingError: the loss is no longer finite.
        """
        self.optimizer_step.set_learning_rates(self.global_step)
        losses: Mapping[str, Tensor] = {}
        for micro_step in range(self.accumulation_steps):
            generator = self._seed_generators(micro_step)
            step = Step(
                self.global_step,
                generator,
                self.context,
                self.optimizer_step,
                micro_step,
                self.accumulation_steps,
            )
            try:
                losses = self.train_step(step)
            except NonFiniteError:
                raise TrainingError(self._divergence_message()) from None
            if not step.updated:
                raise SettingsError("The step function updates nothing; it should call step.update(loss).")
        self.global_step += 1
        self.ema.update(self.module, self.global_step)
        return losses

    def _advance_and_report(self) -> None:
        started = time.monotonic()
        losses = self.advance()
        finished = time.monotonic()
        self.eta.add_step(finished - started)
        self._set_seconds(self.context.max(finished - self._session_start))  # the same in all processes
        self.metrics.add(losses)
        self.emit(lambda callback: callback.step(self, losses))
        last = self.global_step == self.schedule.steps
        if self.global_step % self.log_every == 0 or last:
            self._log()
        if self.validation and (self.global_step % self.validation.every == 0 or last):
            self._validate(self.validation)
        if time.monotonic() - self._last_save > self.save_every:
            self.save()
            self._last_save = time.monotonic()
        self.eta.add_pause(time.monotonic() - finished)

    def _start_session(self, minutes: float) -> None:
        if self.checkpoint.exists() and self._saved_step is None:
            raise SettingsError(f"{self.run_dir} holds a training already; resume it, or use another folder.")
        now = time.monotonic()
        self.eta, self._deadline, self._stop = EtaEstimator(), now + 60 * minutes, False
        self._session_start, self._last_save = now - self.seconds, now
        self.context.broadcast([*self.module.state_dict().values(), *self.ema.state.values()])
        set_train_mode(self.module)
        if self.context.is_main:
            self.metrics.rewind(self.global_step)
        self.emit(lambda callback: callback.start(self))

    def _stop_reason(self, interrupted: bool) -> str:
        reason = ""
        if interrupted or self._stop:
            reason = "interrupted"
        elif self.global_step >= self.schedule.steps:
            reason = "finished"
        elif self.validation and self.validation.out_of_patience:
            reason = "early"
        elif time.monotonic() >= self._deadline:
            reason = "time"
        return STOP_REASONS[int(self.context.max(STOP_REASONS.index(reason)))]

    def _log(self) -> None:
        line = {"step": self.global_step, "seconds": round(self.seconds, 1), **self.metrics.pop_means()}
        if self.context.is_main:
            self.metrics.write(line)
        self.emit(lambda callback: callback.log(self, line))

    def _validate(self, validation: Validation) -> None:
        if not self.context.is_main:
            return
        try:
            with self.averaged_weights(), self._signals.interruptible():
                metrics = dict(validation.compute())
        except KeyboardInterrupt:
            if self._signals.received:  # the loop saves the state and ends
                return
            raise
        best = validation.update(metrics, self.global_step)
        self.metrics.write({"step": self.global_step, **{f"validation/{n}": v for n, v in metrics.items()}})
        if best:
            self._write_checkpoint(self.best_checkpoint)
        self.emit(lambda callback: callback.validate(self, metrics, best))

    @property
    def seconds_left(self) -> float | None:
        """Time to the last step, or to the end of the session; None before the second step."""
        left = self.eta.seconds_left(self.schedule.steps - self.global_step)
        return None if left is None else max(0.0, min(left, self._deadline - time.monotonic()))

    def averaged_weights(self) -> AbstractContextManager[None]:
        """Within the block the module has the averaged weights, in evaluation mode and without gradients."""
        return self.ema.swapped_into(self.module)

    def stop(self) -> None:
        """End after this step, as Ctrl-C does; for callbacks."""
        self._stop = True

    def emit(self, event: Callable[[Callback], None]) -> None:
        """Call all callbacks, in the main process only."""
        if self.context.is_main:
            for callback in self.callbacks:
                event(callback)

    def resume(self) -> bool:
        """Continue from the run's checkpoint; False if it is missing.

        Raises:
            WeightsError: the checkpoint is damaged or of another network.
            SettingsError: it is of a training with another seed or other optimizers.
        """
        if not self.checkpoint.exists():
            return False
        self.load_state_dict(load_checkpoint(self.checkpoint))
        self._saved_step = self.global_step
        return True

    def save(self) -> None:
        """Write the checkpoint now."""
        self._write_checkpoint(self.checkpoint)
        self._saved_step = self.global_step

    def best_weights(self) -> tuple[dict[str, Tensor], dict[str, float]]:
        """The averaged weights of the best validation, or the current ones if there was no validation.

        Returns:
            The state dict, and ``"step"`` and (after a validation) the deciding metric by its name.
        """
        if not self.best_checkpoint.exists() or self.validation is None:
            return self.ema.state, {"step": self.global_step}
        state = load_checkpoint(self.best_checkpoint, self.context.device)
        return state["ema"], {"step": state["step"], self.validation.metric: state["validation"]["best"]}

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on; tensors and plain values."""
        optimizers = self.optimizer_step.optimizers
        return {
            "module": self.module.state_dict(),
            "ema": self.ema.state,
            "optimizers": {name: optimizer.state_dict() for name, optimizer in optimizers.items()},
            "step": self.global_step,
            "seed": self.seed,
            "seconds": self.seconds,
            "metrics": self.metrics.state_dict(),
            "validation": self.validation.state_dict() if self.validation else None,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore :meth:`state_dict`.

        Raises:
            WeightsError: it is of another network.
            SettingsError: it is of a training with another seed or other optimizers.
        """
        optimizers = self.optimizer_step.optimizers
        if state["seed"] != self.seed:
            raise SettingsError(
                f"{self.checkpoint} is of a training with the seed {state['seed']}, not {self.seed}."
            )
        if state["optimizers"].keys() != optimizers.keys():
            raise SettingsError(
                f"{self.checkpoint} is of a training with other optimizers: {', '.join(state['optimizers'])}."
            )
        try:
            self.module.load_state_dict(state["module"])
            for name, optimizer in optimizers.items():
                optimizer.load_state_dict(state["optimizers"][name])
        except (RuntimeError, ValueError) as error:
            raise WeightsError(f"{self.checkpoint} is of a training of another network.") from error
        for name, tensor in state["ema"].items():
            self.ema.state[name].copy_(tensor)
        self.global_step = state["step"]
        self._set_seconds(state["seconds"])
        self.metrics.load_state_dict(state["metrics"])
        if self.validation and state["validation"]:
            self.validation.load_state_dict(state["validation"])

    def _set_seconds(self, seconds: float) -> None:
        self.seconds = seconds
        if isinstance(self.schedule, TimeBudgetSchedule):
            self.schedule.update(self.global_step, seconds)

    def _write_checkpoint(self, path: Path) -> None:
        weights = self.module.state_dict().values()
        if any(x.is_floating_point() and not bool(x.isfinite().all()) for x in weights):
            raise TrainingError(self._divergence_message())
        if self.context.is_main:
            save_checkpoint(path, self.state_dict())
            self.emit(lambda callback: callback.save(self, path))

    def _seed_generators(self, micro_step: int) -> torch.Generator:
        """A generator for a micro-batch; torch's global one, from which dropout draws, is seeded likewise."""
        share = self.context.rank * self.accumulation_steps + micro_step
        seed = (self.seed * 1_000_003 + self.global_step + (share << 40)) % 2**63
        torch.manual_seed(seed)
        return torch.Generator().manual_seed(seed)

    def _divergence_message(self) -> str:
        saved = "nothing was saved yet"
        if self._saved_step is not None:
            saved = f"{self.checkpoint} has step {self._saved_step}"
        return (
            f"Training diverged at step {self.global_step}: the loss, a gradient or a weight is not a finite "
            f"number ({saved}); start again with a lower learning rate or stronger gradient clipping."
        )
