"""Ways to bring pictures to a condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.personalize.material import Pairs
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.personalize import ATTRIBUTES, SWATCHES, AdjustmentNet
from bottega.personalize.adjust import REFINE, ROUNDS
from bottega.personalize.repalette import repaletted
from bottega.personalize.steering import Steering, begin


@dataclass(frozen=True)
class Made:
    """Results ``(N, 3, H, W)``, and the drafts moved by the same warp, which they should still show."""

    pictures: Tensor
    drawings: Tensor


Contestant = Callable[[Pairs, AdjustmentNet | None], Made]


def untouched(pairs: Pairs, network: AdjustmentNet | None) -> Made:
    """The draft itself."""
    return Made(pairs.drafts, pairs.drafts)


def color_transfer(pairs: Pairs, network: AdjustmentNet | None) -> Made:
    """What one would write by hand (Reinhard et al. 2001, in OKLab): mean and deviation of each channel.

    The goal's are those of the asked palette, six colours with shares.
    """
    lab = rgb_to_oklab(pairs.drafts)
    palette = pairs.asked[:, ATTRIBUTES["palette"].part].reshape(-1, SWATCHES, 4)
    share, colors = palette[..., 3:], palette[..., :3]
    mean = (share * colors).sum(1)
    deviation = (share * (colors - mean[:, None]).square()).sum(1).sqrt()
    own_mean, own_deviation = lab.mean((2, 3)), lab.std((2, 3), correction=0).clamp_min(1e-3)
    gain = (deviation / own_deviation)[..., None, None]
    moved = (lab - own_mean[..., None, None]) * gain + mean[..., None, None]
    return Made(oklab_to_rgb(moved).clamp(0, 1), pairs.drafts)


def palette_alone(pairs: Pairs, network: AdjustmentNet | None) -> Made:
    """Our transport of palettes, the first step of the closed form."""
    palette = pairs.asked[:, ATTRIBUTES["palette"].part].reshape(-1, SWATCHES, 4)
    return Made(oklab_to_rgb(repaletted(rgb_to_oklab(pairs.drafts), palette)).clamp(0, 1), pairs.drafts)


def closed_form(pairs: Pairs, network: AdjustmentNet | None) -> Made:
    """All that is said in closed form: where the network starts from."""
    return _made(pairs, begin(pairs.drafts, pairs.asked, pairs.mask))


def refined(pairs: Pairs, network: AdjustmentNet | None) -> Made:
    """The closed form, refined along the slope of what is read; no network."""
    return _made(pairs, begin(pairs.drafts, pairs.asked, pairs.mask).refined(REFINE))


def network_alone(pairs: Pairs, network: AdjustmentNet | None) -> Made:
    """g: the closed form and the network's rounds."""
    return _made(pairs, _rounds(pairs, network))


def network_refined(pairs: Pairs, network: AdjustmentNet | None) -> Made:
    """g, refined: what ``adjust`` does by itself."""
    return _made(pairs, _rounds(pairs, network).refined(REFINE))


CONTESTANTS: dict[str, Contestant] = {
    "untouched": untouched,
    "colour transfer": color_transfer,
    "palette": palette_alone,
    "closed form": closed_form,
    "closed form, refined": refined,
    "g": network_alone,
    "g, refined": network_refined,
}
NEEDS_NETWORK = frozenset({"g", "g, refined"})


def _rounds(pairs: Pairs, network: AdjustmentNet | None) -> Steering:
    assert network is not None
    steering = begin(pairs.drafts, pairs.asked, pairs.mask)
    for _ in range(ROUNDS):
        steering = steering.corrected(network)
    return steering


@torch.no_grad()
def _made(pairs: Pairs, steering: Steering) -> Made:
    from bottega.personalize.render import render
    from bottega.personalize.warp import warped

    shown = render(steering.base, steering.adjustment)
    return Made(shown.picture, warped(pairs.drafts, shown.moved))
