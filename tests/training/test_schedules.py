"""Schedules and optimisers by name."""

import math

import pytest
import torch

from bottega.errors import SettingsError
from bottega.training import (
    OPTIMIZERS,
    SCHEDULES,
    Constant,
    Cosine,
    Trainer,
    Trapezoid,
    build_optimizer,
    build_schedule,
)


def test_trapezoid_rises_holds_and_falls():
    trapezoid = Trapezoid(100, warmup=10, cooldown=0.2)
    assert trapezoid.factor(0) == pytest.approx(0.1)
    assert trapezoid.factor(50) == 1
    assert trapezoid.factor(90) == pytest.approx(0.5)
    assert trapezoid.factor(99) == pytest.approx(0.05)


def test_cosine_falls_to_its_floor():
    cosine = Cosine(110, warmup=10, min_factor=0.2)
    assert cosine.factor(4) == pytest.approx(0.5, abs=1e-6)
    assert cosine.factor(10) == 1
    assert cosine.factor(60) == pytest.approx(0.6)
    assert cosine.factor(110) == pytest.approx(0.2)
    assert cosine.factor(35) == pytest.approx(0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2)


def test_constant_only_warms_up():
    assert [Constant(9, warmup=2).factor(step) for step in (0, 1, 8)] == [0.5, 1, 1]


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_are_shares(name):
    found = build_schedule(name, 50, warmup=0)
    assert found.steps == 50
    assert found.factor(0) == 1
    assert all(0 <= found.factor(step) <= 1 for step in range(50))


@pytest.mark.parametrize(
    ("name", "steps", "options", "sentence"),
    [
        ("square", 5, {}, "is not a schedule; use constant, cosine, trapezoid"),
        ("cosine", 0, {}, "use 1 or more"),
        ("cosine", 5, {"cooldown": 1}, "has no cooldown; it has min_factor, warmup"),
        ("trapezoid", 5, {"warmup": -1}, "warmup of the schedule trapezoid must not be negative"),
    ],
)
def test_bad_schedules_are_refused(name, steps, options, sentence):
    with pytest.raises(SettingsError, match=sentence):
        build_schedule(name, steps, **options)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_goes_downhill(name):
    x = torch.nn.Parameter(torch.tensor([3.0]))
    found = build_optimizer(name, [x], 0.05)
    for _ in range(20):
        found.zero_grad()
        x.square().sum().backward()
        found.step()
    assert abs(float(x.detach())) < 2.5


def test_bad_optimisers_are_refused():
    weights = [torch.nn.Parameter(torch.ones(1))]
    with pytest.raises(SettingsError, match="is not an optimizer; use adam, adamw"):
        build_optimizer("newton", weights, 1.0)
    with pytest.raises(SettingsError, match="nothing to train"):
        build_optimizer("adam", [], 1.0)
    with pytest.raises(SettingsError, match="adam cannot be set up"):
        build_optimizer("adam", weights, -1.0)
    with pytest.raises(SettingsError, match="adam cannot be set up"):
        build_optimizer("adam", weights, 1.0, momentum=1)


def test_every_group_follows_from_its_own_peak(tmp_path):
    seen = []

    def trained(steps):
        module = torch.nn.Linear(2, 1)
        groups = [{"params": [module.weight], "lr": 0.1}, {"params": [module.bias]}]
        sgd = build_optimizer("sgd", groups, 0.4)

        def step(step):
            seen.append([group["lr"] for group in sgd.param_groups])
            step.update(module(torch.ones(1, 2)).sum())
            return {}

        loop = Trainer(module, sgd, step, Trapezoid(steps, warmup=2, cooldown=0.5), tmp_path)
        loop.resume()
        loop.train()

    trained(4)
    shares = [0.5, 1, 1, 0.5]
    assert [rate for pair in seen for rate in pair] == pytest.approx(
        [x * s for s in shares for x in (0.1, 0.4)]
    )
    trained(6)  # lengthened: the peaks are those of the new optimiser, not the last rates of the old one
    assert seen[4] == pytest.approx([0.1 * 2 / 3, 0.4 * 2 / 3])
