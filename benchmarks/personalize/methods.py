"""Methods that bring pictures to a condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.personalize.pairs import Pairs
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.personalize import ATTRIBUTES, MAX_PALETTE_COLORS, AdjustmentNet
from bottega.personalize.adjust.closed_form import apply_palette
from bottega.personalize.adjust.pipeline import NETWORK_STEPS, OPTIMIZER_STEPS, AdjustmentState
from bottega.personalize.adjust.render import render, warp_picture


@dataclass(frozen=True)
class Adjusted:
    """Results ``(N, 3, H, W)``, and the drafts moved by the same warp, which they should still show."""

    pictures: Tensor
    structure: Tensor


Method = Callable[[Pairs, AdjustmentNet | None], Adjusted]


def untouched(pairs: Pairs, network: AdjustmentNet | None) -> Adjusted:
    """The draft itself."""
    return Adjusted(pairs.drafts, pairs.drafts)


def color_transfer(pairs: Pairs, network: AdjustmentNet | None) -> Adjusted:
    """The classic baseline (Reinhard et al. 2001, in OKLab): mean and deviation of each channel.

    The target's are those of the requested palette, six colors with shares.
    """
    lab = rgb_to_oklab(pairs.drafts)
    palette = _palettes(pairs)
    share, colors = palette[..., 3:], palette[..., :3]
    mean = (share * colors).sum(1)
    deviation = (share * (colors - mean[:, None]).square()).sum(1).sqrt()
    own_mean, own_deviation = lab.mean((2, 3)), lab.std((2, 3), correction=0).clamp_min(1e-3)
    gain = (deviation / own_deviation)[..., None, None]
    moved = (lab - own_mean[..., None, None]) * gain + mean[..., None, None]
    return Adjusted(oklab_to_rgb(moved).clamp(0, 1), pairs.drafts)


def palette_alone(pairs: Pairs, network: AdjustmentNet | None) -> Adjusted:
    """Optimal transport of palettes, the first step of the closed form."""
    recolored = apply_palette(rgb_to_oklab(pairs.drafts), _palettes(pairs))
    return Adjusted(oklab_to_rgb(recolored).clamp(0, 1), pairs.drafts)


def closed_form(pairs: Pairs, network: AdjustmentNet | None) -> Adjusted:
    """The closed form: what the network starts from."""
    return _render(pairs, _initialize(pairs))


def closed_form_optimized(pairs: Pairs, network: AdjustmentNet | None) -> Adjusted:
    """The closed form and gradient descent; no network."""
    return _render(pairs, _initialize(pairs).optimize(OPTIMIZER_STEPS))


def network_alone(pairs: Pairs, network: AdjustmentNet | None) -> Adjusted:
    """The closed form and the network's steps."""
    return _render(pairs, _network_steps(pairs, network))


def network_optimized(pairs: Pairs, network: AdjustmentNet | None) -> Adjusted:
    """The network and gradient descent: what ``adjust`` does by itself."""
    return _render(pairs, _network_steps(pairs, network).optimize(OPTIMIZER_STEPS))


METHODS: dict[str, Method] = {
    "untouched": untouched,
    "color transfer": color_transfer,
    "palette": palette_alone,
    "closed form": closed_form,
    "closed form, optimized": closed_form_optimized,
    "network": network_alone,
    "network, optimized": network_optimized,
}
NEEDS_NETWORK = frozenset({"network", "network, optimized"})


def _palettes(pairs: Pairs) -> Tensor:
    return pairs.requested[:, ATTRIBUTES["palette"].columns].reshape(-1, MAX_PALETTE_COLORS, 4)


def _initialize(pairs: Pairs) -> AdjustmentState:
    return AdjustmentState.initialize(pairs.drafts, pairs.requested, pairs.mask)


def _network_steps(pairs: Pairs, network: AdjustmentNet | None) -> AdjustmentState:
    assert network is not None
    state = _initialize(pairs)
    for _ in range(NETWORK_STEPS):
        state = state.network_step(network)
    return state


@torch.no_grad()
def _render(pairs: Pairs, state: AdjustmentState) -> Adjusted:
    rendering = render(state.lab, state.params)
    return Adjusted(rendering.picture, warp_picture(pairs.drafts, rendering.displacement))
