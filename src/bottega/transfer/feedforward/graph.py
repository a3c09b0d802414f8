"""Parts of a pass through a self-modulated trunk: modulation, statistics, inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bottega.layers import ChannelMoments, channel_moments

MASK_STRIDES = (4, 8, 16)  # pixels per position at the modulated layers

MAX_LOG_GAIN = 1.5
"""No channel is scaled by more than 4.5 (or less than 1 / 4.5) at one layer. Over ten layers more would
amplify the noise of a flat wall beyond recognition; trainings diverged at 20."""

GATE_SCALE = 0.15  # relative distance of the statistics at which the gate is three quarters open


@dataclass(frozen=True)
class AffineParams:
    """``gain · x + shift``, each ``(N, C)``, and the squared relative distance ``(N,)`` that it covers."""

    gain: Tensor
    shift: Tensor
    distance: Tensor


class Modulation(nn.Module):
    """Moves features to a style's mean and standard deviation, each channel as far as training learned.

    A channel that carries the content's structure may learn to stay (0), one that carries strokes to
    overshoot (above 1); 1 is adaptive instance normalization. Deviations are interpolated by ratios and means
    by differences, so that equal statistics, and the strength 0, give exactly the identity.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.ones(channels))

    def forward(self, content: ChannelMoments, mean: Tensor, std: Tensor, strength: Tensor) -> AffineParams:
        """From the content's moments to ``mean`` and ``std (N, C)``; ``strength`` is ``(N, 1)``."""
        content_mean, content_std = content.mean, content.std
        log_ratio = (std / content_std).log()
        gain = (strength * self.gain * log_ratio).clamp(-MAX_LOG_GAIN, MAX_LOG_GAIN).exp()
        shift = content_mean * (1 - gain) + strength * self.shift * (mean - content_mean)
        difference = (mean - content_mean).square() + (std - content_std).square()
        size = std.square() + content_std.square()
        distance = (difference / size).clamp_max(1).mean(1) * strength.to(gain).square().view(-1)
        return AffineParams(gain, shift, distance)


def gate(distance: Tensor) -> Tensor:
    """From the mean squared distance over all layers to a factor in [0, 1) for the network's residual.

    Exactly 0 where nothing had to move: an image that is in the style already stays as it is.
    """
    # distance / (√(distance + ε²) + ε) is √distance with a finite slope at zero, where it is exactly zero.
    epsilon = 1e-3
    length = distance / ((distance + epsilon**2).sqrt() + epsilon)
    return torch.tanh(length / GATE_SCALE)


@dataclass(frozen=True)
class GraphSpec:
    """Which inputs a pass takes and where it ends; backends compile one graph for each.

    Attributes:
        affine_layers: how many layers, from the first on, take affine parameters as inputs; the layers after
            them compute theirs from measured statistics.
        stop_layer: ends the pass after measuring this layer; None runs it to the end.
        has_regions: each region has a mask and a target; else one target covers the image.
        is_cropped: statistics count the positions inside ``boxes``; else all.
        is_modulated: False measures the features as they are, for style images.
        is_single_row: the shorter side has one position at the deepest layer, which reflection padding treats
            differently, so that a compiled graph must know.
    """

    affine_layers: int = 0
    stop_layer: int | None = None
    has_regions: bool = False
    is_cropped: bool = False
    is_modulated: bool = True
    is_single_row: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs besides the features; ``K`` is the number of regions, or 1.

        ``boxes (layers, 4)`` int64: top, left, bottom, right. ``mask4``, ``mask8``, ``mask16``: each
        ``(K, h, w)``. Without affine layers the style: ``means``, ``stds (K, channels of all layers)`` and
        ``strength (K, 1)``; else ``gains`` and ``shifts (K, channels of the affine layers)``.
        """
        has_style = self.is_modulated and self.affine_layers == 0 and self.stop_layer != 0
        used = {
            "boxes": self.is_cropped,
            **{f"mask{stride}": self.has_regions for stride in MASK_STRIDES},
            "means": has_style,
            "stds": has_style,
            "strength": has_style,
            "gains": self.affine_layers > 0,
            "shifts": self.affine_layers > 0,
        }
        return tuple(name for name, is_used in used.items() if is_used)


def affine_inputs(affines: Sequence[AffineParams]) -> dict[str, Tensor]:
    """``gains`` and ``shifts`` of affine layers, if any."""
    if not affines:
        return {}
    gains, shifts = zip(*((affine.gain, affine.shift) for affine in affines), strict=True)
    return {"gains": torch.cat(gains, 1), "shifts": torch.cat(shifts, 1)}


@dataclass(frozen=True)
class TrunkResult:
    """What a pass computed.

    Attributes:
        residual: the trunk's output ``(N, C, h, w)``; where the pass stops early, the last features.
        affines: computed ones, layer by layer.
        moments: measured at these layers, ``(N or K, C)`` each.
    """

    residual: Tensor
    affines: list[AffineParams]
    moments: list[ChannelMoments]


class TrunkOps:
    """Statistics and affine maps of features, in plain PyTorch; backends have their own."""

    def moments(self, features: Tensor, mask: Tensor | None) -> ChannelMoments:
        """Of ``features (N, C, h, w)``, or of each region of ``(1, C, h, w)`` with ``mask (K, h, w)``."""
        if mask is None:
            return channel_moments(features)
        moments = channel_moments(features.expand(len(mask), -1, -1, -1), mask[:, None])
        # A mask outside this tile has no mass; alone it would divide by zero.
        return ChannelMoments(moments.mass.clamp_min(1e-12), moments.first, moments.second)

    def apply(self, features: Tensor, gain: Tensor, shift: Tensor, mask: Tensor | None) -> Tensor:
        """``gain · features + shift``, parameters ``(N, C)``, or ``(K, C)`` each inside its mask."""
        gain_planes, shift_planes = (values[:, :, None, None].to(features) for values in (gain, shift))
        if mask is not None:
            weights = mask[:, None].to(features)
            gain_planes, shift_planes = (
                (planes * weights).sum(0, keepdim=True) for planes in (gain_planes, shift_planes)
            )
        return torch.addcmul(shift_planes, features, gain_planes)


@torch.jit.script
def crop_features(features: Tensor, box: Tensor) -> Tensor:
    """Scripted, so that a traced graph takes the box as an input and not as a constant."""
    return features[..., int(box[0]) : int(box[2]), int(box[1]) : int(box[3])]
