"""The adjustment network, and its weight files."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega import weights
from bottega.errors import SettingsError
from bottega.layers import ReflectConv2d
from bottega.personalize.adjust.parameters import PARAM_SHAPES, AdjustmentParams, AdjustmentTarget
from bottega.personalize.analysis.composition import saliency
from bottega.personalize.analysis.pixels import resize_for_analysis
from bottega.personalize.condition import ATTRIBUTES, VECTOR_SIZE

ARCHITECTURE = "adjust"

INPUT_SIDE = 64
"""Side in pixels of the square that the network sees of any picture: three halvings lead to the maps."""

INPUT_CHANNELS = 6  # L, a, b, saliency, and the displacement so far
OUTPUT_SCALES = {
    "warp": 0.03,
    "detail_gains": 0.25,
    "smoothing": 0.25,
    "bilateral_grid": 0.15,
    "tone": 0.1,
    "strokes": 0.25,
}
"""Change of each parameter where the network's last layer gives 1."""


class AdjustmentNet(nn.Module):
    """g_φ: corrects adjustment parameters, step by step.

    A step renders the picture with the parameters so far, analyzes it, and asks the network for a change; the
    picture itself is always rendered once from the original. The last layers start from zero: an untrained
    network keeps the closed form that it starts from.

    Args:
        width: channels at 8 × 8; half at 16 × 16, a quarter at 32 × 32.
        blocks: residual blocks at 8 × 8, each modulated by the condition (FiLM, Perez et al. 2018).
        hidden: size of the code of the condition.
    """

    scale: Tensor

    def __init__(self, width: int = 128, blocks: int = 2, hidden: int = 192) -> None:
        super().__init__()
        if min(width // 4, blocks, hidden) < 1:
            raise SettingsError(
                "An adjustment network needs a width of 4 or more, and at least one block and hidden unit."
            )
        self.configuration = {"width": width, "blocks": blocks, "hidden": hidden}
        self.maps = {name: shape for name, shape in PARAM_SHAPES.items() if len(shape) > 1}
        self.vectors = {name: shape[0] for name, shape in PARAM_SHAPES.items() if len(shape) == 1}
        channels = (INPUT_CHANNELS, width // 4, width // 2, width)
        self.stem = nn.ModuleList(
            ReflectConv2d(incoming, outgoing, 3, stride=2)
            for incoming, outgoing in itertools.pairwise(channels)
        )
        self.condition = nn.Sequential(
            nn.Linear(4 * VECTOR_SIZE + sum(self.vectors.values()), hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
        )
        self.blocks = nn.ModuleList(_Block(width, hidden) for _ in range(blocks))
        self.map_channels = [torch.Size(shape[:-2]).numel() for shape in self.maps.values()]
        self.to_maps = nn.Conv2d(width, sum(self.map_channels), 1)
        self.to_numbers = nn.Linear(width + hidden, sum(self.vectors.values()))
        for last in (self.to_maps, self.to_numbers):
            nn.init.zeros_(last.weight)
            assert last.bias is not None
            nn.init.zeros_(last.bias)
        scale = torch.ones(VECTOR_SIZE)
        for attribute in ATTRIBUTES.values():
            scale[attribute.columns] = 1 / attribute.scale
        self.register_buffer("scale", scale, persistent=False)

    def forward(
        self, lab: Tensor, target: AdjustmentTarget, measured: Tensor, params: AdjustmentParams
    ) -> AdjustmentParams:
        """A correction, to be added to ``params``.

        Args:
            lab: ``(N, 3, H, W)`` in OKLab, any size, rendered with ``params``.
            measured: ``(N, D)``, the attributes of ``lab``.
        """
        side = (INPUT_SIDE, INPUT_SIDE)
        small = F.interpolate(resize_for_analysis(lab, INPUT_SIDE), side, mode="area")
        salience = saliency(small) * INPUT_SIDE**2 / 10
        field = F.interpolate(params.warp, side, mode="bilinear", align_corners=True)
        features = torch.cat([2 * small - 1, salience.clamp_max(5), 5 * field], 1)
        for convolution in self.stem:
            features = F.silu(convolution(features))
        code = self.condition(self._condition_input(target, measured, params))
        for block in self.blocks:
            features = block(features, code)
        maps = self.to_maps(features).split(self.map_channels, 1)
        numbers = self.to_numbers(torch.cat([features.mean((2, 3)), code], 1))
        change = {
            name: plane.reshape(-1, *shape)
            for (name, shape), plane in zip(self.maps.items(), maps, strict=True)
        }
        change |= zip(self.vectors, numbers.split(list(self.vectors.values()), 1), strict=True)
        return target.restrict(
            AdjustmentParams(**{name: OUTPUT_SCALES[name] * change[name] for name in PARAM_SHAPES})
        )

    def _condition_input(
        self, target: AdjustmentTarget, measured: Tensor, params: AdjustmentParams
    ) -> Tensor:
        mask = target.mask.to(measured)
        difference = ((target.values - measured) * mask * self.scale).clamp(-3, 3)
        vectors = torch.cat([getattr(params, name) for name in self.vectors], 1)
        return torch.cat([target.values * mask, measured, difference, mask, vectors], 1)


class _Block(nn.Module):
    """Two convolutions with modulation between them, added to the input."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.first = ReflectConv2d(width, width, 3)
        self.second = ReflectConv2d(width, width, 3)
        self.modulation = nn.Linear(hidden, 2 * width)

    def forward(self, features: Tensor, code: Tensor) -> Tensor:
        gain, shift = self.modulation(code)[:, :, None, None].chunk(2, 1)
        inner = F.silu(self.first(features) * (1 + gain) + shift)
        return features + self.second(inner)


NETWORKS = {ARCHITECTURE: AdjustmentNet}


def save_adjustment_net(
    network: AdjustmentNet, path: str | Path, metadata: Mapping[str, Any] | None = None
) -> str:
    """Write a network with its configuration; returns the file's sha256."""
    return weights.save_network(network, path, NETWORKS, metadata)


def load_adjustment_net(source: str | Path = ARCHITECTURE) -> AdjustmentNet:
    """An adjustment network by the name of its weights, or from a ``.safetensors`` file.

    Raises:
        WeightsError: the weights are unknown, damaged, or belong to another architecture.
    """
    return weights.load_network(source, NETWORKS, "adjustment network")


def load_packaged_adjustment_net() -> AdjustmentNet | None:
    """The network that comes with Bottega, or None where its file is missing."""
    is_registered = ARCHITECTURE in {entry.name for entry in weights.entries()}
    return load_adjustment_net() if is_registered and weights.is_installed(ARCHITECTURE) else None
