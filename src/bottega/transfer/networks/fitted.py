"""The micro network made the hand of one style: its weights and the style's numbers are fitted together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import torch
from torch import Tensor, nn

from bottega.layers import ChannelMoments, ColorMoments, color_moments, recolor
from bottega.layers.moments import VARIANCE_FLOOR
from bottega.transfer.marks import BESIDE_MARKS, Marks, less_marks, marked, marks_of
from bottega.transfer.networks.code import StyleCode, check_picture
from bottega.transfer.networks.micro import MicroNet


class FittedNet(nn.Module):
    """A :class:`MicroNet`, the code of the one style that it was trained for, and that style's own marks.

    Called like a transformer net, it paints in full. Its :attr:`network` and :attr:`code` paint whatever the
    micro network can: regions, less strength, tiles, frames (``network.stylize(content, Manner(code))``).

    Args:
        style_size: height and width of the style's picture, which marks are taken from; none has no marks, as
            networks had that were fitted before there were any.
        settings: of the micro network.
    """

    def __init__(self, style_size: Sequence[int] | None = None, **settings: Any) -> None:
        super().__init__()
        self.style_size = None if style_size is None else tuple(style_size)
        self.network = MicroNet(**settings)
        channels = sum(self.network.channels)
        self.means = nn.Parameter(torch.zeros(1, channels))
        # As logarithms: whatever a training does to them, deviations stay above zero.
        self.log_deviations = nn.Parameter(torch.zeros(1, channels))
        self.register_buffer("color_mean", torch.full((1, 3), 0.5))
        self.register_buffer("color_second", 0.25 + 0.05 * torch.eye(3)[None])
        if self.style_size is not None:
            self.register_buffer("style", torch.zeros(1, 3, *self.style_size, dtype=torch.uint8))

    @classmethod
    @torch.no_grad()
    def of(cls, network: MicroNet, style: Tensor) -> Self:
        """What ``network`` already paints of ``style (1, 3, H, W)``: where fitting starts.

        Raises:
            PictureError: not a picture.
        """
        code = network.encode(style)
        fitted = cls(style_size=tuple(style.shape[-2:]), **network.configuration)
        fitted.get_buffer("style").copy_((style * 255).round().to(torch.uint8))
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
        size = {} if self.style_size is None else {"style_size": list(self.style_size)}
        return {**self.network.configuration, **size}

    @cached_property
    def marks(self) -> tuple[Marks, ...]:
        """Of the style."""
        return () if self.style_size is None else (marks_of(self.get_buffer("style").cpu() / 255),)

    def shown(self, content: Tensor) -> Tensor:
        """Contents ``(N, 3, H, W)`` in the style's colours and with its marks: what the network paints on."""
        # On the processor, as not every device has float64.
        code = self.code
        palette = ColorMoments(*(each.cpu() for each in vars(code.colors).values())).double()
        goal = replace(code, colors=less_marks(palette, self.marks, 1.0))
        affine = self.network.color_map(color_moments(content.cpu()).double(), goal).to(content)
        colored = recolor(content, affine)
        return marked(colored, self.marks) if self.marks else colored

    @property
    def code(self) -> StyleCode:
        """The style, for :attr:`network`; per unit of mass."""
        mean, deviation = self.means, self.log_deviations.exp()
        second = (deviation.square() - VARIANCE_FLOOR).clamp_min(0) + mean.square()
        one = torch.ones_like(mean[:, :1])
        channels = list(self.network.channels)
        sites = zip(torch.split(mean, channels, 1), torch.split(second, channels, 1), strict=True)
        colors = ColorMoments(one, self.get_buffer("color_mean"), self.get_buffer("color_second"))
        return StyleCode(colors, tuple(ChannelMoments(one, *site) for site in sites), self.marks)

    def forward(self, content: Tensor) -> Tensor:
        """``(N, 3, H, W)`` in [0, 1] to the same (in training it may leave that range a little).

        Raises:
            PictureError: not pictures.
        """
        check_picture("content", content)
        count = len(content)
        on = self.shown(content)
        affine = torch.eye(3, 4, device=content.device).expand(count, -1, -1)
        means, deviations = self.means.expand(count, -1), self.log_deviations.exp().expand(count, -1)
        strength = torch.ones(count, 1, device=content.device)
        painted: Tensor = self.network(on, affine, means, deviations, strength)
        return torch.lerp(on.to(painted), painted, BESIDE_MARKS) if self.marks else painted
