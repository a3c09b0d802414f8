"""How far colours have to be moved for one palette to become another: the earth mover's distance."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linprog
from torch import Tensor

SOFTNESS = 0.004
"""Of the regularised plans, in units of OKLab squared."""

ROUNDS = 80


def exact_distance(one: Tensor, other: Tensor) -> float:
    """Earth mover's distance of two palettes ``(K, 4)`` (L, a, b, share): mean distance in OKLab under the
    plan that moves least (Rubner, Tomasi and Guibas 2000), by linear programming."""
    ours, theirs = (swatches[swatches[:, 3] > 1e-6].double().numpy() for swatches in (one, other))
    cost = np.linalg.norm(ours[:, None, :3] - theirs[None, :, :3], axis=2)
    rows, columns = cost.shape
    leaving = np.kron(np.eye(rows), np.ones(columns))
    arriving = np.kron(np.ones(rows), np.eye(columns))
    masses = np.concatenate([ours[:, 3] / ours[:, 3].sum(), theirs[:, 3] / theirs[:, 3].sum()])
    found = linprog(cost.ravel(), A_eq=np.concatenate([leaving, arriving]), b_eq=masses, method="highs")
    return float(found.fun)


@torch.no_grad()
def soft_plan(cost: Tensor, source: Tensor, target: Tensor, softness: float = SOFTNESS) -> Tensor:
    """An entropy-regularised plan of transport ``(N, K, M)`` (Sinkhorn's rounds: Cuturi 2013), in logarithms.

    Args:
        cost: ``(N, K, M)``; source: ``(N, K)`` and target: ``(N, M)``, masses that add up to one.
    """
    kernel = -cost / softness
    log_source, log_target = (masses.clamp_min(1e-12).log() for masses in (source, target))
    across = torch.zeros_like(log_target)
    for _ in range(ROUNDS):
        down = log_source - (kernel + across[:, None]).logsumexp(2)
        across = log_target - (kernel + down[:, :, None]).logsumexp(1)
    return (kernel + down[:, :, None] + across[:, None]).exp()


def soft_distance(one: Tensor, other: Tensor) -> Tensor:
    """The distance of palettes ``(N, K, 4)`` under a regularised plan: ``(N,)``, near the exact one.

    Differentiable in the colours; the plan is taken as given.
    """
    apart = one[:, :, None, :3] - other[:, None, :, :3]
    squared = apart.square().sum(3)
    plan = soft_plan(squared.detach(), one[..., 3], other[..., 3])
    return (plan * (squared + 1e-8).sqrt()).sum((1, 2))
