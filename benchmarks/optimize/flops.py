"""How many operations one evaluation of loss and gradient takes, counted from the encoder's shapes."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from bottega.encoders import Encoder


def evaluation_gflop(encoder: Encoder, layers: Iterable[str], size: int) -> float:
    """Billions of operations of all convolutions, forward and back to a picture of ``size`` × ``size``.

    A multiplication and an addition count as two. The gradient of a convolution's input takes as many as the
    convolution. Statistics, pooling and the solver are not counted, so shares of the peak are rather too low.
    """
    shape = copy.deepcopy(encoder).to("meta")
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Conv2d)
        total += 2 * output.numel() * module.weight[0].numel()

    for module in shape.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        shape(torch.empty(1, 3, size, size, device="meta"), layers)
    return 2 * total / 1e9
