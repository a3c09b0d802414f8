"""Networks and their files: a network is saved with what builds it again.

Each package has a registry of its networks: architecture name to class. A file's configuration holds that
name as ``architecture``, the arguments of the class as ``settings`` (its attribute ``configuration``), and
any metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bottega.errors import WeightsError
from bottega.weights import registry as installed
from bottega.weights import storage

if TYPE_CHECKING:
    from torch import nn

Network = TypeVar("Network", bound="nn.Module")


def build_config(
    network: nn.Module,
    registry: Mapping[str, Callable[..., nn.Module]],
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The configuration of a network's file: metadata (its recipe, its metrics), architecture and settings.

    Raises:
        WeightsError: the network is not in the registry.
    """
    names = [name for name, build in registry.items() if type(network) is build]
    if not names:
        raise WeightsError(f"{type(network).__name__} is not one of the networks {', '.join(registry)}.")
    return {**(metadata or {}), "architecture": names[0], "settings": network.configuration}


def save_network(
    network: nn.Module,
    path: str | Path,
    registry: Mapping[str, Callable[..., nn.Module]],
    metadata: Mapping[str, Any] | None = None,
    *,
    half: bool = False,
) -> str:
    """Write a network with the configuration that builds it again; returns the file's sha256.

    Args:
        half: store 16-bit floats, for half the file size.

    Raises:
        WeightsError: the network is not in the registry.
        OutputError: the file cannot be written.
    """
    state = network.state_dict()
    if half:
        state = {name: x.half() if x.is_floating_point() else x for name, x in state.items()}
    return storage.save_file(path, state, build_config(network, registry, metadata))


def load_network(source: str | Path, registry: Mapping[str, Callable[..., Network]], kind: str) -> Network:
    """Build a network of the registry in evaluation mode, in float32 on the processor, without gradients.

    Args:
        source: the name of weights (``bottega models list``), or a ``.safetensors`` file.
        kind: what the registry holds, for messages: "style transfer network".

    Raises:
        WeightsError: unknown or damaged weights, or another kind of network.
    """
    is_file = isinstance(source, Path) or str(source).endswith(".safetensors")
    state, configuration = storage.load_file(source) if is_file else installed.load(str(source))
    architecture = str(configuration.get("architecture", ""))
    if architecture not in registry:
        raise WeightsError(
            f'{source} holds "{architecture or "an unknown network"}", which is not one of '
            f"the {kind}s ({', '.join(registry)})."
        )
    try:
        network = registry[architecture](**configuration.get("settings", {}))
        network.load_state_dict({n: x.float() if x.is_floating_point() else x for n, x in state.items()})
    except (TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise WeightsError(f'{source} does not fit the {kind} "{architecture}" ({reason}).') from None
    return network.eval().requires_grad_(False)
