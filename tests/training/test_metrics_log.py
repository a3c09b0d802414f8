"""The estimate of the time left."""

import pytest
import torch
from torch import nn

from bottega.training import (
    Callback,
    Constant,
    Trainer,
    build_optimizer,
    format_duration,
)
from bottega.training.metrics_log import EtaEstimator


def test_the_first_step_does_not_count():
    eta = EtaEstimator()
    assert eta.seconds_left(10) is None
    eta.add_step(60.0)
    assert eta.seconds_left(10) is None
    for _ in range(4):
        eta.add_step(2.0)
    assert eta.seconds_left(10) == pytest.approx(20)
    assert eta.seconds_left(0) == 0


def test_recent_steps_and_pauses_count():
    eta = EtaEstimator(window=5)
    for seconds in [1.0] * 20 + [3.0] * 5:
        eta.add_step(seconds)
    assert eta.seconds_left(10) == pytest.approx(30)
    eta.add_pause(50.0)  # one validation in 25 steps: two seconds a step
    assert eta.seconds_left(10) == pytest.approx(30 + 20)


def test_the_estimate_is_correct(tmp_path, monkeypatch):
    """A training of known pace: a slow start, then 0.5 s a step, and 4 s for a pause after every tenth."""
    now = [0.0]
    monkeypatch.setattr("bottega.training.trainer.time.monotonic", lambda: now[0])
    module = nn.Linear(1, 1)
    messages = {}

    def step(step):
        now[0] += 0.5 if step.index else 30.0
        loss = module(torch.ones(1, 1)).sum()
        step.update(loss)
        return {"loss": loss}

    class Pause(Callback):
        def step(self, trainer, losses):
            messages[trainer.global_step] = (trainer.seconds_left, now[0])
            if trainer.global_step % 10 == 0:
                now[0] += 4.0

    sgd = build_optimizer("sgd", module.parameters(), 1e-3)
    Trainer(module, sgd, step, Constant(200), tmp_path, callbacks=[Pause()]).train()
    assert messages[1][0] is None
    for done in (55, 105, 155):
        left, at = messages[done]
        assert left == pytest.approx(now[0] - at, rel=0.1)


def test_format_duration():
    assert [format_duration(x) for x in (0.4, 59, 61, 3599, 11100)] == [
        "0 s",
        "59 s",
        "1 min",
        "1 h 00 min",
        "3 h 05 min",
    ]
