"""The engines by name, and which one is taken."""

from __future__ import annotations

from importlib.util import find_spec

import torch

from bottega.errors import ResourceError, SettingsError

ENGINES = ("torch", "openvino")


def is_installed(name: str) -> bool:
    """Whether an engine can be used here; nothing is imported for that."""
    return find_spec(name) is not None


def chosen(name: str, device: torch.device, *, runs_graphs: bool) -> str:
    """The engine that is meant by a name.

    Args:
        name: one of :data:`ENGINES`, or ``auto``: torch, which was found to be the quicker for pictures of a
            megapixel and more, as quick for small ones, and to take half the memory.
        runs_graphs: whether the network can be compiled.

    Raises:
        SettingsError: an unknown name, or an engine that cannot run the network or use the device.
        ResourceError: an engine that is not installed.
    """
    if name == "auto":
        return "torch"
    if name not in ENGINES:
        raise SettingsError(f'"{name}" is not an engine; use auto, {" or ".join(ENGINES)}.')
    if name == "openvino" and not runs_graphs:
        raise SettingsError('The photo network runs on the engine "torch" only; choose that, or auto.')
    if name == "openvino" and device.type != "cpu":
        raise SettingsError(f'The engine "openvino" runs on the processor, not on {device}; choose torch.')
    if not is_installed(name):
        raise ResourceError(
            f'The engine "{name}" is not installed; pip install "bottega[{name}]", or choose torch.'
        )
    return name
