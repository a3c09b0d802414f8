"""From pictures and what is asked of them to an adjustment: start, rounds of the network, refinement."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.personalize.adjustment import Adjustment
from bottega.personalize.attributes import ATTRIBUTES, SWATCHES
from bottega.personalize.goal import Goal, goal_of
from bottega.personalize.network import AdjustmentNet
from bottega.personalize.reading import read
from bottega.personalize.refine import refine
from bottega.personalize.render import render
from bottega.personalize.repalette import repaletted
from bottega.personalize.start import start


@dataclass(frozen=True)
class Steering:
    """Pictures on their way to what is asked of them.

    Attributes:
        base: ``(N, 3, H, W)`` in OKLab: the pictures, in the asked palette where one is asked.
        goal: what is asked.
        adjustment: how far it has come.
        region: ``(N or 1, 1, H, W)``, where something may change.
    """

    base: Tensor
    goal: Goal
    adjustment: Adjustment
    region: Tensor | None = None

    @torch.no_grad()
    def seen_and_read(self) -> tuple[Tensor, Tensor]:
        """The pictures as they are adjusted so far, in OKLab, and what is read of them."""
        shown = render(self.base, self.adjustment, self.region).picture
        return rgb_to_oklab(shown), read(shown, self.region)

    def corrected(self, network: AdjustmentNet) -> Steering:
        """One round of the network; gradients flow through the network alone."""
        return replace(self, adjustment=self.adjustment + network(*self._facts()))

    def refined(self, steps: int) -> Steering:
        """After some steps along the slope of what is read."""
        found = refine(self.base, self.adjustment, self.goal, steps, self.region)
        return replace(self, adjustment=found)

    def _facts(self) -> tuple[Tensor, Goal, Tensor, Adjustment]:
        lab, got = self.seen_and_read()
        return lab, self.goal, got, self.adjustment


@torch.no_grad()
def begin(
    pictures: Tensor, asked: Tensor, mask: Tensor, region: Tensor | None = None, strength: float = 1.0
) -> Steering:
    """The closed form: colours in the asked palette, one curve of tones, the subject moved.

    Args:
        pictures: ``(N, 3, H, W)``, sRGB in [0, 1], at the size of reading; asked, mask: ``(N, D)``.
        strength: in [0, 1], which share of the way is asked for.
    """
    lab = rgb_to_oklab(pictures)
    before = read(pictures, region)
    base = in_palette(lab, asked, mask, region, strength)
    own = read(oklab_to_rgb(base).clamp(0, 1), region)
    if strength < 1:
        asked = torch.lerp(before, asked, strength)
        part = ATTRIBUTES["palette"].part
        asked[:, part] = own[:, part]
    goal = goal_of(asked, mask, before)
    return Steering(base, goal, start(base, goal, own, region), region)


def in_palette(
    lab: Tensor, asked: Tensor, mask: Tensor, region: Tensor | None = None, strength: float = 1.0
) -> Tensor:
    """Pictures ``(N, 3, H, W)`` in OKLab, those of which a palette is asked in its colours."""
    part = ATTRIBUTES["palette"].part
    wanted = mask[:, part.start]
    if not bool(wanted.any()):
        return lab
    # Where none is asked, one grey stands in, and is not used.
    neutral = torch.zeros_like(asked[:, part]).reshape(-1, SWATCHES, 4)
    neutral[:, 0] = torch.tensor([0.5, 0.0, 0.0, 1.0]).to(asked)
    palette = torch.where(wanted[:, None, None], asked[:, part].reshape(-1, SWATCHES, 4), neutral)
    changed = repaletted(lab, palette, region, strength)
    if region is not None:
        changed = lab + region * (changed - lab)
    return torch.where(wanted.view(-1, 1, 1, 1), changed, lab)
