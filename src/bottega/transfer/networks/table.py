"""The networks of this room by name, and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from bottega import weights
from bottega.errors import WeightsError
from bottega.transfer.networks.adain import AdaINNet
from bottega.transfer.networks.fitted import FittedNet
from bottega.transfer.networks.micro import MicroNet
from bottega.transfer.networks.multi import MultiStyleNet
from bottega.transfer.networks.photo import PhotoNet
from bottega.transfer.networks.transformer import TransformerNet

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "micro": MicroNet,
    "adain": AdaINNet,
    "fast": TransformerNet,
    "fitted": FittedNet,
    "multi": MultiStyleNet,
    "photo": PhotoNet,
}


def save(network: nn.Module, path: str | Path, facts: Mapping[str, Any] | None = None) -> str:
    """Write a network with what builds it again; ``facts`` (its recipe, its figures) go along.

    Returns:
        The file's sha256.

    Raises:
        WeightsError: it is not of :data:`NETWORKS`.
        OutputError: the file cannot be written there.
    """
    return weights.save(path, network.state_dict(), described(network, facts))


def described(network: nn.Module, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The configuration of a network's file, for :func:`bottega.weights.shelve` too.

    Raises:
        WeightsError: it is not of :data:`NETWORKS`.
    """
    names = [name for name, kind in NETWORKS.items() if type(network) is kind]
    if not names:
        raise WeightsError(f"{type(network).__name__} is not one of the networks {', '.join(NETWORKS)}.")
    return {**(facts or {}), "architecture": names[0], "settings": network.configuration}


def load(source: str | Path) -> nn.Module:
    """A network in evaluation mode, in float32 on the processor.

    Args:
        source: the name of weights (``bottega models``), or a ``.safetensors`` file.

    Raises:
        WeightsError: unknown, damaged, or not a network of this room.
    """
    is_file = isinstance(source, Path) or str(source).endswith(".safetensors")
    state, configuration = weights.read(source) if is_file else weights.load(str(source))
    architecture = str(configuration.get("architecture", ""))
    if architecture not in NETWORKS:
        raise WeightsError(
            f'{source} holds "{architecture or "nothing known"}", which paints nothing; '
            f"networks that do are {', '.join(NETWORKS)}."
        )
    try:
        network = NETWORKS[architecture](**configuration.get("settings", {}))
        network.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    except (TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise WeightsError(f'{source} does not fit the network "{architecture}" ({reason}).') from None
    return network.eval().requires_grad_(False)
