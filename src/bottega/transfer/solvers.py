"""Solvers that move the picture: Adam, warm-started from scale to scale, and L-BFGS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

Objective = Callable[[Tensor], tuple[float, Tensor]]
"""Maps a picture ``(1, 3, H, W)`` to its loss and the loss's gradient."""


class Solver(Protocol):
    """What the driver needs of a solver."""

    picture: Tensor

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
        size = self.picture.shape[-2:]
        for level, share in enumerate(self._levels(gradient)):
            first, second = self.first[level], self.second[level]
            first.lerp_(share, 1 - self.beta1)
            second.mul_(self.beta2).addcmul_(share, share, value=1 - self.beta2)
            move = first / second.sqrt().add_(still)
            if level:
                move = F.interpolate(move, size, mode="bilinear")
            self.picture.sub_(move, alpha=rate * self.paces[level])
        self.picture.clamp_(0, 1)
        return loss

    def enlarge(self, picture: Tensor) -> None:
        # A pixel's gradient falls with the number of pixels that share the loss.
        ratio = self.picture.numel() / picture.numel()
        sizes = [level.shape[-2:] for level in self._levels(picture)]
        # A picture that grows may have more levels than before; the coarsest ones serve them too.
        self.first = [
            _resized(self.first[min(k, len(self.first) - 1)], s) * ratio for k, s in enumerate(sizes)
        ]
        self.second = [
            _resized(self.second[min(k, len(self.second) - 1)], s) * ratio**2 for k, s in enumerate(sizes)
        ]
        self.picture = picture.clone()

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


def _resized(moments: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(moments, size, mode="bilinear")


class Lbfgs:
    """L-BFGS (torch's, strong Wolfe line search), projected onto [0, 1] after every step.

    Curvature pairs of one scale say nothing about the next, so each scale starts a new history.
    """

    def __init__(self, picture: Tensor, history: int = 20) -> None:
        self.history = history
        self.enlarge(picture)

    def step(self, objective: Objective) -> float:
        def closure() -> float:
            loss, gradient = objective(self.picture.detach())
            self.picture.grad = gradient * self._scale
            return loss * self._scale

        loss = float(self._torch.step(closure))  # type: ignore[no-untyped-call]
        with torch.no_grad():
            self.picture.clamp_(0, 1)
        return loss / self._scale

    def enlarge(self, picture: Tensor) -> None:
        self.picture = picture.clone().requires_grad_()
        # Per-pixel gradients of a mean loss are tiny; the line search wants numbers about one.
        self._scale = float(picture.numel())
        self._torch = torch.optim.LBFGS(
            [self.picture], lr=1, max_iter=1, max_eval=8, history_size=self.history,
            tolerance_grad=0, tolerance_change=0, line_search_fn="strong_wolfe",
        )  # fmt: skip

    def state(self) -> dict[str, Any]:
        return {"picture": self.picture.detach(), "torch": self._torch.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.enlarge(state["picture"])
        self._torch.load_state_dict(state["torch"])
