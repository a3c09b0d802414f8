"""The training loop: it counts steps, saves, resumes and tells; it knows no model.

Randomness is a function of (seed, step), so that a run that was killed and resumed sees exactly what an
uninterrupted one sees.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bottega.errors import Cancelled, SettingsError, TrainingError
from bottega.training.callbacks import Callback
from bottega.training.checkpoint import load_checkpoint, save_checkpoint
from bottega.training.clock import Clock
from bottega.training.ema import EMA
from bottega.training.groups import set_training
from bottega.training.interruption import Interruption
from bottega.training.metrics import Metrics
from bottega.training.schedules import Schedule
from bottega.training.state import restore, state_of
from bottega.training.step import Step, StepFunction
from bottega.training.updates import NotFiniteError, Updates
from bottega.training.validation import Validation
from bottega.training.workers import Worker, worker

ENDINGS = ("", "finished", "early", "time", "interrupted")
"""Why a session may end: all steps are done, patience or the time is up, or somebody asked for it."""


@dataclass
class Loop:
    """Train ``module`` with ``step`` until the schedule ends.

    Attributes:
        module: everything with weights that is to be saved and averaged (a model and its heads; the two
            networks of an adversarial training in one ``nn.ModuleDict``).
        optimizers: over the module's parameters; one ("model"), or several by name.
        step: updates the weights once; see :class:`~bottega.training.Step`.
        schedule: of the learning rates; also says how many steps there are.
        run: folder for ``last.pt``, ``best.pt`` and ``metrics.jsonl``.
        seed: of the whole run.
        callbacks: see :class:`~bottega.training.Callback`.
        validation: measures at intervals; keeps ``best.pt``, may end the training early.
        worker: this process, alone or among several.
        accumulate: into so many parts each step is cut, to need less memory.
        clip: largest gradient norm; None does not clip.
        ema_decay: of the weights' moving average.
        save_every: seconds between checkpoints.
        log_every: steps between lines of metrics.
    """

    module: nn.Module
    optimizers: Optimizer | Mapping[str, Optimizer]
    step: StepFunction
    schedule: Schedule
    run: Path
    seed: int = 0
    callbacks: Sequence[Callback] = ()
    validation: Validation | None = None
    worker: Worker = field(default_factory=worker)
    accumulate: int = 1
    clip: float | None = 5.0
    ema_decay: float = 0.999
    save_every: float = 60.0
    log_every: int = 20

    def __post_init__(self) -> None:
        named = self.optimizers if isinstance(self.optimizers, Mapping) else {"model": self.optimizers}
        self.updates = Updates(named, self.schedule, self.worker, self.clip)
        self.ema = EMA(self.module, self.ema_decay)
        self.run.mkdir(parents=True, exist_ok=True)
        self.metrics = Metrics(self.run / "metrics.jsonl")
        self.clock = Clock()
        self.done = 0
        self.seconds = 0.0
        self._saved_step: int | None = None
        self._stop = False
        self._deadline = math.inf

    @property
    def checkpoint(self) -> Path:
        """The state after the last step that was saved."""
        return self.run / "last.pt"

    @property
    def best_checkpoint(self) -> Path:
        """The state at the best validation."""
        return self.run / "best.pt"

    @property
    def seconds_left(self) -> float | None:
        """Time to the last step, or to the end of the time budget; None before the second step."""
        left = self.clock.left(self.schedule.steps - self.done)
        return None if left is None else max(0.0, min(left, self._deadline - time.monotonic()))

    def averaged(self) -> AbstractContextManager[None]:
        """Within the block the module has the averaged weights, evaluates and takes no gradients."""
        return self.ema.inside(self.module)

    def stop(self) -> None:
        """End after this step, as Ctrl-C does; for callbacks."""
        self._stop = True

    def emit(self, event: Callable[[Callback], None]) -> None:
        """Tell all callbacks; of several processes only the main one speaks."""
        if self.worker.main:
            for callback in self.callbacks:
                event(callback)

    def resume(self) -> bool:
        """Continue from the run's checkpoint; False when there is none.

        Raises:
            WeightsError: the checkpoint is damaged or of another network.
            SettingsError: it is of a training with another seed or other optimisers.
        """
        if not self.checkpoint.exists():
            return False
        restore(self, load_checkpoint(self.checkpoint))
        self._saved_step = self.done
        return True

    def save(self) -> None:
        """Write the checkpoint now."""
        self._write(self.checkpoint)
        self._saved_step = self.done

    def train(self, minutes: float = math.inf) -> str:
        """Go on for at most ``minutes``; the state at the end is always saved.

        Returns:
            Why it ended: "finished", "early" or "time".

        Raises:
            Cancelled: after Ctrl-C, a termination signal or :meth:`stop`; the state is saved.
            TrainingError: the loss is no longer finite; the last good checkpoint stays as it is.
            SettingsError: the folder holds a training that was not resumed; or from the step function.
        """
        ending = "failed"
        self._begin(minutes)
        try:
            with Interruption() as interruption:
                while not (found := self._ending(interruption.asked)):
                    self._timed_step()
                self.save()
            ending = found
        finally:
            self.emit(lambda callback: callback.end(self, ending))
        if ending == "interrupted":
            raise Cancelled(
                f"Training stopped at step {self.done} of {self.schedule.steps}; {self.run} holds its state: "
                "start it again with the same folder to go on."
            )
        return ending

    def advance(self) -> Mapping[str, Tensor]:
        """One step; returns its losses (with accumulation those of the last part).

        Raises:
            TrainingError: the loss is no longer finite.
        """
        self.updates.set_rates(self.done)
        losses: Mapping[str, Tensor] = {}
        for part in range(self.accumulate):
            step = Step(self.done, self._seeded(part), self.worker, self.updates, part, self.accumulate)
            try:
                losses = self.step(step)
            except NotFiniteError:
                raise TrainingError(self._alarm()) from None
            if not step.updated:
                raise SettingsError("The step function updates nothing; it should call step.update(loss).")
        self.done += 1
        self.ema.update(self.module, self.done)
        return losses

    def _begin(self, minutes: float) -> None:
        if self.checkpoint.exists() and self._saved_step is None:
            raise SettingsError(f"{self.run} holds a training already; resume it, or take another folder.")
        now = time.monotonic()
        self.clock, self._deadline, self._stop = Clock(), now + 60 * minutes, False
        self._since, self._last_save = now - self.seconds, now
        self.worker.share_weights([*self.module.state_dict().values(), *self.ema.state.values()])
        set_training(self.module)
        if self.worker.main:
            self.metrics.rewind(self.done)
        self.emit(lambda callback: callback.start(self))

    def _ending(self, interrupted: bool) -> str:
        ending = ""
        if interrupted or self._stop:
            ending = "interrupted"
        elif self.done >= self.schedule.steps:
            ending = "finished"
        elif self.validation and self.validation.exhausted:
            ending = "early"
        elif time.monotonic() >= self._deadline:
            ending = "time"
        return ENDINGS[self.worker.highest(ENDINGS.index(ending))]

    def _timed_step(self) -> None:
        began = time.monotonic()
        losses = self.advance()
        stepped = time.monotonic()
        self.clock.step(stepped - began)
        self.seconds = stepped - self._since
        self.metrics.add(losses)
        self.emit(lambda callback: callback.step(self, losses))
        last = self.done == self.schedule.steps
        if self.done % self.log_every == 0 or last:
            self._log()
        if self.validation and (self.done % self.validation.every == 0 or last):
            self._validate(self.validation)
        if time.monotonic() - self._last_save > self.save_every:
            self.save()
            self._last_save = time.monotonic()
        self.clock.pause(time.monotonic() - stepped)

    def _log(self) -> None:
        line = {"step": self.done, "seconds": round(self.seconds, 1), **self.metrics.means()}
        if self.worker.main:
            self.metrics.write(line)
        self.emit(lambda callback: callback.log(self, line))

    def _validate(self, validation: Validation) -> None:
        if not self.worker.main:
            return
        with self.averaged():
            measures = dict(validation.measure())
        best = validation.judge(measures, self.done)
        self.metrics.write({"step": self.done, **{f"validation/{n}": v for n, v in measures.items()}})
        if best:
            self._write(self.best_checkpoint)
        self.emit(lambda callback: callback.validate(self, measures, best))

    def _write(self, path: Path) -> None:
        weights = self.module.state_dict().values()
        if any(x.is_floating_point() and not bool(x.isfinite().all()) for x in weights):
            raise TrainingError(self._alarm())
        if self.worker.main:
            save_checkpoint(path, state_of(self))
            self.emit(lambda callback: callback.save(self, path))

    def _seeded(self, part: int) -> torch.Generator:
        """The generator of a part; torch's global one, from which dropout draws, is seeded likewise."""
        share = self.worker.rank * self.accumulate + part
        seed = (self.seed * 1_000_003 + self.done + (share << 40)) % 2**63
        torch.manual_seed(seed)
        return torch.Generator().manual_seed(seed)

    def _alarm(self) -> str:
        kept = "nothing was saved yet"
        if self._saved_step is not None:
            kept = f"{self.checkpoint} keeps step {self._saved_step}"
        return (
            f"Training broke down at step {self.done}: the loss, a gradient or a weight is not a finite "
            f"number ({kept}); start again with a lower learning rate or a smaller clip."
        )
