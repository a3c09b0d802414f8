"""Repeatable results: seeded random generators and deterministic algorithms."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.utils.deterministic

from bottega.errors import SettingsError

MAX_SEED = 2**63 - 1


def seeded_generator(seed: int) -> torch.Generator:
    """A random generator with this seed, always on the processor.

    Noise is sampled there and then moved, so that it does not depend on the device.

    Raises:
        SettingsError: the seed is not within 0 and 2⁶³ − 1.
    """
    if not 0 <= seed <= MAX_SEED:
        raise SettingsError(f"The seed is {seed}; use a whole number from 0 to {MAX_SEED}.")
    return torch.Generator().manual_seed(seed)


@contextmanager
def deterministic() -> Iterator[None]:
    """Within the block torch uses only bit-exact repeatable algorithms; the former state is restored after.

    An operation that has no such algorithm on this device raises RuntimeError.
    """
    mode = torch.get_deterministic_debug_mode()
    benchmark = torch.backends.cudnn.benchmark
    fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    # cuBLAS is repeatable only with a fixed workspace, and reads this when its first handle is created.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Unlike torch.use_deterministic_algorithms, this does not import torch's compiler, which takes seconds.
    torch.set_deterministic_debug_mode("error")
    torch.backends.cudnn.benchmark = False
    # Filling every new tensor guards against reading unset memory, which we never do, and costs a pass.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        torch.backends.cudnn.benchmark = benchmark
        torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
