"""The adjustment network: it looks at a picture, at what is read of it and at what is asked, and corrects."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError
from bottega.layers import ReflectConv2d
from bottega.personalize.adjustment import SHAPES, Adjustment
from bottega.personalize.attributes import ATTRIBUTES, NUMBERS
from bottega.personalize.goal import Goal
from bottega.personalize.saliency import saliency
from bottega.personalize.seen import seen

LOOKED_AT = 64
"""Side in pixels of the square that the network sees of any picture: three halvings lead to the maps."""

PACE = {"warp": 0.03, "detail": 0.25, "flatten": 0.25, "grid": 0.15, "tone": 0.1, "strokes": 0.25}
"""Size of a correction of each part where the network's last layer gives one."""

PLANES = 6
"""L, a, b, what stands out, and the displacement so far."""


class AdjustmentNet(nn.Module):
    """g_φ: corrects an adjustment, round by round.

    A round renders the picture as it is adjusted so far, reads it, and asks the network for a change; the
    picture itself is always rendered once from the original. The last layers start from zero: an untrained
    network leaves the closed form that it starts from.

    Args:
        width: channels at 8 × 8; half at 16 × 16, a quarter at 32 × 32.
        blocks: residual blocks at 8 × 8, each modulated by the condition (Perez et al. 2018).
        hidden: numbers in which the condition is summed up.
    """

    scale: Tensor

    def __init__(self, width: int = 128, blocks: int = 2, hidden: int = 192) -> None:
        super().__init__()
        if min(width // 4, blocks, hidden) < 1:
            raise SettingsError(
                "An adjustment network needs a width of 4 or more, blocks and hidden numbers."
            )
        self.settings = {"width": width, "blocks": blocks, "hidden": hidden}
        self.maps = {name: shape for name, shape in SHAPES.items() if len(shape) > 1}
        self.numbers = {name: shape[0] for name, shape in SHAPES.items() if len(shape) == 1}
        self.stem = nn.ModuleList(
            ReflectConv2d(incoming, outgoing, 3, stride=2)
            for incoming, outgoing in ((PLANES, width // 4), (width // 4, width // 2), (width // 2, width))
        )
        self.condition = nn.Sequential(
            nn.Linear(4 * NUMBERS + sum(self.numbers.values()), hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
        )
        self.blocks = nn.ModuleList(_Block(width, hidden) for _ in range(blocks))
        cells = sum(torch.Size(shape[:-2]).numel() for shape in self.maps.values())
        self.to_maps = nn.Conv2d(width, cells, 1)
        self.to_numbers = nn.Linear(width + hidden, sum(self.numbers.values()))
        for last in (self.to_maps, self.to_numbers):
            nn.init.zeros_(last.weight)
            assert last.bias is not None
            nn.init.zeros_(last.bias)
        scale = torch.ones(NUMBERS)
        for attribute in ATTRIBUTES.values():
            scale[attribute.part] = 1 / attribute.span
        self.register_buffer("scale", scale, persistent=False)

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        return dict(self.settings)

    def forward(self, lab: Tensor, goal: Goal, got: Tensor, now: Adjustment) -> Adjustment:
        """A correction, to be added to ``now``.

        Args:
            lab: ``(N, 3, H, W)`` in OKLab, the picture as it is adjusted so far, any size.
            goal: what is asked; got: ``(N, D)``, what is read of ``lab``; now: the adjustment so far.
        """
        small = F.interpolate(seen(lab, LOOKED_AT), (LOOKED_AT, LOOKED_AT), mode="area")
        drawn = saliency(small) * LOOKED_AT**2 / 10
        field = F.interpolate(now.warp, (LOOKED_AT, LOOKED_AT), mode="bilinear", align_corners=True)
        features = torch.cat([2 * small - 1, drawn.clamp_max(5), 5 * field], 1)
        for convolution in self.stem:
            features = F.silu(convolution(features))
        code = self.condition(self._facts(goal, got, now))
        for block in self.blocks:
            features = block(features, code)
        maps = self.to_maps(features).split([torch.Size(s[:-2]).numel() for s in self.maps.values()], 1)
        numbers = self.to_numbers(torch.cat([features.mean((2, 3)), code], 1)).split(
            list(self.numbers.values()), 1
        )
        found = {
            name: plane.reshape(-1, *self.maps[name]) for name, plane in zip(self.maps, maps, strict=True)
        }
        found |= dict(zip(self.numbers, numbers, strict=True))
        return goal.allowed(Adjustment(**{name: PACE[name] * found[name] for name in SHAPES}))

    def _facts(self, goal: Goal, got: Tensor, now: Adjustment) -> Tensor:
        asked = goal.mask.to(got)
        apart = ((goal.values - got) * asked * self.scale).clamp(-3, 3)
        used = torch.cat([getattr(now, name) for name in self.numbers], 1)
        return torch.cat([goal.values * asked, got, apart, asked, used], 1)


class _Block(nn.Module):
    """Two convolutions, modulated between them, added to what came in."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.first = ReflectConv2d(width, width, 3)
        self.second = ReflectConv2d(width, width, 3)
        self.modulation = nn.Linear(hidden, 2 * width)

    def forward(self, features: Tensor, code: Tensor) -> Tensor:
        gain, shift = self.modulation(code)[:, :, None, None].chunk(2, 1)
        inner = F.silu(self.first(features) * (1 + gain) + shift)
        return features + self.second(inner)
