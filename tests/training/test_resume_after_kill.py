"""Killed in its midst and started again, a training ends with the very same bytes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from bottega.errors import BottegaError
from bottega.training import (
    BatchLoader,
    Callback,
    Cosine,
    CropTransform,
    PictureSet,
    SampleSheets,
    Trainer,
    Validation,
    build_optimizer,
)

STEPS = 200


class Kill(Callback):
    """Saves at step 100, and ends the process without a word 37 steps later."""

    def step(self, trainer, losses):
        if trainer.global_step == 100:
            trainer.save()
        if trainer.global_step == 137:
            os.kill(os.getpid(), signal.SIGKILL)


def train(run, *callbacks):
    """A small training with everything that has a state: dropout, batch norm, momentum, validation."""
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.2), nn.Conv2d(6, 3, 3)
    )
    generator = torch.Generator().manual_seed(1)
    pixels = [torch.randint(256, (3, 20, 24), dtype=torch.uint8, generator=generator) for _ in range(7)]
    batches = BatchLoader(PictureSet(pixels), 4, CropTransform(size=8, rotation=10, color=0.3))

    def step(step):
        loss = (
            (module(batches(step)) - 0.3 * torch.rand(4, 3, 4, 4, generator=step.generator)).square().mean()
        )
        step.update(loss)
        return {"loss": loss}

    def measure():
        return {"loss": module(torch.ones(1, 3, 8, 8)).square().mean().item()}

    trainer = Trainer(
        module,
        build_optimizer("adamw", module.parameters(), 1e-2),
        step,
        Cosine(STEPS, warmup=10),
        run,
        callbacks=[SampleSheets(lambda g: torch.rand(1, 3, 4, 4, generator=g), every=50), *callbacks],
        validation=Validation(measure, every=30),
        log_every=15,
    )
    trainer.resume()
    trainer.train()


def in_another_process(run, *args):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "BOTTEGA_DEVICE": "cpu"}
    return subprocess.run([sys.executable, __file__, str(run), *args], env=environment, check=False)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_and_resumed_equals_uninterrupted(tmp_path, monkeypatch):
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")
    torch.set_num_threads(1)
    train(tmp_path / "straight")
    killed = in_another_process(tmp_path / "killed", "kill")
    assert killed.returncode == -signal.SIGKILL
    assert torch.load(tmp_path / "killed" / "last.pt", weights_only=True)["step"] == 100
    assert in_another_process(tmp_path / "killed").returncode == 0
    for name in ("last.pt", "best.pt"):
        one, other = (torch.load(tmp_path / run / name, weights_only=True) for run in ("straight", "killed"))
        del one["seconds"], other["seconds"]
        assert flat(one) == flat(other)
    assert lines(tmp_path / "straight") == lines(tmp_path / "killed")


def flat(state):
    """The state with tensors as bytes, so that ``==`` compares every bit."""
    if isinstance(state, torch.Tensor):
        return (state.dtype, tuple(state.shape), state.numpy().tobytes())
    if isinstance(state, dict):
        return {name: flat(value) for name, value in state.items()}
    return [flat(value) for value in state] if isinstance(state, list | tuple) else state


def lines(run):
    result = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in result]


if __name__ == "__main__":
    try:
        train(Path(sys.argv[1]), *([Kill()] if sys.argv[2:] else []))
    except BottegaError as error:
        sys.exit(str(error))
