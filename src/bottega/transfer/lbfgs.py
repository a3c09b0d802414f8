"""L-BFGS that looks at the picture once per step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from bottega.transfer.solvers import Objective


class Lbfgs:
    """L-BFGS (Nocedal & Wright, algorithm 7.4) in the box [0, 1], with one evaluation per step.

    Library solvers search along every direction until the Wolfe conditions hold, which costs a second
    evaluation nearly every time, although the full step is nearly always right. Here a step is taken on trust
    and judged when the next one looks at the picture anyway: where the loss did not fall as it should
    (Armijo's condition), the picture goes back most of the way, and that look was the price.

    The box: pixels at a bound whose gradient points outward are left out, and steps are projected, as in the
    first half of L-BFGS-B. Curvature pairs of one scale say nothing about the next, so each scale starts
    a new history.

    Args:
        picture: ``(1, 3, H, W)`` to start from.
        history: how many pairs are kept; each takes the memory of two pictures.
    """

    # The first step of a history moves pixels by this much in the mean.
    first_move = 0.01
    wavers = False
    # Armijo's constant, how far a bad step is taken back, and how often before it is taken as it is.
    least_descent, shorter, most_shortenings = 1e-4, 0.3, 4

    def __init__(self, picture: Tensor, history: int = 10) -> None:
        self.history = history
        self.picture = self._start = self._gradient = self._direction = picture
        self.losses: list[float] = []  # of the last good picture, once there is one
        self.length, self.shortenings = 0.0, 0
        self.moves: list[Tensor] = []
        self.turns: list[Tensor] = []
        self.enlarge(picture)

    @property
    def good(self) -> Tensor:
        """The last picture whose loss was found to be as low as it should; the next one is on trust.

        The very first step is short enough to be shown at once.
        """
        first = not self.moves and not self.shortenings
        return self.picture if first else self._start

    def step(self, objective: Objective) -> float:
        loss, gradient = objective(self.picture)
        gradient = _inward(self.picture, gradient)
        if self.losses and not self._fell_enough(loss):
            self.shortenings += 1
            self.length *= self.shorter
            self.picture = self._start.add(self._direction, alpha=self.length).clamp_(0, 1)
            return self.losses[-1]
        if self.losses:
            self._remember(self.picture - self._start, gradient - self._gradient)
        self.losses, self.shortenings = [loss], 0
        self._start, self._gradient, self._direction = self.picture, gradient, self._descent(gradient)
        mean_move = float(self._direction.abs().mean())
        self.length = 1.0 if self.moves else self.first_move / max(mean_move, 1e-30)
        self.picture = self._start.add(self._direction, alpha=self.length).clamp_(0, 1)
        return loss

    def enlarge(self, picture: Tensor) -> None:
        self.picture = picture.clone()
        self._start = self._gradient = self._direction = self.picture[:0]
        self.losses, self.moves, self.turns = [], [], []
        self.length, self.shortenings = 0.0, 0

    def state(self) -> dict[str, Any]:
        return {
            "picture": self.picture, "start": self._start, "gradient": self._gradient,
            "direction": self._direction, "losses": self.losses, "length": self.length,
            "shortenings": self.shortenings, "moves": self.moves, "turns": self.turns,
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        self.picture, self._start = state["picture"], state["start"]
        self._gradient, self._direction = state["gradient"], state["direction"]
        self.losses, self.length = list(state["losses"]), state["length"]
        self.shortenings = state["shortenings"]
        self.moves, self.turns = list(state["moves"]), list(state["turns"])

    def _fell_enough(self, loss: float) -> bool:
        slope = _dot(self._gradient, self._direction)
        enough = loss <= self.losses[-1] + self.least_descent * self.length * slope
        return enough or self.shortenings >= self.most_shortenings

    def _remember(self, move: Tensor, turn: Tensor) -> None:
        """Keep how the gradient turned along a move, if that was upward as in a valley."""
        if _dot(move, turn) > 1e-6 * float(move.norm() * turn.norm()):
            self.moves.append(move)
            self.turns.append(turn)
            del self.moves[: -self.history], self.turns[: -self.history]

    def _descent(self, gradient: Tensor) -> Tensor:
        """Minus the gradient times the approximate inverse of the Hessian (two-loop recursion)."""
        q = gradient.clone()
        pairs = [(s, y, 1 / _dot(s, y)) for s, y in zip(self.moves, self.turns, strict=True)]
        shares = []
        for move, turn, rho in reversed(pairs):
            shares.append(rho * _dot(move, q))
            q.sub_(turn, alpha=shares[-1])
        if pairs:
            _, turn, rho = pairs[-1]
            q.mul_(1 / (rho * _dot(turn, turn)))
        for (move, turn, rho), share in zip(pairs, reversed(shares), strict=True):
            q.add_(move, alpha=share - rho * _dot(turn, q))
        return q.neg_()


def _inward(picture: Tensor, gradient: Tensor) -> Tensor:
    """The gradient without the pixels at a bound that it would push out."""
    out = ((picture <= 0) & (gradient > 0)) | ((picture >= 1) & (gradient < 0))
    return gradient.masked_fill(out, 0)


def _dot(one: Tensor, other: Tensor) -> float:
    return float(torch.dot(one.flatten(), other.flatten()))
