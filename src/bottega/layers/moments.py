"""Channel and color moments: sums that add up over tiles, and the closed-form transfers between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from bottega.errors import PictureError, SettingsError

VARIANCE_EPSILON = 1e-5
"""Added to every variance, so that a flat channel does not divide by zero."""

MIN_COLOR_STD = 1e-2
"""Added (squared) to every variance of colors: the color noise of a drawing must not become a palette."""

PIXELS_PER_SUM = 2**12
"""Pixels whose products are summed at a time."""


@dataclass(frozen=True)
class Moments:
    """Sums over positions; tiles of one picture add up.

    Attributes:
        mass: ``(N, 1)``, the sum of the positions' weights.
        first: ``(N, C)``, weighted sum of the values.
        second: weighted sum of their squares or outer products.
    """

    mass: Tensor
    first: Tensor
    second: Tensor

    def __add__(self, other: Self) -> Self:
        return type(self)(self.mass + other.mass, self.first + other.first, self.second + other.second)

    def double(self) -> Self:
        """In float64, in which many tiles add up without loss."""
        return type(self)(self.mass.double(), self.first.double(), self.second.double())

    @property
    def mean(self) -> Tensor:
        """``(N, C)``."""
        return self.first / self.mass


class ChannelMoments(Moments):
    """Moments of feature channels; ``second (N, C)`` sums squares."""

    def float(self) -> ChannelMoments:
        """Per unit of mass and in float32; means and deviations do not change."""
        mass = self.mass.clamp_min(torch.finfo(torch.float32).tiny)
        first, second = (self.first / mass).float(), (self.second / mass).float()
        return ChannelMoments(torch.ones_like(first[:, :1]), first, second)

    @property
    def std(self) -> Tensor:
        """``(N, C)``, of the population; never below the root of :data:`VARIANCE_EPSILON`."""
        variance = self.second / self.mass - self.mean.square()
        return (variance.clamp_min(0) + VARIANCE_EPSILON).sqrt()


class ColorMoments(Moments):
    """Moments of colors; ``second (N, 3, 3)`` sums outer products."""

    @property
    def covariance(self) -> Tensor:
        """``(N, 3, 3)``."""
        return self.second / self.mass[:, :, None] - self.mean[:, :, None] * self.mean[:, None]


def channel_moments(features: Tensor, mask: Tensor | None = None) -> ChannelMoments:
    """Sums over the positions of ``features (N, C, h, w)``, in float32 (float64 for float64).

    Args:
        mask: ``(N or 1, 1, h, w)``, the positions' weights; ``None`` weighs all by one.

    Raises:
        PictureError: the mask has another size than the features.
    """
    wide = upcast(features)
    if mask is None:
        count = float(features.shape[-2] * features.shape[-1])
        mass = wide.new_full((len(wide), 1), count)
        return ChannelMoments(mass, wide.sum((2, 3)), wide.square().sum((2, 3)))
    weights = check_mask(mask, features).to(wide).expand(len(wide), -1, -1, -1)
    weighted = wide * weights
    return ChannelMoments(weights.sum((2, 3)), weighted.sum((2, 3)), (weighted * wide).sum((2, 3)))


def color_moments(pictures: Tensor, mask: Tensor | None = None) -> ColorMoments:
    """Sums over ``pictures (N, 3, H, W)``, weighted by ``mask (N or 1, 1, H, W)``; in float32 or wider."""
    wide = upcast(pictures)
    colors = wide.flatten(2)
    if mask is None:
        mass = colors.new_full((len(colors), 1), float(colors.shape[2]))
        return ColorMoments(mass, colors.sum(2), _outer_products(colors, colors))
    weights = mask.to(colors).expand(len(colors), -1, -1, -1).flatten(2)
    weighted = colors * weights
    return ColorMoments(weights.sum(2), weighted.sum(2), _outer_products(weighted, colors))


def _outer_products(weighted: Tensor, colors: Tensor) -> Tensor:
    """``weighted @ colors.mT`` of ``(N, 3, pixels)``, in chunks: one long float32 sum loses three digits."""
    even = colors.shape[2] // PIXELS_PER_SUM * PIXELS_PER_SUM
    left, right = (
        values[..., :even].reshape(len(colors), 3, -1, PIXELS_PER_SUM).transpose(1, 2)
        for values in (weighted, colors)
    )
    return (left @ right.mT).sum(1) + weighted[..., even:] @ colors[..., even:].mT


def mix_channel_moments(moments: Sequence[ChannelMoments], weights: Sequence[float]) -> ChannelMoments:
    """Several styles as one: means and second moments mix, and the deviations follow.

    Args:
        weights: one for each, summing to one (:func:`normalize_weights`).
    """
    parts = [
        weight * torch.stack([m.first / m.mass, m.second / m.mass])
        for weight, m in zip(weights, moments, strict=True)
    ]
    first, second = torch.stack(parts).sum(0)
    return ChannelMoments(torch.ones_like(first[:, :1]), first, second)


def mix_color_moments(moments: Sequence[ColorMoments], weights: Sequence[float]) -> ColorMoments:
    """Several color distributions as one mixture; ``weights`` sum to one."""
    first = torch.stack([w * m.first / m.mass for w, m in zip(weights, moments, strict=True)]).sum(0)
    second = torch.stack([w * m.second / m.mass[:, :, None] for w, m in zip(weights, moments, strict=True)])
    return ColorMoments(torch.ones_like(first[:, :1]), first, second.sum(0))


def normalize_weights(weights: Sequence[float] | None, count: int) -> list[float]:
    """``count`` weights scaled to the sum one; ``None`` weighs all alike.

    Raises:
        SettingsError: their number is not ``count``, one is negative, or none is above zero.
    """
    values = [1.0] * count if weights is None else [float(weight) for weight in weights]
    total = sum(values)
    if len(values) != count or count == 0:
        raise SettingsError(f"Expected {count} weights (at least one), not {len(values)}.")
    if not min(values) >= 0 or not 0 < total < float("inf"):
        raise SettingsError(f"Weights must be zero or more, and not all zero: {values}.")
    return [weight / total for weight in values]


def adain(features: Tensor, content: ChannelMoments, style: ChannelMoments) -> Tensor:
    """Features of ``content`` moments, given the means and deviations of ``style``.

    Adaptive instance normalization (Huang and Belongie 2017, equation 8).
    """
    gain = style.std / content.std
    shift = style.mean - gain * content.mean
    return features * gain[:, :, None, None].to(features) + shift[:, :, None, None].to(features)


def monge_kantorovich_matrix(source: Tensor, target: Tensor, min_variance: float) -> Tensor:
    """The symmetric matrix A with A source Aᵀ = target: S^-½ (S^½ T S^½)^½ S^-½ (Pitié and Kokaram 2007).

    Args:
        source, target: covariances ``(..., 3, 3)``, float64.
        min_variance: smaller eigenvalues of ``source`` are raised to it.
    """
    values, vectors = torch.linalg.eigh(source)
    std = values.clamp_min(min_variance).sqrt()[..., None, :]
    root, inverse = (vectors * std) @ vectors.mT, (vectors / std) @ vectors.mT
    values, vectors = torch.linalg.eigh(root @ target @ root)
    middle = (vectors * values.clamp_min(0).sqrt()[..., None, :]) @ vectors.mT
    return inverse @ middle @ inverse


def mk_color_transfer(content: ColorMoments, style: ColorMoments, strength: Tensor | float = 1.0) -> Tensor:
    """The affine map ``(N, 3, 4)`` that moves colors least while mean and covariance become the style's.

    Monge-Kantorovich transfer in sRGB, which costs nine multiplications a pixel;
    :func:`bottega.transfer.color_transfer.color_transfer` works in OKLab instead and handles colors that
    leave sRGB. Both covariances are widened by :data:`MIN_COLOR_STD`, so that equal ones give the identity.

    Args:
        strength: in [0, 1], a number or ``(N, 1)``: how far along the interpolation of optimal transport; 0
            is exactly the identity.
    """
    dtype, device = content.first.dtype, content.first.device
    eye = torch.eye(3, dtype=torch.float64)
    source, target = (m.covariance.double().cpu() + MIN_COLOR_STD**2 * eye for m in (content, style))
    linear = monge_kantorovich_matrix(source, target, MIN_COLOR_STD**2 / 2)
    mean, style_mean = content.mean.double().cpu(), style.mean.double().cpu()
    offset = style_mean - (linear @ mean[:, :, None])[:, :, 0]
    amount = torch.as_tensor(strength, dtype=torch.float64).reshape(-1, 1, 1).cpu()
    affine = torch.cat([eye + amount * (linear - eye), amount * offset[:, :, None]], 2)
    return affine.to(device, torch.float64 if dtype == torch.float64 else torch.float32)


def recolor(pictures: Tensor, affine: Tensor) -> Tensor:
    """Apply ``affine (N, 3, 4)`` to ``pictures (N, 3, H, W)``; results are clamped to [0, 1]."""
    matrix = affine.to(pictures)
    colors = torch.baddbmm(matrix[:, :, 3:], matrix[:, :, :3], pictures.flatten(2))
    return colors.clamp(0, 1).view_as(pictures)


def reduce_mask(mask: Tensor, stride: int) -> Tensor:
    """``(N, 1, H, W)`` to ``(N, 1, ceil(H / stride), ceil(W / stride))``: means over each position's pixels.

    As in the pooling of encoders, an incomplete last row or column is averaged over its own pixels only.
    """
    return avg_pool2d(mask, stride, ceil_mode=True) if stride > 1 else mask


def check_mask(mask: Tensor, features: Tensor) -> Tensor:
    """Return ``mask`` if it fits the features.

    Raises:
        PictureError: its height or width is another, or it has more than one channel.
    """
    if mask.ndim != 4 or mask.shape[1] != 1 or mask.shape[-2:] != features.shape[-2:]:
        raise PictureError(
            f"A mask for features of {features.shape[-1]} × {features.shape[-2]} must have the shape "
            f"(1, 1, {features.shape[-2]}, {features.shape[-1]}), not {tuple(mask.shape)}."
        )
    return mask


def check_same_size(name: str, picture: Tensor, other_name: str, other: Tensor) -> None:
    """Raise PictureError unless ``(..., H, W)`` of both are equal; the names are for the message."""
    if picture.shape[-2:] != other.shape[-2:]:
        raise PictureError(
            f"The {name} is {picture.shape[-1]} × {picture.shape[-2]} pixels, the {other_name} "
            f"{other.shape[-1]} × {other.shape[-2]}; they must be equal."
        )


def upcast(tensor: Tensor) -> Tensor:
    """Half and bfloat16 become float32, as sums over a picture need the digits; float64 stays."""
    return tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()
