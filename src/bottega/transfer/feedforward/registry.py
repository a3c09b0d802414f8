"""Feed-forward style transfer networks by architecture name, and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from bottega import weights
from bottega.transfer.feedforward.adain import AdaINNet
from bottega.transfer.feedforward.fixed_styles import MultiStyleNet, TransformerNet
from bottega.transfer.feedforward.micro import FineTunedNet, MicroNet
from bottega.transfer.feedforward.photo import PhotoNet

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "micro": MicroNet,
    "adain": AdaINNet,
    "fast": TransformerNet,
    "fitted": FineTunedNet,
    "multi": MultiStyleNet,
    "photo": PhotoNet,
}


def save(network: nn.Module, path: str | Path, metadata: Mapping[str, Any] | None = None) -> str:
    """:func:`bottega.weights.save_network` for :data:`NETWORKS`."""
    return weights.save_network(network, path, NETWORKS, metadata)


def build_config(network: nn.Module, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """:func:`bottega.weights.build_config` for :data:`NETWORKS`."""
    return weights.build_config(network, NETWORKS, metadata)


def load(source: str | Path) -> nn.Module:
    """:func:`bottega.weights.load_network` for :data:`NETWORKS`."""
    return weights.load_network(source, NETWORKS, "style transfer network")
