"""The short optimisation that texture synthesis and the identity test share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

# Logits of 8-bit black and white: the sigmoid keeps the picture in range without dead pixels.
MARGIN = 1 / 512


def descend(loss: Callable[[Tensor], Tensor], start: Tensor, iterations: int) -> Tensor:
    """The picture after ``iterations`` steps of L-BFGS (history 20, strong Wolfe line search) from ``start``.

    Pixels are the sigmoid of what is optimised, so every picture that the loss sees is in [0, 1].

    Args:
        loss: a scalar for a picture ``(1, 3, H, W)``.
        start: ``(1, 3, H, W)`` in [0, 1].
    """
    logits = torch.logit(start, eps=MARGIN).requires_grad_()
    optimizer = torch.optim.LBFGS(
        [logits],
        max_iter=iterations,
        max_eval=iterations * 5 // 4,
        history_size=20,
        line_search_fn="strong_wolfe",
        tolerance_grad=0,
        tolerance_change=0,
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(torch.sigmoid(logits))
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return torch.sigmoid(logits).detach()
