"""Schedules by index of steps and by time."""

from __future__ import annotations

import math

import pytest
from small_trainings import At, make_trainer

from bottega.errors import SettingsError
from bottega.training import (
    SCHEDULES,
    Callback,
    Constant,
    Cosine,
    TimeBudgetSchedule,
    Trapezoid,
    build_schedule,
)


def test_trapezoid_rises_holds_and_falls():
    trapezoid = Trapezoid(100, warmup=10, cooldown=0.2)
    assert trapezoid.factor(0) == pytest.approx(0.1)
    assert trapezoid.factor(50) == 1
    assert trapezoid.factor(90) == pytest.approx(0.5)
    assert trapezoid.factor(99) == pytest.approx(0.05)


def test_cosine_falls_to_its_minimum():
    cosine = Cosine(110, warmup=10, min_factor=0.2)
    assert cosine.factor(4) == pytest.approx(0.5, abs=1e-6)
    assert cosine.factor(10) == 1
    assert cosine.factor(60) == pytest.approx(0.6)
    assert cosine.factor(110) == pytest.approx(0.2)
    assert cosine.factor(35) == pytest.approx(0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2)


def test_constant_only_warms_up():
    assert [Constant(9, warmup=2).factor(step) for step in (0, 1, 8)] == [0.5, 1, 1]


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_are_between_0_and_1(name):
    result = build_schedule(name, 50, warmup=0)
    assert result.steps == 50
    assert result.factor(0) == 1
    assert all(0 <= result.factor(step) <= 1 for step in range(50))


@pytest.mark.parametrize(
    ("name", "steps", "message"),
    [
        ("square", 5, "is not a schedule; use constant, cosine, trapezoid"),
        ("cosine", 0, "use 1 or more"),
    ],
)
def test_bad_schedules(name, steps, message):
    with pytest.raises(SettingsError, match=message):
        build_schedule(name, steps, warmup=0)


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


def test_expected_steps() -> None:
    assert at(25.0, done=500).steps == 2000
    assert at(25.0).seconds_left == 75
    assert at(99.99, done=500).steps == 501  # there is one more step
    assert at(100.5, done=500).steps == 500  # and then training ends
    assert TimeBudgetSchedule(100.0).steps > 10**6


def timed_trainer(run, seconds, callbacks):
    timed = TimeBudgetSchedule(seconds, warmup=2)
    trainer = make_trainer(run, callbacks=callbacks)
    trainer.schedule = trainer.optimizer_step.schedule = timed
    return trainer


class Rates(Callback):
    """Remembers the learning rate of each step."""

    def __init__(self):
        self.events = []

    def step(self, trainer, losses):
        self.events.append(trainer.optimizer_step.optimizers["model"].param_groups[0]["lr"])


def test_a_training_ends_in_time_at_a_low_rate(tmp_path) -> None:
    rates = Rates()
    trainer = timed_trainer(tmp_path, 1.0, [rates])
    assert trainer.train() == "finished"
    assert 1.0 <= trainer.seconds < 1.5
    assert trainer.schedule.steps == trainer.global_step == len(rates.events)
    assert rates.events[-1] < 0.1 * max(rates.events)
    assert (tmp_path / "last.pt").exists()


def test_a_resumed_training_has_the_rest_of_the_time(tmp_path) -> None:
    first = timed_trainer(tmp_path, 1.0, [At(20, lambda trainer: trainer.stop())])
    with pytest.raises(Exception, match="stopped at step 20"):
        first.train()
    second = timed_trainer(tmp_path, 1.0, [])
    assert second.resume()
    assert second.seconds == pytest.approx(first.seconds)
    assert second.train() == "finished"
    assert second.global_step > 20
    assert 1.0 <= second.seconds < 1.5
    # Once more there is nothing left to do.
    third = timed_trainer(tmp_path, 1.0, [])
    assert third.resume()
    assert third.train() == "finished"
    assert third.global_step == second.global_step
