"""What can be said in closed form of how to get to a condition: where the network starts from."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.personalize.adjustment import CELLS, Adjustment
from bottega.personalize.attributes import ATTRIBUTES
from bottega.personalize.color import MOST_WARMTH, read_color
from bottega.personalize.goal import Goal
from bottega.personalize.seen import COARSE, seen
from bottega.personalize.tone import toned

ROUNDS = 8
MOST_SHIFT, MOST_ZOOM = 0.25, 1.4
SHARE = 0.7
"""Of the way that the subject is moved: what surrounds it moves along, and takes part of the attention."""

STRENGTHEN = 0.7
"""From a difference of directions read to a turn of strokes."""


@torch.no_grad()
def start(lab: Tensor, goal: Goal, read: Tensor, region: Tensor | None = None) -> Adjustment:
    """An adjustment that brings pictures near a goal.

    Args:
        lab: ``(N, 3, H, W)`` in OKLab; read: ``(N, D)``, what they are.
        region: ``(N or 1, 1, H, W)``, where colour counts.
    """
    asked, mask = goal.values, goal.mask
    found = Adjustment.none(len(lab), lab.device).tensors()
    found["tone"] = start_tone(lab, asked, mask, region)
    found["warp"] = start_warp(asked, mask, read)
    strokes = ATTRIBUTES["stroke_direction"].part
    found["strokes"][:, :2] = STRENGTHEN * (asked - read)[:, strokes] * mask[:, strokes]
    return goal.allowed(Adjustment(**found))


def start_tone(lab: Tensor, asked: Tensor, mask: Tensor, region: Tensor | None = None) -> Tensor:
    """``(N, 4)``: the curve that gives the asked lightness, contrast, saturation and warmth, found by rounds
    of reading and correcting (colours that cannot be shown are cut off in between, as they will be)."""
    small = avg_pool2d(seen(lab), COARSE)
    weights = None if region is None else avg_pool2d(seen(region.to(lab)), COARSE)
    part = slice(ATTRIBUTES["lightness"].part.start, ATTRIBUTES["warmth"].part.stop)
    goal, wanted = asked[:, part], mask[:, part].to(asked)
    tone = lab.new_zeros(len(lab), 4)
    for _ in range(ROUNDS):
        shown = rgb_to_oklab(oklab_to_rgb(toned(small, tone)).clamp(0, 1))
        got = read_color(shown, weights)
        apart = (goal - got) * wanted
        middle = (got[:, 0] * (1 - got[:, 0])).clamp_min(0.05)
        ratio = ((goal + 0.01) / (got + 0.01)).log().clamp(-1, 1) * wanted
        tone = tone + torch.stack(
            [
                apart[:, 0] / middle,
                0.8 * ratio[:, 1],
                0.8 * ratio[:, 2],
                MOST_WARMTH * apart[:, 3],
            ],
            1,
        )
        tone = torch.cat(
            [tone[:, :1].clamp(-3, 3), tone[:, 1:3].clamp(-2, 1.5), tone[:, 3:].clamp(-0.2, 0.2)], 1
        )
    return tone


def start_warp(asked: Tensor, mask: Tensor, read: Tensor) -> Tensor:
    """``(N, 2, 8, 8)``: what stands out moves to where it is asked for and grows; else the horizon moves.

    Halfway between a shift of the whole, which shows what lies beyond the edges, and a stretch of one side
    and a press of the other, which bends what is drawn. The horizon moves by stretch and press alone.
    """
    line = torch.linspace(0, 1, CELLS).to(asked)
    x, y = line.expand(CELLS, -1), line[:, None].expand(-1, CELLS)
    place, size, level = (ATTRIBUTES[name].part for name in ("subject", "subject_size", "horizon"))
    shift = SHARE * (asked - read)[:, place] * mask[:, place]
    shift = shift.clamp(-MOST_SHIFT, MOST_SHIFT)[..., None, None]
    ratio = ((asked[:, size] + 0.1) / (read[:, size] + 0.1)).log() * mask[:, size]
    zoom = (SHARE * ratio).exp().clamp(1 / MOST_ZOOM, MOST_ZOOM)[..., None]
    centre = read[:, place][..., None, None]
    moved = []
    for i, where in enumerate((x, y)):
        rigid = (where - shift[:, i] - centre[:, i]) / zoom + centre[:, i] - where
        held = _stretched(where, centre[:, i] + shift[:, i], centre[:, i]) - where
        moved.append((rigid + held) / 2)
    goal, own = (values[:, level][..., None] for values in (asked, read))
    alone = (mask[:, level].any(1) & ~mask[:, place].any(1))[:, None, None]
    moved[1] = moved[1] + torch.where(alone, _stretched(y, goal, own) - y, 0)
    return torch.stack(moved, 1)


def _stretched(where: Tensor, goal: Tensor, own: Tensor) -> Tensor:
    """Where places come from if ``own`` moves to ``goal`` and both edges stay."""
    goal, own = goal.clamp(0.1, 0.9), own.clamp(0.1, 0.9)
    return torch.where(where < goal, where * own / goal, 1 - (1 - where) * (1 - own) / (1 - goal))
