"""Adjusting a picture to a condition: closed form, steps of the network, optimization, rendering."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.personalize.adjust.closed_form import apply_requested_palettes, closed_form
from bottega.personalize.adjust.network import AdjustmentNet
from bottega.personalize.adjust.optimize import optimize
from bottega.personalize.adjust.parameters import AdjustmentParams, AdjustmentTarget, make_target
from bottega.personalize.adjust.render import render
from bottega.personalize.analysis.analyze import analyze
from bottega.personalize.analysis.pixels import check_pictures, resize_for_analysis
from bottega.personalize.analysis.style import stylize_with_condition
from bottega.personalize.condition import ATTRIBUTES, Condition

NETWORK_STEPS = 3
OPTIMIZER_STEPS = 24
SKIN_STRENGTH = 0.3
"""A palette without the hues of skin makes faces look ill; a little of it keeps them in the picture."""


@torch.no_grad()
def adjust(
    picture: Tensor,
    condition: Condition,
    mask: Tensor | None = None,
    strength: float = 1.0,
    *,
    network: AdjustmentNet | None = None,
    optimizer_steps: int = OPTIMIZER_STEPS,
    skin_strength: float = SKIN_STRENGTH,
) -> Tensor:
    """Bring a picture to a condition and keep what it shows.

    Colors move in closed form; then the network corrects the parameters by what is measured of the result,
    and gradient descent does the rest. All of that looks at a small picture; the full one is rendered once.

    Args:
        picture: ``(1, 3, H, W)``, sRGB in [0, 1].
        condition: the target. Styles are applied first (:mod:`~..analysis.style`).
        mask: ``(1, 1, H, W)`` in [0, 1]: nothing changes outside, and color and texture are measured inside.
        strength: how far to go, in [0, 1]; 0 returns the picture as it is.
        network: of :func:`~.network.load_adjustment_net`; None skips its steps.
        optimizer_steps: each takes about as long as six analyses; 0 skips them.
        skin_strength: of a palette on what is probably skin, relative to the rest, in [0, 1].

    Returns:
        ``(1, 3, H, W)`` in [0, 1].

    Raises:
        SettingsError: a number is out of its range, or a style is unknown.
        PictureError: several pictures, or a mask that does not fit.

    >>> adjust(picture, Condition(lightness=0.4), network=load_adjustment_net())
    """
    check_pictures(picture, mask)
    if len(picture) != 1:
        raise PictureError(f"Expected one picture (1, 3, H, W), not {len(picture)}.")
    for name, value in (("strength", strength), ("skin_strength", skin_strength)):
        if not 0 <= value <= 1:
            raise SettingsError(f"{name} must be between 0 and 1, not {value}.")
    if optimizer_steps < 0:
        raise SettingsError(f"optimizer_steps must be 0 or more, not {optimizer_steps}.")
    if strength == 0:
        return picture
    if condition.styles or condition.embedding:
        picture = stylize_with_condition(picture, condition, mask, strength)
    if not condition.attribute_names:
        return picture
    values, requested = (vector[None].to(picture.device) for vector in condition.to_vector())
    small = resize_for_analysis(picture.float()).clamp(0, 1)
    region = None if mask is None else resize_for_analysis(mask.float())
    state = AdjustmentState.initialize(small, values, requested, region, strength, skin_strength)
    if network is not None:
        for _ in range(NETWORK_STEPS):
            state = state.network_step(network)
    if optimizer_steps:
        state = state.optimize(optimizer_steps)
    lab = rgb_to_oklab(picture.float())
    recolored = apply_requested_palettes(lab, values, requested, mask, strength, skin_strength)
    return render(recolored, state.params, mask, fill=True).picture.to(picture.dtype)


@dataclass(frozen=True)
class AdjustmentState:
    """Pictures at the size of analysis, and the parameters so far.

    Attributes:
        lab: ``(N, 3, H, W)`` in OKLab, in the requested palette where there is one.
        target: what they should become.
        params: the parameters so far.
        region: ``(N or 1, 1, H, W)``, where something may change.
    """

    lab: Tensor
    target: AdjustmentTarget
    params: AdjustmentParams
    region: Tensor | None = None

    @classmethod
    @torch.no_grad()
    def initialize(
        cls,
        pictures: Tensor,
        values: Tensor,
        mask: Tensor,
        region: Tensor | None = None,
        strength: float = 1.0,
        skin_strength: float = 1.0,
    ) -> AdjustmentState:
        """The closed form: colors in the requested palette, one curve of tones, the subject moved.

        Args:
            pictures: ``(N, 3, H, W)``, sRGB in [0, 1], at the size of analysis.
            values, mask: ``(N, D)``, what is requested.
            strength: in [0, 1], the share of the way to go.
            skin_strength: of the palette on skin, relative to the rest, in [0, 1].
        """
        original = analyze(pictures, region)
        lab = apply_requested_palettes(rgb_to_oklab(pictures), values, mask, region, strength, skin_strength)
        recolored = analyze(oklab_to_rgb(lab).clamp(0, 1), region)
        if strength < 1:
            values = torch.lerp(original, values, strength)
            columns = ATTRIBUTES["palette"].columns
            values[:, columns] = recolored[:, columns]
        target = make_target(values, mask, original)
        return cls(lab, target, closed_form(lab, target, recolored, region), region)

    @torch.no_grad()
    def render_and_analyze(self) -> tuple[Tensor, Tensor]:
        """The pictures with the parameters so far, in OKLab, and their attributes ``(N, D)``."""
        picture = render(self.lab, self.params, self.region).picture
        return rgb_to_oklab(picture), analyze(picture, self.region)

    def network_step(self, network: AdjustmentNet) -> AdjustmentState:
        """After one correction by the network; gradients flow through the network alone."""
        lab, measured = self.render_and_analyze()
        return replace(self, params=self.params + network(lab, self.target, measured, self.params))

    def optimize(self, steps: int) -> AdjustmentState:
        """After some steps of gradient descent."""
        return replace(self, params=optimize(self.lab, self.params, self.target, steps, self.region))
