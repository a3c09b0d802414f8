"""The two optimizers of pictures: L-BFGS and Adam on a pyramid, both warm-started from scale to scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

LossAndGradient = Callable[[Tensor], tuple[float, Tensor]]
"""Maps a picture ``(1, 3, H, W)`` to its loss and the loss's gradient."""

# Large pictures are updated in bands of rows of about this many pixels.
PIXELS_PER_BAND = 2**20


class Optimizer(Protocol):
    """An optimizer of one picture.

    Attributes:
        picture: where the next step evaluates the loss.
        oscillates: whether its pictures swing around the minimum, so that their average is closer to it.
    """

    picture: Tensor
    oscillates: bool

    @property
    def accepted(self) -> Tensor:
        """The newest picture whose loss is verified to be no higher than that of the one before."""

    def step(self, objective: LossAndGradient) -> float:
        """Improve :attr:`picture` in place, within [0, 1]; returns the loss before the step."""

    def enlarge(self, picture: Tensor) -> None:
        """Continue with ``picture``, a larger version of the present one."""

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state` returned."""


class Adam:
    """Adam (Kingma & Ba 2015) on the levels of a pyramid, with a box constraint.

    On pixels alone, Adam moves each of them by about ``rate`` in the direction of its own gradient, which is
    dominated by the finest grain: grain appears at once, while the light and the color of a whole sky move
    slowly. So the picture is the sum of levels, each half as large as the one before, every level has moments
    of its own, and the finest moves least. Where gradients are weak, ``EPSILON`` (in units of the gradient
    per pixel of a loss of one) keeps pixels that are already right from being disturbed.

    Between scales the moments are resized together with the picture, so that the first steps at a new scale
    are as well scaled as the last ones before (an idea of K. Crowson's style-transfer-pytorch).
    """

    # Factors of ``rate`` for each level, finest first; small pictures have fewer levels.
    LEVEL_RATES = (0.35, 0.5, 0.7, 0.7, 0.7)
    BETA1, BETA2, EPSILON = 0.9, 0.99, 0.02
    oscillates = True

    def __init__(self, picture: Tensor, rate: float) -> None:
        self.picture, self.rate = picture.clone(), rate
        self.first = [torch.zeros_like(level) for level in self._levels(picture)]
        self.second = [torch.zeros_like(level) for level in self.first]
        self.count = 0

    def step(self, objective: LossAndGradient) -> float:
        loss, gradient = objective(self.picture)
        self.count += 1
        # Both bias corrections in one step size, so that no further picture-sized tensor is stored.
        correction = (1 - self.BETA2**self.count) ** 0.5
        rate = self.rate / (1 - self.BETA1**self.count) * correction
        epsilon = self.EPSILON / self.picture.numel() * correction
        for level, level_gradient in enumerate(self._levels(gradient)):
            first, second = self.first[level], self.second[level]
            first.lerp_(level_gradient, 1 - self.BETA1)
            second.mul_(self.BETA2).addcmul_(level_gradient, level_gradient, value=1 - self.BETA2)
            self._update_picture(first, second, epsilon, rate * self.LEVEL_RATES[level])
        self.picture.clamp_(0, 1)
        return loss

    def _update_picture(self, first: Tensor, second: Tensor, epsilon: float, rate: float) -> None:
        """Apply one level's step, a band of rows at a time, without a further picture-sized tensor."""
        height, width = self.picture.shape[-2:]
        rows = max(1, PIXELS_PER_BAND // width)
        for top in range(0, height, rows):
            bottom = min(height, top + rows)
            if first.shape == self.picture.shape:
                update = _adam_direction(first[..., top:bottom, :], second[..., top:bottom, :], epsilon)
            else:
                source, weights = _source_rows(top, bottom, height, first.shape[-2])
                coarse = _adam_direction(first[..., source, :], second[..., source, :], epsilon)
                update = F.interpolate(weights.to(coarse) @ coarse, (bottom - top, width), mode="bilinear")
            self.picture[..., top:bottom, :].sub_(update, alpha=rate)

    def enlarge(self, picture: Tensor) -> None:
        # A pixel's gradient falls with the number of pixels that share the loss.
        ratio = self.picture.numel() / picture.numel()
        sizes = [level.shape[-2:] for level in self._levels(picture)]
        # A larger picture may have more levels: they start from the coarsest old one.
        self.first = [_resize_level(self.first, k, s).mul_(ratio) for k, s in enumerate(sizes)]
        self.second = [_resize_level(self.second, k, s).mul_(ratio**2) for k, s in enumerate(sizes)]
        self.picture = picture.clone()

    @property
    def accepted(self) -> Tensor:
        return self.picture

    def state(self) -> dict[str, Any]:
        return {"picture": self.picture, "first": self.first, "second": self.second, "count": self.count}

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.picture, self.first, self.second = state["picture"], state["first"], state["second"]
        self.count = state["count"]

    def _levels(self, picture: Tensor) -> list[Tensor]:
        """Means over blocks of 1, 2, 4 … pixels, as far as the picture is large enough."""
        levels = [picture]
        while len(levels) < len(self.LEVEL_RATES) and min(levels[-1].shape[-2:]) >= 8:
            levels.append(F.avg_pool2d(levels[-1], 2, ceil_mode=True, count_include_pad=False))
        return levels


def _adam_direction(first: Tensor, second: Tensor, epsilon: float) -> Tensor:
    return first / second.sqrt().add_(epsilon)


def _resize_level(moments: Sequence[Tensor], level: int, size: torch.Size) -> Tensor:
    """The moments of ``level``, or of the coarsest level, at another size."""
    return F.interpolate(moments[min(level, len(moments) - 1)], size, mode="bilinear")


def _source_rows(top: int, bottom: int, height: int, source: int) -> tuple[slice, Tensor]:
    """The rows of a level with ``source`` rows from which the rows ``top..bottom`` of ``height`` interpolate.

    Returns:
        The source rows, and the bilinear weight of each in each row.
    """
    positions = (torch.arange(top, bottom) + 0.5) * (source / height) - 0.5
    positions = positions.clamp(0, source - 1)
    above = positions.floor().long()
    below = (above + 1).clamp_max(source - 1)
    first, last = int(above[0]), int(below[-1])
    weights = torch.zeros(bottom - top, last + 1 - first)
    row = torch.arange(bottom - top)
    weights[row, above - first] += 1 - (positions - above)
    weights[row, below - first] += positions - above
    return slice(first, last + 1), weights


class Lbfgs:
    """L-BFGS (Nocedal & Wright, algorithm 7.4) in the box [0, 1], with one evaluation per step.

    Library optimizers search along every direction until the Wolfe conditions hold, which costs a second
    evaluation nearly every time, although the full step is nearly always right. Here each step is taken
    immediately and verified by the next evaluation: where the loss did not decrease enough (Armijo's
    condition), the picture goes back most of the way, at the cost of that one evaluation.

    The box: pixels at a bound whose gradient points outward are left out, and steps are projected, as in the
    first half of L-BFGS-B. Curvature pairs of one scale do not apply to the next, so each scale starts a new
    history.

    Args:
        picture: ``(1, 3, H, W)`` to start from.
        history: maximum of stored pairs; each takes the memory of two pictures.
    """

    # The first step of a history changes pixels by this much on average.
    FIRST_STEP = 0.01
    # Armijo's constant, the factor that shortens a rejected step, and how often before it is accepted anyway.
    ARMIJO, SHRINK, MAX_SHRINKS = 1e-4, 0.3, 4
    oscillates = False

    def __init__(self, picture: Tensor, history: int = 10) -> None:
        self.history = history
        self.picture = self._start = self._gradient = self._direction = picture
        self.loss: float | None = None  # of the last accepted picture
        self.length, self.shrinks = 0.0, 0
        self.steps: list[Tensor] = []
        self.gradient_changes: list[Tensor] = []
        self.enlarge(picture)

    @property
    def accepted(self) -> Tensor:
        """The last picture whose loss was verified; the next one is not yet.

        The very first step is short enough to be accepted at once.
        """
        first = not self.steps and not self.shrinks
        return self.picture if first else self._start

    def step(self, objective: LossAndGradient) -> float:
        loss, gradient = objective(self.picture)
        gradient = _project_gradient(self.picture, gradient)
        if self.loss is not None and not self._decreased_enough(loss, self.loss):
            self.shrinks += 1
            self.length *= self.SHRINK
            self.picture = self._start.add(self._direction, alpha=self.length).clamp_(0, 1)
            return self.loss
        if self.loss is not None:
            self._add_pair(self.picture - self._start, gradient - self._gradient)
        self.loss, self.shrinks = loss, 0
        self._start, self._gradient = self.picture, gradient
        self._direction = self._descent_direction(gradient)
        mean_change = float(self._direction.abs().mean())
        self.length = 1.0 if self.steps else self.FIRST_STEP / max(mean_change, 1e-30)
        self.picture = self._start.add(self._direction, alpha=self.length).clamp_(0, 1)
        return loss

    def enlarge(self, picture: Tensor) -> None:
        self.picture = picture.clone()
        self._start = self._gradient = self._direction = self.picture[:0]
        self.loss, self.length, self.shrinks = None, 0.0, 0
        self.steps, self.gradient_changes = [], []

    def state(self) -> dict[str, Any]:
        return {
            "picture": self.picture, "start": self._start, "gradient": self._gradient,
            "direction": self._direction, "loss": self.loss, "length": self.length, "shrinks": self.shrinks,
            "steps": self.steps, "gradient_changes": self.gradient_changes,
        }  # fmt: skip

    def load_state(self, state: Mapping[str, Any]) -> None:
        self.picture, self._start = state["picture"], state["start"]
        self._gradient, self._direction = state["gradient"], state["direction"]
        self.loss, self.length, self.shrinks = state["loss"], state["length"], state["shrinks"]
        self.steps, self.gradient_changes = list(state["steps"]), list(state["gradient_changes"])

    def _decreased_enough(self, loss: float, previous: float) -> bool:
        slope = _dot(self._gradient, self._direction)
        return loss <= previous + self.ARMIJO * self.length * slope or self.shrinks >= self.MAX_SHRINKS

    def _add_pair(self, step: Tensor, gradient_change: Tensor) -> None:
        """Store a curvature pair if its curvature is positive."""
        if _dot(step, gradient_change) > 1e-6 * float(step.norm() * gradient_change.norm()):
            self.steps.append(step)
            self.gradient_changes.append(gradient_change)
            del self.steps[: -self.history], self.gradient_changes[: -self.history]

    def _descent_direction(self, gradient: Tensor) -> Tensor:
        """Minus the gradient times the approximate inverse of the Hessian (two-loop recursion)."""
        q = gradient.clone()
        pairs = [(s, y, 1 / _dot(s, y)) for s, y in zip(self.steps, self.gradient_changes, strict=True)]
        alphas = []
        for s, y, rho in reversed(pairs):
            alphas.append(rho * _dot(s, q))
            q.sub_(y, alpha=alphas[-1])
        if pairs:
            _, y, rho = pairs[-1]
            q.mul_(1 / (rho * _dot(y, y)))
        for (s, y, rho), alpha in zip(pairs, reversed(alphas), strict=True):
            q.add_(s, alpha=alpha - rho * _dot(y, q))
        return q.neg_()


def _project_gradient(picture: Tensor, gradient: Tensor) -> Tensor:
    """The gradient, zero at pixels at a bound that it would push out of the box."""
    outward = ((picture <= 0) & (gradient > 0)) | ((picture >= 1) & (gradient < 0))
    return gradient.masked_fill(outward, 0)


def _dot(first: Tensor, second: Tensor) -> float:
    return float(torch.dot(first.flatten(), second.flatten()))
