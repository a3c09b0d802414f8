"""Same recipe, same picture: seeded generators and deterministic algorithms."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.utils.deterministic

from bottega.errors import SettingsError

LARGEST_SEED = 2**63 - 1


def seeded(seed: int) -> torch.Generator:
    """A random generator with this seed, always on the processor.

    Noise is drawn there and then moved, so that a picture does not change with the device.

    Raises:
        SettingsError: the seed is not within 0 and 2⁶³ − 1.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise SettingsError(f"The seed is {seed}; use a whole number from 0 to {LARGEST_SEED}.")
    return torch.Generator().manual_seed(seed)


@contextmanager
def deterministic() -> Iterator[None]:
    """Within the block torch uses only algorithms that repeat bit for bit; the former state comes back after.

    An operation that has no such algorithm on this device raises RuntimeError instead of varying silently.
    """
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    fill = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    # cuBLAS repeats only with a fixed workspace, and reads this when its first handle is made.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=False)
    torch.backends.cudnn.benchmark = False
    # Filling every new tensor guards against reading unset memory: a pass over each, for what we never do.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark
        torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
