"""The process that trains: its device, its arithmetic, and its part among several processes.

Started by itself a process works alone, and needs nothing but torch. Started several times over by
``torchrun --nproc-per-node 2 -m …`` (or ``accelerate launch``) the processes share every batch and average
their gradients; accelerate then chooses each one's device and connects them.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.distributed import is_available, is_torchelastic_launched

from bottega import runtime
from bottega.errors import ResourceError, SettingsError


class Worker:
    """One process that works alone; the methods that connect several do nothing.

    Attributes:
        device: where networks run.
        precision: arithmetic of networks, ``torch.float32`` or ``torch.bfloat16``.
        rank: number of this process, from zero.
        count: how many processes train together.
    """

    rank = 0
    count = 1

    def __init__(self, device: torch.device, precision: torch.dtype) -> None:
        self.device, self.precision = device, precision

    @property
    def main(self) -> bool:
        """Whether this is the process that writes files and speaks."""
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[object]:
        """Within the block networks compute in the worker's precision; weights stay float32."""
        return torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32)

    def average_gradients(self, parameters: list[Tensor]) -> None:
        """Give the parameters of all processes the mean of their gradients."""

    def share_weights(self, tensors: Iterable[Tensor]) -> None:
        """Give all processes the values of the main one."""

    def highest(self, number: int) -> int:
        """The largest of the numbers that the processes give, so that they decide alike."""
        return number


class TeamWorker(Worker):
    """One of several processes, connected by accelerate (NCCL between GPUs, gloo between processors)."""

    def __init__(self, device: torch.device, precision: torch.dtype) -> None:
        try:
            from accelerate import Accelerator
        except ImportError:
            raise SettingsError(
                "Training in several processes needs accelerate; install it with: "
                "pip install 'bottega[train]', or start one process."
            ) from None
        if device.type == "mps" or device.index is not None:
            raise ResourceError(
                f'Several processes cannot share the device "{device}"; choose cpu, or cuda without a number '
                "for one GPU each."
            )
        arithmetic = "bf16" if precision == torch.bfloat16 else "no"
        self._team: Any = Accelerator(cpu=device.type == "cpu", mixed_precision=arithmetic)
        atexit.register(self._team.end_training)
        super().__init__(torch.device(device.type, self._team.device.index), precision)
        self.rank, self.count = self._team.process_index, self._team.num_processes

    def autocast(self) -> AbstractContextManager[object]:
        return self._team.autocast()

    def average_gradients(self, parameters: list[Tensor]) -> None:
        self._agree_on_absent(parameters)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        for kind in {gradient.dtype: None for gradient in gradients}:
            alike = [gradient for gradient in gradients if gradient.dtype == kind]
            # One long vector: a message for each parameter would cost more than what it carries.
            flat = self._team.reduce(torch.cat([gradient.reshape(-1) for gradient in alike]), "mean")
            pieces = flat.split([gradient.numel() for gradient in alike])
            for gradient, piece in zip(alike, pieces, strict=True):
                gradient.copy_(piece.view_as(gradient))

    def _agree_on_absent(self, parameters: list[Tensor]) -> None:
        """A gradient that only some processes have counts as zero in the others."""
        here = torch.tensor([float(parameter.grad is not None) for parameter in parameters])
        anywhere = self._team.reduce(here.to(self.device), "sum").tolist()
        for parameter, count in zip(parameters, anywhere, strict=True):
            if count and parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)

    def share_weights(self, tensors: Iterable[Tensor]) -> None:
        from accelerate.utils import broadcast

        for tensor in tensors:
            tensor.copy_(broadcast(tensor.to(self.device).contiguous()))

    def highest(self, number: int) -> int:
        return int(self._team.gather(torch.tensor([number], device=self.device)).max())


def worker(device: str = "auto", precision: str = "auto") -> Worker:
    """This process, alone or as one of those that a launcher started together.

    Args:
        device: as :func:`bottega.runtime.device` takes it.
        precision: as :func:`bottega.runtime.precision` takes it.

    Raises:
        SettingsError: an unknown device or precision; several processes without accelerate.
        ResourceError: the machine does not have the device, or several processes cannot share it.
    """
    place = runtime.device(device)
    arithmetic = runtime.precision(place, precision)
    several = is_available() and is_torchelastic_launched()
    return TeamWorker(place, arithmetic) if several else Worker(place, arithmetic)
