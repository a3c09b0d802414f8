"""The training process: its device and precision, and its place among several processes.

A process started alone needs nothing but torch. Processes started by ``torchrun --nproc-per-node 2 -m …`` (or
``accelerate launch``) share every batch and average their gradients; accelerate then assigns the devices and
connects them.
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


class ProcessContext:
    """One process that works alone; the methods that connect several do nothing.

    Attributes:
        device: where networks run.
        precision: of their arithmetic, ``torch.float32`` or ``torch.bfloat16``.
        rank: index of this process, from zero.
        world_size: how many processes train together.
    """

    rank = 0
    world_size = 1

    def __init__(self, device: torch.device, precision: torch.dtype) -> None:
        self.device, self.precision = device, precision

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and runs callbacks."""
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[object]:
        """Within the block networks compute in the context's precision; weights stay float32."""
        return torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32)

    def average_gradients(self, parameters: list[Tensor]) -> None:
        """Replace the gradients of all processes by their mean."""

    def broadcast(self, tensors: Iterable[Tensor]) -> None:
        """Copy the main process's values to all processes."""

    def max(self, number: float) -> float:
        """The largest of all processes' numbers, so that they decide alike."""
        return number


class DistributedContext(ProcessContext):
    """One of several processes, connected by accelerate (NCCL between GPUs, gloo between CPUs)."""

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
        mixed_precision = "bf16" if precision == torch.bfloat16 else "no"
        self._accelerator: Any = Accelerator(cpu=device.type == "cpu", mixed_precision=mixed_precision)
        atexit.register(self._accelerator.end_training)
        super().__init__(torch.device(device.type, self._accelerator.device.index), precision)
        self.rank, self.world_size = self._accelerator.process_index, self._accelerator.num_processes

    def autocast(self) -> AbstractContextManager[object]:
        return self._accelerator.autocast()

    def average_gradients(self, parameters: list[Tensor]) -> None:
        self._fill_missing_gradients(parameters)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        for dtype in {gradient.dtype: None for gradient in gradients}:
            group = [gradient for gradient in gradients if gradient.dtype == dtype]
            # One long vector: a message for each parameter would cost more than what it carries.
            flat = self._accelerator.reduce(torch.cat([gradient.reshape(-1) for gradient in group]), "mean")
            means = flat.split([gradient.numel() for gradient in group])
            for gradient, mean in zip(group, means, strict=True):
                gradient.copy_(mean.view_as(gradient))

    def _fill_missing_gradients(self, parameters: list[Tensor]) -> None:
        """A gradient that only some processes have counts as zero in the others."""
        present = torch.tensor([float(parameter.grad is not None) for parameter in parameters])
        counts = self._accelerator.reduce(present.to(self.device), "sum").tolist()
        for parameter, count in zip(parameters, counts, strict=True):
            if count and parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)

    def broadcast(self, tensors: Iterable[Tensor]) -> None:
        from accelerate.utils import broadcast

        for tensor in tensors:
            tensor.copy_(broadcast(tensor.to(self.device).contiguous()))

    def max(self, number: float) -> float:
        numbers = torch.tensor([number], device=self.device, dtype=torch.float64)
        return float(self._accelerator.gather(numbers).max())


def process_context(device: str = "auto", precision: str = "auto") -> ProcessContext:
    """This process, alone or as one of those that a launcher started together.

    Args:
        device: as :func:`bottega.runtime.select_device` takes it.
        precision: as :func:`bottega.runtime.select_dtype` takes it.

    Raises:
        SettingsError: an unknown device or precision; several processes without accelerate.
        ResourceError: the machine does not have the device, or several processes cannot share it.
    """
    chosen_device = runtime.select_device(device)
    dtype = runtime.select_dtype(chosen_device, precision)
    distributed = is_available() and is_torchelastic_launched()
    return (DistributedContext if distributed else ProcessContext)(chosen_device, dtype)
