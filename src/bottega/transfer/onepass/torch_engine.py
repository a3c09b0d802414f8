"""The engine that is always there: torch, with what is worked on kept in the processor's cache."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.transfer.networks import MicroNet
from bottega.transfer.onepass.trunk import Trunk, Work

BAND = 2**13
"""Positions worked on at a time; a few hundred kilobytes for each value of theirs."""


class TorchEngine:
    """Runs a micro network's trunk on any device of torch's.

    All features lie with their channels side by side: the convolutions then run at 80 to 100 % of what the
    processor multiplies, and sums and shifts go position by position, as blocks of pixels do.

    Args:
        network: in float32.
        precision: of the features; statistics are float32 always.
    """

    name = "torch"
    bytes_per_pixel = 100

    def __init__(self, network: MicroNet, device: torch.device, precision: torch.dtype) -> None:
        self.device = device
        self.takes = precision
        self.network = copy.deepcopy(network).to(device)
        for module in self.network.modules():
            if isinstance(module, nn.Conv2d):
                module.to(precision)
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(self, work: Work, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """See :class:`Trunk`; tensors come and go on the processor."""
        trunk = _InBands(self.network, work)
        found = trunk(*(inputs[name].to(self.device) for name in work.inputs))
        return tuple(each.cpu() for each in found)


class _InBands(Trunk):
    """The same sums and shifts as :class:`Trunk`'s, in float32, a band of positions at a time."""

    def moments(self, features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        rows = _rows(features)
        weights = None if mask is None else mask.flatten(1)
        first = second = torch.zeros((), device=features.device)
        for start in range(0, len(rows), BAND):
            band = rows[start : start + BAND].float()
            if weights is None:
                first, second = first + band.sum(0), second + band.square().sum(0)
            else:
                share = weights[:, start : start + BAND]
                first, second = first + share @ band, second + share @ band.square()
        if weights is None:
            return first[None] / len(rows), second[None] / len(rows)
        mass = weights.sum(1, keepdim=True).clamp_min(1e-12)
        return first / mass, second / mass

    def moved(self, features: Tensor, gain: Tensor, shift: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            # A batch normalisation that finds means of 0 and variances of 1: one pass, nothing in between.
            zero, one = torch.zeros_like(gain[0]), torch.ones_like(gain[0])
            return F.batch_norm(features, zero, one, gain[0], shift[0], eps=0.0)
        result = torch.empty_like(features, memory_format=torch.channels_last)
        rows, target = _rows(features), _rows(result)
        weights = mask.flatten(1).mT
        for start in range(0, len(rows), BAND):
            part = slice(start, start + BAND)
            target[part] = torch.addcmul(weights[part] @ shift, rows[part].float(), weights[part] @ gain)
        return result


def _rows(features: Tensor) -> Tensor:
    """``(1, C, h, w)`` as ``(h · w, C)``; a view where channels lie side by side."""
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
