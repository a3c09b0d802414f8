"""What the driver needs of a solver, and Adam, warm-started from scale to scale. See also ``lbfgs``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

Objective = Callable[[Tensor], tuple[float, Tensor]]
"""Maps a picture ``(1, 3, H, W)`` to its loss and the loss's gradient."""


# Large pictures are moved in bands of rows of about this many pixels.
BAND = 2**20


class Solver(Protocol):
    """What the driver needs of a solver.

    Attributes:
        picture: where the next step looks.
        wavers: whether its pictures swing around the goal, so that their average is nearer to it.
    """

    picture: Tensor
    wavers: bool

    @property
    def good(self) -> Tensor:
        """The newest picture that is known to be no worse than the one before."""

    def step(self, objective: Objective) -> float:
        """Improve :attr:`picture` in place, keeping it in [0, 1]; returns the loss before the step."""

    def enlarge(self, picture: Tensor) -> None:
        """Go on with ``picture``, a larger version of the present one."""

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave."""


class Adam:
    """Adam (Kingma & Ba 2015) on the levels of a pyramid, with a box constraint.

    On pixels alone, Adam moves each of them by about ``rate`` in the direction of its own gradient, which is
    dominated by the finest grain: grain appears at once, while the light and the colour of a whole sky move
    slowly. So the picture is the sum of levels, each half as large as the one before, every level has moments
    of its own, and the finest moves least. Where gradients are weak, ``still`` (in units of the
    gradient per pixel of a loss of one) keeps pixels that are already right from being shaken.

    Between scales the moments are resized together with the picture, so that the first steps at a new scale
    are as well scaled as the last ones before (an idea of K. Crowson's style-transfer-pytorch).
    """

    # The share of ``rate`` that each level moves by, finest first; small pictures have fewer levels.
    paces = (0.35, 0.5, 0.7, 0.7, 0.7)
    wavers = True

    def __init__(
        self, picture: Tensor, rate: float, beta1: float = 0.9, beta2: float = 0.99, still: float = 0.02
    ) -> None:
        self.picture = picture.clone()
        self.rate, self.beta1, self.beta2, self.still = rate, beta1, beta2, still
        self.first = [torch.zeros_like(level) for level in self._levels(picture)]
        self.second = [torch.zeros_like(level) for level in self.first]
        self.count = 0

    def step(self, objective: Objective) -> float:
        loss, gradient = objective(self.picture)
        self.count += 1
        # Both bias corrections in one step size, so that no further picture-sized tensor is kept.
        correction = (1 - self.beta2**self.count) ** 0.5
        rate = self.rate / (1 - self.beta1**self.count) * correction
        still = self.still / self.picture.numel() * correction
        for level, share in enumerate(self._levels(gradient)):
            first, second = self.first[level], self.second[level]
            first.lerp_(share, 1 - self.beta1)
            second.mul_(self.beta2).addcmul_(share, share, value=1 - self.beta2)
            self._move(first, second, still, rate * self.paces[level])
        self.picture.clamp_(0, 1)
        return loss

    def _move(self, first: Tensor, second: Tensor, still: float, rate: float) -> None:
        """Take one level's step, a band of rows at a time: no further picture-sized tensor is needed."""
        height, width = self.picture.shape[-2:]
        rows = max(1, BAND // width)
        for top in range(0, height, rows):
            bottom = min(height, top + rows)
            if first.shape == self.picture.shape:
                move = _direction(first[..., top:bottom, :], second[..., top:bottom, :], still)
            else:
                needed, shares = _source_rows(top, bottom, height, first.shape[-2])
                coarse = _direction(first[..., needed, :], second[..., needed, :], still)
                move = F.interpolate(shares.to(coarse) @ coarse, (bottom - top, width), mode="bilinear")
            self.picture[..., top:bottom, :].sub_(move, alpha=rate)

    def enlarge(self, picture: Tensor) -> None:
        # A pixel's gradient falls with the number of pixels that share the loss.
        ratio = self.picture.numel() / picture.numel()
        sizes = [level.shape[-2:] for level in self._levels(picture)]
        # The old ones make room one by one. A picture that grows may have more levels than before: the
        # coarsest one serves them too.
        self.first = [_resized(self.first, k, s).mul_(ratio) for k, s in enumerate(sizes)]
        self.second = [_resized(self.second, k, s).mul_(ratio**2) for k, s in enumerate(sizes)]
        self.picture = picture.clone()

    @property
    def good(self) -> Tensor:
        return self.picture

    def state(self) -> dict[str, Any]:
        return {"picture": self.picture, "first": self.first, "second": self.second, "count": self.count}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.picture, self.first, self.second = state["picture"], state["first"], state["second"]
        self.count = state["count"]

    def _levels(self, picture: Tensor) -> list[Tensor]:
        """Means over blocks of 1, 2, 4 … pixels, as far as the picture is large enough."""
        levels = [picture]
        while len(levels) < len(self.paces) and min(levels[-1].shape[-2:]) >= 8:
            levels.append(F.avg_pool2d(levels[-1], 2, ceil_mode=True, count_include_pad=False))
        return levels


def _direction(first: Tensor, second: Tensor, still: float) -> Tensor:
    return first / second.sqrt().add_(still)


def _resized(moments: Sequence[Tensor], level: int, size: torch.Size) -> Tensor:
    """The moments of ``level``, or of the coarsest one there is, at another size."""
    return F.interpolate(moments[min(level, len(moments) - 1)], size, mode="bilinear")


def _source_rows(top: int, bottom: int, height: int, source: int) -> tuple[slice, Tensor]:
    """Which rows of a level with ``source`` rows the rows ``top..bottom`` of ``height`` are made of.

    Returns:
        The rows needed, and how much of each goes into each row, as in bilinear interpolation.
    """
    places = (torch.arange(top, bottom) + 0.5) * (source / height) - 0.5
    places = places.clamp(0, source - 1)
    above = places.floor().long()
    below = (above + 1).clamp_max(source - 1)
    first, last = int(above[0]), int(below[-1])
    shares = torch.zeros(bottom - top, last + 1 - first)
    row = torch.arange(bottom - top)
    shares[row, above - first] += 1 - (places - above)
    shares[row, below - first] += places - above
    return slice(first, last + 1), shares


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
