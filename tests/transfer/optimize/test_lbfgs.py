"""L-BFGS: reaches scipy's minimum with one evaluation per step, rejects worse pictures, resumes exactly."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from bottega.transfer.optimize.optimizers import Lbfgs

SHAPE = (1, 3, 4, 5)


def valley(seed=0, condition=300.0):
    """A convex quadratic ``½ (x - target)' A (x - target)`` with a target partly outside the box."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(SHAPE))
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    matrix = (basis * np.geomspace(1, condition, size)) @ basis.T
    target = rng.uniform(-0.3, 1.3, size)
    return matrix, target


def as_objective(matrix, target, scale=1.0):
    def objective(picture):
        offset = picture.flatten().double().numpy() - target
        slope = torch.from_numpy(scale * (matrix @ offset)).float().view(SHAPE)
        return float(scale * 0.5 * offset @ matrix @ offset), slope

    return objective


def descend(optimizer, objective, steps):
    return [optimizer.step(objective) for _ in range(steps)]


@pytest.mark.parametrize("scale", [1.0, 1e-7])
def test_reaches_the_minimum_in_the_box_that_scipy_finds(scale):
    matrix, target = valley()

    def flat(x):
        return 0.5 * (x - target) @ matrix @ (x - target), matrix @ (x - target)

    best = minimize(
        flat, np.full(len(target), 0.5), jac=True, method="L-BFGS-B", bounds=[(0, 1)] * len(target)
    )
    optimizer = Lbfgs(torch.full(SHAPE, 0.5))
    losses = descend(optimizer, as_objective(matrix, target, scale), 400)
    assert losses[-1] / scale == pytest.approx(best.fun, rel=0.02)
    assert 0 <= float(optimizer.accepted.min()) <= float(optimizer.accepted.max()) <= 1


def test_converges_much_faster_than_gradient_descent():
    matrix, target = valley(1)
    target = np.clip(target, 0.05, 0.95)
    objective = as_objective(matrix, target)
    losses = descend(Lbfgs(torch.full(SHAPE, 0.5)), objective, 60)
    x = torch.full(SHAPE, 0.5)
    for _ in range(60):
        x = x - objective(x)[1] / 300
    assert losses[-1] < 0.1 * objective(x)[0]


def test_evaluates_once_per_step():
    evaluated = []

    def objective(picture):
        evaluated.append(picture)
        return as_objective(*valley())(picture)

    descend(Lbfgs(torch.full(SHAPE, 0.5)), objective, 25)
    assert len(evaluated) == 25


def test_losses_of_accepted_pictures_never_rise():
    def narrow(picture):
        """A quartic, whose curvature at the start differs from that further on."""
        offset = picture.double() - 0.7
        return float((offset**4).sum()), (4 * offset**3).float()

    optimizer = Lbfgs(torch.full(SHAPE, 0.1))
    losses = []
    for _ in range(40):
        losses.append(optimizer.step(narrow))
        if optimizer.steps:
            assert narrow(optimizer.accepted)[0] == pytest.approx(losses[-1], rel=1e-6)
    assert all(after <= before for before, after in pairwise(losses))
    assert losses[-1] < 1e-4 * losses[0]


def test_rejected_step_is_shortened():
    start = torch.full(SHAPE, 0.5)

    def increasing(picture):
        """Has a gradient, but the loss is higher everywhere else."""
        at_start = bool((picture == start).all())
        return (0.0 if at_start else 1.0), torch.full(SHAPE, 1.0)

    optimizer = Lbfgs(start)
    optimizer.step(increasing)
    first = float((optimizer.picture - start).abs().mean())
    assert torch.equal(optimizer.accepted, optimizer.picture), "the first step is small and accepted at once"
    assert first == pytest.approx(0.01, rel=1e-3)
    assert optimizer.step(increasing) == 0.0
    assert float((optimizer.picture - start).abs().mean()) == pytest.approx(0.3 * first, rel=1e-3)
    assert torch.equal(optimizer.accepted, start)


def test_pixels_at_a_bound_stay_there():
    optimizer = Lbfgs(torch.zeros(SHAPE))
    descend(optimizer, lambda picture: (float(picture.sum()), torch.ones(SHAPE)), 3)
    assert float(optimizer.picture.abs().max()) == 0


def test_history_is_bounded_and_cleared_at_the_next_scale():
    optimizer = Lbfgs(torch.full(SHAPE, 0.5), history=4)
    descend(optimizer, as_objective(*valley()), 15)
    assert len(optimizer.steps) == len(optimizer.gradient_changes) == 4
    optimizer.enlarge(torch.full(SHAPE, 0.25))
    assert optimizer.steps == optimizer.gradient_changes == []
    assert float(optimizer.accepted.mean()) == 0.25


@pytest.mark.parametrize("stop", [0, 1, 7])
def test_resumes_exactly_from_its_state(stop):
    objective = as_objective(*valley())
    uninterrupted, first = Lbfgs(torch.full(SHAPE, 0.5)), Lbfgs(torch.full(SHAPE, 0.5))
    descend(uninterrupted, objective, 20)
    descend(first, objective, stop)
    second = Lbfgs(torch.zeros(SHAPE))
    second.load_state(first.state())
    descend(second, objective, 20 - stop)
    assert torch.equal(uninterrupted.picture, second.picture)
    assert torch.equal(uninterrupted.accepted, second.accepted)
