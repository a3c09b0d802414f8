"""The micro network made the hand of one style: its weights and the style's numbers are fitted together."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from bottega.layers import ChannelMoments, ColorMoments, color_moments
from bottega.layers.moments import VARIANCE_FLOOR
from bottega.transfer.networks.code import StyleCode, check_picture
from bottega.transfer.networks.micro import MicroNet


class FittedNet(nn.Module):
    """A :class:`MicroNet` and the code of the one style that it was trained for.

    Called like a transformer net, it paints in full. Its :attr:`network` and :attr:`code` paint whatever the
    micro network can: regions, less strength, tiles, frames (``network.stylize(content, Manner(code))``).

    Args:
        settings: of the micro network.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.network = MicroNet(**settings)
        channels = sum(self.network.channels)
        self.means = nn.Parameter(torch.zeros(1, channels))
        # As logarithms: whatever a training does to them, deviations stay above zero.
        self.log_deviations = nn.Parameter(torch.zeros(1, channels))
        self.register_buffer("color_mean", torch.full((1, 3), 0.5))
        self.register_buffer("color_second", 0.25 + 0.05 * torch.eye(3)[None])

    @classmethod
    @torch.no_grad()
    def of(cls, network: MicroNet, style: Tensor) -> Self:
        """What ``network`` already paints of ``style (1, 3, H, W)``: where fitting starts.

        Raises:
            PictureError: not a picture.
        """
        code = network.encode(style)
        fitted = cls(**network.configuration)
        fitted.network.load_state_dict(network.state_dict())
        means, deviations = code.vectors()
        fitted.means.copy_(means)
        fitted.log_deviations.copy_(deviations.log())
        fitted.get_buffer("color_mean").copy_(code.colors.mean)
        fitted.get_buffer("color_second").copy_(code.colors.second / code.colors.mass[:, :, None])
        return fitted

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        return self.network.configuration

    @property
    def code(self) -> StyleCode:
        """The style, for :attr:`network`; per unit of mass."""
        mean, deviation = self.means, self.log_deviations.exp()
        second = (deviation.square() - VARIANCE_FLOOR).clamp_min(0) + mean.square()
        one = torch.ones_like(mean[:, :1])
        channels = list(self.network.channels)
        sites = zip(torch.split(mean, channels, 1), torch.split(second, channels, 1), strict=True)
        colors = ColorMoments(one, self.get_buffer("color_mean"), self.get_buffer("color_second"))
        return StyleCode(colors, tuple(ChannelMoments(one, *site) for site in sites))

    def forward(self, content: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in [0, 1] to the same (in training it may leave that range a little).

        Raises:
            PictureError: not pictures.
        """
        check_picture("content", content)
        count = len(content)
        affine = self.network.color_map(color_moments(content), self.code)
        means, deviations = self.means.expand(count, -1), self.log_deviations.exp().expand(count, -1)
        strength = torch.ones(count, 1, device=content.device)
        painted: Tensor = self.network(content, affine, means, deviations, strength)
        return painted
