"""L-BFGS: finds what scipy's finds, one look per step, never keeps a worse picture, resumes exactly."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from bottega.transfer.optimize.optimizers import Lbfgs

SHAPE = (1, 3, 4, 5)


def valley(seed=0, condition=300.0):
    """A convex quadratic ``½ (x - goal)' A (x - goal)`` whose goal lies outside the box for some pixels."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(SHAPE))
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    matrix = (basis * np.geomspace(1, condition, size)) @ basis.T
    goal = rng.uniform(-0.3, 1.3, size)
    return matrix, goal


def as_objective(matrix, goal, scale=1.0):
    def objective(picture):
        away = picture.flatten().double().numpy() - goal
        slope = torch.from_numpy(scale * (matrix @ away)).float().view(SHAPE)
        return float(scale * 0.5 * away @ matrix @ away), slope

    return objective


def descend(solver, objective, steps):
    return [solver.step(objective) for _ in range(steps)]


@pytest.mark.parametrize("scale", [1.0, 1e-7])
def test_finds_the_minimum_in_the_box_that_scipy_finds(scale):
    matrix, goal = valley()

    def flat(x):
        return 0.5 * (x - goal) @ matrix @ (x - goal), matrix @ (x - goal)

    best = minimize(flat, np.full(len(goal), 0.5), jac=True, method="L-BFGS-B", bounds=[(0, 1)] * len(goal))
    solver = Lbfgs(torch.full(SHAPE, 0.5))
    losses = descend(solver, as_objective(matrix, goal, scale), 400)
    assert losses[-1] / scale == pytest.approx(best.fun, rel=0.02)
    assert 0 <= float(solver.good.min()) <= float(solver.good.max()) <= 1


def test_beats_gradient_descent_by_far():
    matrix, goal = valley(1)
    goal = np.clip(goal, 0.05, 0.95)
    objective = as_objective(matrix, goal)
    losses = descend(Lbfgs(torch.full(SHAPE, 0.5)), objective, 60)
    x = torch.full(SHAPE, 0.5)
    for _ in range(60):
        x = x - objective(x)[1] / 300
    assert losses[-1] < 0.1 * objective(x)[0]


def test_looks_once_per_step():
    looks = []

    def objective(picture):
        looks.append(picture)
        return as_objective(*valley())(picture)

    descend(Lbfgs(torch.full(SHAPE, 0.5)), objective, 25)
    assert len(looks) == 25


def test_losses_of_good_pictures_never_rise_and_bad_ones_are_not_shown():
    def narrow(picture):
        """A quartic, whose curvature at the start says nothing about that further on."""
        away = picture.double() - 0.7
        return float((away**4).sum()), (4 * away**3).float()

    solver = Lbfgs(torch.full(SHAPE, 0.1))
    losses = []
    for _ in range(40):
        losses.append(solver.step(narrow))
        if solver.moves:
            assert narrow(solver.good)[0] == pytest.approx(losses[-1], rel=1e-6)
    assert all(after <= before for before, after in pairwise(losses))
    assert losses[-1] < 1e-4 * losses[0]


def test_a_step_that_fails_is_taken_back():
    start = torch.full(SHAPE, 0.5)

    def peak_behind(picture):
        """Says that down is to the left, but everywhere else is worse."""
        here = bool((picture == start).all())
        return (0.0 if here else 1.0), torch.full(SHAPE, 1.0)

    solver = Lbfgs(start)
    solver.step(peak_behind)
    first = float((solver.picture - start).abs().mean())
    assert torch.equal(solver.good, solver.picture), "the first step is small and shown at once"
    assert first == pytest.approx(0.01, rel=1e-3)
    assert solver.step(peak_behind) == 0.0
    assert float((solver.picture - start).abs().mean()) == pytest.approx(0.3 * first, rel=1e-3)
    assert torch.equal(solver.good, start)


def test_pixels_at_a_bound_stay_there():
    solver = Lbfgs(torch.zeros(SHAPE))
    descend(solver, lambda picture: (float(picture.sum()), torch.ones(SHAPE)), 3)
    assert float(solver.picture.abs().max()) == 0


def test_history_is_bounded_and_forgotten_at_the_next_scale():
    solver = Lbfgs(torch.full(SHAPE, 0.5), history=4)
    descend(solver, as_objective(*valley()), 15)
    assert len(solver.moves) == len(solver.turns) == 4
    solver.enlarge(torch.full(SHAPE, 0.25))
    assert solver.moves == solver.turns == []
    assert float(solver.good.mean()) == 0.25


@pytest.mark.parametrize("stop", [0, 1, 7])
def test_goes_on_exactly_from_its_state(stop):
    objective = as_objective(*valley())
    straight, first = Lbfgs(torch.full(SHAPE, 0.5)), Lbfgs(torch.full(SHAPE, 0.5))
    descend(straight, objective, 20)
    descend(first, objective, stop)
    second = Lbfgs(torch.zeros(SHAPE))
    second.restore(first.state())
    descend(second, objective, 20 - stop)
    assert torch.equal(straight.picture, second.picture)
    assert torch.equal(straight.good, second.good)
