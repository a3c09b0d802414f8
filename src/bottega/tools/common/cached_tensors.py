"""Pictures of bundled styles and style codes, kept between calls of the command line."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bottega.cache import cached

if TYPE_CHECKING:
    from torch import Tensor


def cached_tensors(
    folder: str, key: object, create: Callable[[], Mapping[str, Tensor]]
) -> Mapping[str, Tensor]:
    """Tensors by name, from the cache folder or, where they are missing, created and kept.

    Args:
        folder: in the cache folder.
        key: all that they depend on besides this package, torch, numpy and the processor.
        create: makes them.
    """
    import numpy
    import torch
    from safetensors.torch import load, save

    capability = torch.backends.cpu.get_cpu_capability()
    machine = (torch.__version__, numpy.__version__, platform.machine(), capability)

    def content() -> bytes:
        # Cloned, because safetensors rejects tensors that share memory.
        return save({name: tensor.contiguous().cpu().clone() for name, tensor in create().items()})

    return load(cached(folder, (machine, key), content))
