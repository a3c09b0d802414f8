"""Exponential moving average of weights: what is kept of a training is steadier than its last step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class EMA:
    """Moving average of a module's parameters and buffers.

    At step t it keeps ``min(decay, (1 + t) / (10 + t))`` of itself, so that the random start is soon
    forgotten. Integers (such as batch norm's counter) are copied.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take in the weights after ``step`` steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                self.state[name].lerp_(tensor, 1 - decay)
            else:
                self.state[name].copy_(tensor)

    @contextmanager
    def inside(self, module: nn.Module) -> Iterator[None]:
        """Within the block the module has the averaged weights, is in evaluation mode and takes no gradients.

        After it everything is as before, to the bit.
        """
        own = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        modes = {layer: layer.training for layer in module.modules()}
        try:
            module.load_state_dict(self.state)
            module.eval()
            with torch.no_grad():
                yield
        finally:
            module.load_state_dict(own)
            for layer, training in modes.items():
                layer.training = training
