"""The short optimization that texture synthesis and the identity test share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

# What a mean square of 1 outside of [0, 1] costs. Pixels may stray on the way, which keeps the descent
# smooth; a sigmoid around them would leave those that start near black or white stuck there.
OUT_OF_RANGE_WEIGHT = 10.0


def minimize(loss: Callable[[Tensor], Tensor], start: Tensor, iterations: int) -> Tensor:
    """The picture after ``iterations`` steps of L-BFGS (history 20, strong Wolfe line search) from ``start``.

    Args:
        loss: a scalar for a picture ``(1, 3, H, W)``.
        start: ``(1, 3, H, W)`` in [0, 1].

    Returns:
        ``(1, 3, H, W)``, clamped to [0, 1].
    """
    picture = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [picture],
        max_iter=iterations,
        max_eval=iterations * 5 // 4,
        history_size=20,
        line_search_fn="strong_wolfe",
        tolerance_grad=0,
        tolerance_change=0,
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        outside = (picture - picture.clamp(0, 1)).square().mean()
        value = loss(picture) + OUT_OF_RANGE_WEIGHT * outside
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return picture.detach().clamp(0, 1)
