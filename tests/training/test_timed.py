"""A schedule that fits a time: its shape, its end, and going on."""

from __future__ import annotations

import pytest
from small_trainings import At, make_loop

from bottega.training import Callback, TimeBudgetSchedule


def at(elapsed: float, done: int = 500) -> TimeBudgetSchedule:
    timed = TimeBudgetSchedule(100.0, warmup=10, cooldown=0.4)
    timed.update(done, elapsed)
    return timed


def test_shape() -> None:
    assert at(0.0).factor(0) == pytest.approx(0.1)  # warm-up goes by steps
    assert at(10.0).factor(500) == 1
    assert at(60.0).factor(500) == 1
    assert at(80.0).factor(500) == pytest.approx(0.5)
    assert at(100.0).factor(500) == 0


def test_steps_are_those_of_the_pace() -> None:
    assert at(25.0, done=500).steps == 2000
    assert at(25.0).seconds_left == 75
    assert at(99.99, done=500).steps == 501  # there is one more step
    assert at(100.5, done=500).steps == 500  # and then there is none
    assert TimeBudgetSchedule(100.0).steps > 10**6


def timed_loop(run, seconds, callbacks):
    timed = TimeBudgetSchedule(seconds, warmup=2)
    loop = make_loop(run, callbacks=callbacks)
    loop.schedule = loop.optimizer_step.schedule = timed
    return loop


class Rates(Callback):
    """Remembers the learning rate of each step."""

    def __init__(self):
        self.events = []

    def step(self, loop, losses):
        self.events.append(loop.optimizer_step.optimizers["model"].param_groups[0]["lr"])


def test_a_training_ends_in_time_and_its_rate_has_fallen(tmp_path) -> None:
    rates = Rates()
    loop = timed_loop(tmp_path, 1.0, [rates])
    assert loop.train() == "finished"
    assert 1.0 <= loop.seconds < 1.5
    assert loop.schedule.steps == loop.global_step == len(rates.events)
    assert rates.events[-1] < 0.1 * max(rates.events)
    assert (tmp_path / "last.pt").exists()


def test_a_stopped_training_has_the_rest_of_the_time(tmp_path) -> None:
    first = timed_loop(tmp_path, 1.0, [At(20, lambda loop: loop.stop())])
    with pytest.raises(Exception, match="stopped at step 20"):
        first.train()
    second = timed_loop(tmp_path, 1.0, [])
    assert second.resume()
    assert second.seconds == pytest.approx(first.seconds)
    assert second.train() == "finished"
    assert second.global_step > 20
    assert 1.0 <= second.seconds < 1.5
    # Once more there is nothing left to do.
    third = timed_loop(tmp_path, 1.0, [])
    assert third.resume()
    assert third.train() == "finished"
    assert third.global_step == second.global_step
