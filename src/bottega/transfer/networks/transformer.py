"""One network for one style: the transformer net of Johnson, Alahi and Fei-Fei (2016)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError
from bottega.layers import InstanceNorm, ReflectConv2d, ResizeConv2d, pad_to_multiple
from bottega.transfer.networks.code import check_picture

MULTIPLE = 4


class TransformerNet(nn.Module):
    """A picture in the one style that the weights were trained for.

    Layers as in the paper's supplement: 9 × 9 in and out, two strided convolutions, five residual blocks of
    two, two enlargements. Instance in place of batch normalisation (Ulyanov et al. 2016), resize- in place of
    transposed convolutions (Odena et al. 2016), mirrored borders throughout, no ReLU after a block's sum.

    Args:
        width: channels at full size; 2 · width at 1/2 and 4 · width at 1/4. 32 is the paper's (1.68 M
            parameters).
        blocks: residual blocks.
    """

    def __init__(self, width: int = 32, blocks: int = 5) -> None:
        super().__init__()
        if width < 1 or blocks < 0:
            raise SettingsError(
                "A transformer net needs a width of 1 or more, and no negative number of blocks."
            )
        self.settings = {"width": width, "blocks": blocks}
        self.convolutions = skeleton(width, blocks)
        self.norms = nn.ModuleList(InstanceNorm(channels) for channels in normalised_channels(width, blocks))

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        return dict(self.settings)

    def forward(self, content: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in [0, 1] to the same.

        Raises:
            PictureError: not pictures.
        """
        check_picture("content", content)
        features = pad_to_multiple(content, MULTIPLE)
        return finished(run(self.convolutions, list(self.norms), features), content)


def skeleton(width: int, blocks: int) -> nn.ModuleList:
    """The convolutions in their order; only the last is not followed by a normalisation."""
    return nn.ModuleList(
        [
            ReflectConv2d(3, width, 9),
            ReflectConv2d(width, 2 * width, 3, stride=2),
            ReflectConv2d(2 * width, 4 * width, 3, stride=2),
            *(ReflectConv2d(4 * width, 4 * width, 3) for _ in range(2 * blocks)),
            ResizeConv2d(4 * width, 2 * width),
            ResizeConv2d(2 * width, width),
            ReflectConv2d(width, 3, 9),
        ]
    )


def normalised_channels(width: int, blocks: int) -> list[int]:
    """Channels after every convolution of :func:`skeleton` but the last."""
    return [width, 2 * width, *[4 * width] * (1 + 2 * blocks), 2 * width, width]


def run(convolutions: nn.ModuleList, norms: list[nn.Module], features: Tensor, *style: Tensor) -> Tensor:
    """Through all convolutions; each normalisation gets ``style`` as well."""
    layers = [*zip(convolutions, norms, strict=False)]
    for convolution, norm in layers[:3]:
        features = F.relu(norm(convolution(features), *style))
    inner = layers[3:-2]
    for (first, first_norm), (second, second_norm) in zip(inner[::2], inner[1::2], strict=True):
        between = F.relu(first_norm(first(features), *style))
        features = features + second_norm(second(between), *style)
    for convolution, norm in layers[-2:]:
        features = F.relu(norm(convolution(features), *style))
    return convolutions[-1](features)


def finished(result: Tensor, content: Tensor) -> Tensor:
    """The paper's scaled tanh, onto [0, 1], at the content's size."""
    return torch.tanh(result[..., : content.shape[-2], : content.shape[-1]]).add(1).div(2)
