"""The moving average of weights, and the time that is left."""

import pytest
import torch
from torch import nn

from bottega.training import EMA, Callback, Constant, Trainer, build_optimizer, format_duration
from bottega.training.metrics_log import EtaEstimator


def test_average_follows_and_copies_integers():
    module = nn.BatchNorm1d(2)
    average = EMA(module, 0.5)
    with torch.no_grad():
        module.weight.fill_(3.0)
        module.num_batches_tracked.fill_(7)
    for step in range(1, 30):
        average.update(module, step)
    assert torch.allclose(average.state["weight"], torch.full((2,), 3.0), atol=1e-5)
    assert int(average.state["num_batches_tracked"]) == 7


def test_average_is_the_formula():
    module = nn.Linear(1, 1, bias=False)
    average = EMA(module, 0.7)
    expected = float(module.weight.detach())
    for step in range(1, 40):
        with torch.no_grad():
            module.weight.fill_(step)
        average.update(module, step)
        keep = min(0.7, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * step
    assert float(average.state["weight"]) == pytest.approx(expected, rel=1e-5)


def test_inside_gives_everything_back():
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    module[1].eval()
    average = EMA(module)
    with torch.no_grad():
        module[0].weight.fill_(5.0)
    parameter = module[0].weight

    def look_and_fail():
        with average.swapped_into(module):
            assert not torch.equal(module[0].weight, torch.full((2, 2), 5.0))
            assert not module.training
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_and_fail()
    assert module[0].weight is parameter
    assert torch.equal(parameter, torch.full((2, 2), 5.0))
    assert (module.training, module[0].training, module[1].training) == (True, True, False)
    assert torch.is_grad_enabled()


def test_start_up_does_not_count():
    eta = EtaEstimator()
    assert eta.seconds_left(10) is None
    eta.add_step(60.0)
    assert eta.seconds_left(10) is None
    for _ in range(4):
        eta.add_step(2.0)
    assert eta.seconds_left(10) == pytest.approx(20)
    assert eta.seconds_left(0) == 0


def test_recent_steps_count_and_what_lies_between():
    eta = EtaEstimator(window=5)
    for seconds in [1.0] * 20 + [3.0] * 5:
        eta.add_step(seconds)
    assert eta.seconds_left(10) == pytest.approx(30)
    eta.add_pause(50.0)  # one validation in 25 steps: two seconds a step
    assert eta.seconds_left(10) == pytest.approx(30 + 20)


def test_the_time_left_comes_true(tmp_path, monkeypatch):
    """A training of known pace: a slow start, then 0.5 s a step, and 4 s for a pause after every tenth."""
    now = [0.0]
    monkeypatch.setattr("bottega.training.trainer.time.monotonic", lambda: now[0])
    module = nn.Linear(1, 1)
    told = {}

    def step(step):
        now[0] += 0.5 if step.index else 30.0
        loss = module(torch.ones(1, 1)).sum()
        step.update(loss)
        return {"loss": loss}

    class Pause(Callback):
        def step(self, loop, losses):
            told[loop.global_step] = (loop.seconds_left, now[0])
            if loop.global_step % 10 == 0:
                now[0] += 4.0

    sgd = build_optimizer("sgd", module.parameters(), 1e-3)
    Trainer(module, sgd, step, Constant(200), tmp_path, callbacks=[Pause()]).train()
    assert told[1][0] is None
    for done in (55, 105, 155):
        left, at = told[done]
        assert left == pytest.approx(now[0] - at, rel=0.1)


def test_durations_for_people():
    assert [format_duration(x) for x in (0.4, 59, 61, 3599, 11100)] == [
        "0 s",
        "59 s",
        "1 min",
        "1 h 00 min",
        "3 h 05 min",
    ]
