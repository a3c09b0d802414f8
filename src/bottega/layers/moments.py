"""Mean and deviation of every channel: sums that add up over tiles, and features moved to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from bottega.errors import PictureError, SettingsError

VARIANCE_FLOOR = 1e-5
"""Added to every variance, so that a flat channel divides by no zero."""


@dataclass(frozen=True)
class ChannelMoments:
    """Sums over positions; pieces of one picture add up, and styles mix in proportion (see :func:`mixed`).

    Attributes:
        mass: ``(N, 1)``, the sum of the positions' weights.
        first: ``(N, C)``, weighted sum of the features.
        second: ``(N, C)``, weighted sum of their squares.
    """

    mass: Tensor
    first: Tensor
    second: Tensor

    def __add__(self, other: ChannelMoments) -> ChannelMoments:
        return ChannelMoments(self.mass + other.mass, self.first + other.first, self.second + other.second)

    def double(self) -> ChannelMoments:
        """In float64, in which many tiles add up without loss."""
        return ChannelMoments(self.mass.double(), self.first.double(), self.second.double())

    def float(self) -> ChannelMoments:
        """Per unit of mass and in float32; means and deviations stay what they are."""
        mass = self.mass.clamp_min(torch.finfo(torch.float32).tiny)
        first, second = (self.first / mass).float(), (self.second / mass).float()
        return ChannelMoments(torch.ones_like(first[:, :1]), first, second)

    @property
    def mean(self) -> Tensor:
        """``(N, C)``."""
        return self.first / self.mass

    @property
    def deviation(self) -> Tensor:
        """``(N, C)``, of the population; never below the root of :data:`VARIANCE_FLOOR`."""
        variance = self.second / self.mass - self.mean.square()
        return (variance.clamp_min(0) + VARIANCE_FLOOR).sqrt()


def channel_moments(features: Tensor, mask: Tensor | None = None) -> ChannelMoments:
    """Sums over the positions of ``features (N, C, h, w)``, in float32 (float64 for float64).

    Args:
        mask: ``(N or 1, 1, h, w)``, the positions' weights; none weighs all by one.

    Raises:
        PictureError: the mask has another size than the features.
    """
    wide = features if features.dtype == torch.float64 else features.float()
    if mask is None:
        count = float(features.shape[-2] * features.shape[-1])
        mass = wide.new_full((len(wide), 1), count)
        return ChannelMoments(mass, wide.sum((2, 3)), wide.square().sum((2, 3)))
    if mask.shape[-2:] != features.shape[-2:] or mask.shape[1] != 1:
        raise PictureError(
            f"A mask for features of {features.shape[-1]} × {features.shape[-2]} must have the shape "
            f"(1, 1, {features.shape[-2]}, {features.shape[-1]}), not {tuple(mask.shape)}."
        )
    weights = mask.to(wide).expand(len(wide), -1, -1, -1)
    weighted = wide * weights
    return ChannelMoments(weights.sum((2, 3)), weighted.sum((2, 3)), (weighted * wide).sum((2, 3)))


def mixed(moments: Sequence[ChannelMoments], shares: Sequence[float]) -> ChannelMoments:
    """Several styles as one: means and second moments mix, and the deviations follow.

    Args:
        shares: one for each, adding up to one (:func:`mixing_shares`).
    """
    parts = [share * _unit(each) for share, each in zip(shares, moments, strict=True)]
    first, second = torch.stack(parts).sum(0)
    return ChannelMoments(torch.ones_like(first[:, :1]), first, second)


def mixing_shares(count: int, weights: Sequence[float] | None) -> list[float]:
    """``weights`` scaled to the sum one; none weighs all alike.

    Raises:
        SettingsError: not one weight per style, a negative one, or none above zero.
    """
    given = [1.0] * count if weights is None else [float(weight) for weight in weights]
    total = sum(given)
    if len(given) != count or count == 0:
        raise SettingsError(f"{count} styles need {count} weights (at least one), not {len(given)}.")
    if not min(given) >= 0 or not 0 < total < float("inf"):
        raise SettingsError(f"Style weights must be zero or more, and not all zero: {given}.")
    return [weight / total for weight in given]


def renormalise(features: Tensor, own: ChannelMoments, goal: ChannelMoments) -> Tensor:
    """Features with the means and deviations of ``goal`` in place of their own.

    Adaptive instance normalisation (Huang and Belongie 2017, equation 8).
    """
    gain = goal.deviation / own.deviation
    shift = goal.mean - gain * own.mean
    return features * gain[:, :, None, None].to(features) + shift[:, :, None, None].to(features)


def _unit(moments: ChannelMoments) -> Tensor:
    return torch.stack([moments.first / moments.mass, moments.second / moments.mass])


LEAST_SPREAD = 1e-2
"""Added (squared) to every variance of colours: the colour noise of a drawing must not become a palette."""

RUN = 2**12
"""Pixels whose products are summed at a time."""


@dataclass(frozen=True)
class ColorMoments:
    """Sums over pixels; pieces of one picture add up.

    Attributes:
        mass: ``(N, 1)``; first: ``(N, 3)``; second: ``(N, 3, 3)``, of the outer products.
    """

    mass: Tensor
    first: Tensor
    second: Tensor

    def __add__(self, other: ColorMoments) -> ColorMoments:
        return ColorMoments(self.mass + other.mass, self.first + other.first, self.second + other.second)

    def double(self) -> ColorMoments:
        """In float64."""
        return ColorMoments(self.mass.double(), self.first.double(), self.second.double())

    @property
    def mean(self) -> Tensor:
        """``(N, 3)``."""
        return self.first / self.mass

    @property
    def covariance(self) -> Tensor:
        """``(N, 3, 3)``."""
        return self.second / self.mass[:, :, None] - self.mean[:, :, None] * self.mean[:, None]


def color_moments(pictures: Tensor, mask: Tensor | None = None) -> ColorMoments:
    """Sums over ``pictures (N, 3, H, W)``, weighted by ``mask (N or 1, 1, H, W)``; in float32 or wider."""
    wide = pictures if pictures.dtype == torch.float64 else pictures.float()
    colors = wide.flatten(2)
    if mask is None:
        mass = colors.new_full((len(colors), 1), float(colors.shape[2]))
        return ColorMoments(mass, colors.sum(2), _products(colors, colors))
    weights = mask.to(colors).expand(len(colors), -1, -1, -1).flatten(2)
    weighted = colors * weights
    return ColorMoments(weights.sum(2), weighted.sum(2), _products(weighted, colors))


def _products(weighted: Tensor, colors: Tensor) -> Tensor:
    """``weighted @ colors.mT`` of ``(N, 3, pixels)`` in runs: one long sum in float32 loses three digits."""
    whole = colors.shape[2] // RUN * RUN
    left, right = (
        each[..., :whole].reshape(len(colors), 3, -1, RUN).transpose(1, 2) for each in (weighted, colors)
    )
    return (left @ right.mT).sum(1) + weighted[..., whole:] @ colors[..., whole:].mT


def mixed_colors(moments: Sequence[ColorMoments], shares: Sequence[float]) -> ColorMoments:
    """Several palettes as one, as distributions mix; ``shares`` add up to one."""
    first = torch.stack([s * m.first / m.mass for s, m in zip(shares, moments, strict=True)]).sum(0)
    second = torch.stack([s * m.second / m.mass[:, :, None] for s, m in zip(shares, moments, strict=True)])
    return ColorMoments(torch.ones_like(first[:, :1]), first, second.sum(0))


def color_transport(own: ColorMoments, goal: ColorMoments, strength: Tensor | float = 1.0) -> Tensor:
    """The affine map ``(N, 3, 4)`` that moves colours least while mean and covariance become the goal's.

    Monge-Kantorovich (Pitié and Kokaram 2007). The optimisation tool's transfer works in OKLab and brings
    colours back into sRGB with care; this one maps sRGB itself, which costs nine multiplications a pixel.
    Both covariances are widened alike by :data:`LEAST_SPREAD`, so that equal ones give the identity.

    Args:
        strength: in [0, 1], a number or ``(N, 1)``: how far along the way (the interpolation of optimal
            transport); 0 is exactly the identity.
    """
    dtype, device = own.first.dtype, own.first.device
    eye = torch.eye(3, dtype=torch.float64)
    spread = LEAST_SPREAD**2 * eye
    source, target = (m.covariance.double().cpu() + spread for m in (own, goal))
    values, vectors = torch.linalg.eigh(source)
    roots = values.clamp_min(LEAST_SPREAD**2 / 2).sqrt()
    root = (vectors * roots[:, None]) @ vectors.mT
    inverse = (vectors / roots[:, None]) @ vectors.mT
    values, vectors = torch.linalg.eigh(root @ target @ root)
    middle = (vectors * values.clamp_min(0).sqrt()[:, None]) @ vectors.mT
    linear = inverse @ middle @ inverse
    mean, goal_mean = own.mean.double().cpu(), goal.mean.double().cpu()
    offset = goal_mean - (linear @ mean[:, :, None])[:, :, 0]
    share = torch.as_tensor(strength, dtype=torch.float64).reshape(-1, 1, 1).cpu()
    affine = torch.cat([eye + share * (linear - eye), share * offset[:, :, None]], 2)
    return affine.to(device, torch.float64 if dtype == torch.float64 else torch.float32)


def recolor(pictures: Tensor, affine: Tensor) -> Tensor:
    """Apply ``affine (N, 3, 4)`` to ``pictures (N, 3, H, W)``; colours beyond [0, 1] are cut off."""
    matrix = affine.to(pictures)
    moved = torch.baddbmm(matrix[:, :, 3:], matrix[:, :, :3], pictures.flatten(2))
    return moved.clamp(0, 1).view_as(pictures)


def reduce_mask(mask: Tensor, stride: int) -> Tensor:
    """``(N, 1, H, W)`` to ``(N, 1, ceil(H / stride), ceil(W / stride))``: means over each position's pixels.

    As the pooling of encoders does, an incomplete last row or column is averaged over what there is of it.
    """
    return avg_pool2d(mask, stride, ceil_mode=True) if stride > 1 else mask
