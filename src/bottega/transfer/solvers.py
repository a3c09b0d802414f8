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
    """Adam (Kingma & Ba 2015) with a box constraint.

    Between scales its moments are resized together with the picture, so that the first steps at a new scale
    are as well scaled as the last ones before (an idea of K. Crowson's style-transfer-pytorch).

    Adam moves a pixel by about ``rate`` however weak its gradient is, which would shake pixels that are
    already right. ``still`` is added to the root of the second moment, in units of a gradient per pixel of
    a loss of one (that is, divided by the number of values): weaker gradients move less than ``rate``.
    """

    def __init__(
        self, picture: Tensor, rate: float, beta1: float = 0.9, beta2: float = 0.99, still: float = 0.02
    ) -> None:
        self.picture = picture.clone()
        self.rate, self.beta1, self.beta2, self.still = rate, beta1, beta2, still
        self.first, self.second = torch.zeros_like(picture), torch.zeros_like(picture)
        self.count = 0

    def step(self, objective: Objective) -> float:
        loss, gradient = objective(self.picture)
        self.count += 1
        self.first.lerp_(gradient, 1 - self.beta1)
        self.second.mul_(self.beta2).addcmul_(gradient, gradient, value=1 - self.beta2)
        del gradient
        # Both bias corrections in one step size, so that no further picture-sized tensor is kept.
        rate = self.rate / (1 - self.beta1**self.count) * (1 - self.beta2**self.count) ** 0.5
        still = self.still / self.picture.numel() * (1 - self.beta2**self.count) ** 0.5
        self.picture.addcdiv_(self.first, self.second.sqrt().add_(still), value=-rate).clamp_(0, 1)
        return loss

    def enlarge(self, picture: Tensor) -> None:
        size = picture.shape[-2:]
        # A pixel's gradient falls with the number of pixels that share the loss.
        ratio = self.picture.shape[-2] * self.picture.shape[-1] / (size[0] * size[1])
        self.first = F.interpolate(self.first, size, mode="bilinear").mul_(ratio)
        self.second = F.interpolate(self.second, size, mode="bilinear").mul_(ratio**2)
        self.picture = picture.clone()

    def state(self) -> dict[str, Any]:
        return {
            "picture": self.picture,
            "first": self.first,
            "second": self.second,
            "count": self.count,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.picture, self.first, self.second = state["picture"], state["first"], state["second"]
        self.count = state["count"]


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
