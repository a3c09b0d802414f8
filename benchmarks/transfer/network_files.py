"""The two networks of the benchmarks of speed and memory."""

from __future__ import annotations

from pathlib import Path

import torch

from benchmarks.transfer.microast import MicroASTShaped
from bottega import weights
from bottega.errors import WeightsError
from bottega.transfer.feedforward import MicroNet, load

PACKAGED = "micro"


def is_packaged() -> bool:
    """Whether there are weights of the micro network."""
    return any(entry.name == PACKAGED for entry in weights.entries())


def micro_network(file: Path | None) -> MicroNet:
    """From a file, or the packaged one, or one of random weights that draws a little: time is the same.

    Raises:
        WeightsError: the file holds something else.
    """
    if file is None and not is_packaged():
        torch.manual_seed(0)
        network = MicroNet()
        torch.nn.init.normal_(network.head.weight, std=0.01)
        return network.eval().requires_grad_(False)
    loaded = load(file or PACKAGED)
    if not isinstance(loaded, MicroNet):
        raise WeightsError(f"{file} holds no micro network.")
    return loaded


def microast_network(file: Path | None) -> MicroASTShaped:
    """From a file, or of random weights; raises as above."""
    torch.manual_seed(0)
    network = MicroASTShaped()
    if file is not None:
        try:
            network.load_state_dict(weights.load_file(file)[0])
        except RuntimeError:
            raise WeightsError(f"{file} does not fit the network of MicroAST's shape.") from None
    return network.eval().requires_grad_(False)
