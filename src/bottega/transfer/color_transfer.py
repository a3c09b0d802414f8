"""Colour: keep the content's, or give one picture the colours of another.

All of it happens in OKLab, where lightness and chroma can be changed without shifting hues. What leaves the
range of sRGB is brought back along its own hue: towards grey of the same lightness, never by cutting off
channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.layers import oklab_to_rgb, rgb_to_oklab

Method = Literal["coral", "histogram"]

# Rows of larger pictures are worked in bands of this many pixels, so that memory stays flat.
BAND = 2**20
# Halvings in the search for the largest chroma inside sRGB; the error is below an 8-bit step.
HALVINGS = 10
# An axis on which colours deviate less than this (1 % of the way from black to white) is stretched as if they
# did so much: the colour noise of a charcoal drawing must not become a palette.
LEAST_SPREAD = 1e-2
# Rounds of the histogram method, levels of its histograms, and pixels that they are taken from.
ROUNDS, LEVELS, SAMPLES = 8, 1024, 2**18


def luminance_transfer(result: Tensor, content: Tensor, mask: Tensor | None = None) -> Tensor:
    """The lightness of ``result`` with the hue and chroma of ``content`` (Gatys et al. 2017, section 4.2).

    The paper works in YIQ; OKLab keeps hues where lightness changes. Colours too vivid for their new
    lightness become paler.

    Args:
        result, content: ``(1, 3, H, W)``, sRGB in [0, 1].
        mask: ``(1, 1, H, W)`` in [0, 1], where to do so and how far; none is everywhere.

    Raises:
        PictureError: the sizes differ.
    """
    for name, other in (("content", content), ("mask", mask)):
        if other is not None and other.shape[-2:] != result.shape[-2:]:
            raise PictureError(
                f"The {name} is {other.shape[-1]} × {other.shape[-2]} pixels, the result "
                f"{result.shape[-1]} × {result.shape[-2]}; they must be equal."
            )
    made = torch.empty_like(result)
    for band in _bands(result):
        ours, theirs = (rgb_to_oklab(p[..., band, :]) for p in (result, content))
        chroma = theirs[:, 1:]
        if mask is not None:
            chroma = torch.lerp(ours[:, 1:], chroma, mask[..., band, :].to(chroma))
        made[..., band, :] = _into_srgb(torch.cat([ours[:, :1], chroma], 1))
    return made


def match_color(
    style: Tensor,
    content: Tensor,
    method: Method = "coral",
    *,
    style_mask: Tensor | None = None,
    content_mask: Tensor | None = None,
) -> Tensor:
    """The style picture in the colours of the content, to be used as style in its place.

    Gatys et al. (2017), "Preserving Color in Neural Artistic Style Transfer", section 4.1. See
    :func:`color_transfer`.
    """
    return color_transfer(style, content, method, mask=style_mask, reference_mask=content_mask)


def color_transfer(
    picture: Tensor,
    reference: Tensor,
    method: Method = "coral",
    *,
    mask: Tensor | None = None,
    reference_mask: Tensor | None = None,
) -> Tensor:
    """``picture`` with the distribution of colours of ``reference``.

    Args:
        picture: ``(1, 3, H, W)``, sRGB in [0, 1]; all of it is recoloured.
        reference: ``(1, 3, h, w)``.
        method: ``"coral"`` matches mean and covariance by the linear map that moves colours least
            (Monge–Kantorovich; Pitié and Kokaram 2007), though it makes no palette out of noise.
            ``"histogram"`` goes on from there to match the whole distribution: histograms along the axes of
            turned colour spaces, several rounds (Pitié, Kokaram and Dahyot 2007). It follows the reference
            closer and may bring out grain.
        mask: ``(1, 1, H, W)``, which pixels the picture's own distribution is taken from.
        reference_mask: ``(1, 1, h, w)``, likewise for the reference.

    Returns:
        ``(1, 3, H, W)`` in [0, 1].

    Raises:
        PictureError: a mask has another size than its picture, or is empty.
        SettingsError: an unknown method.
    """
    if method not in ("coral", "histogram"):
        raise SettingsError(f'Colours are matched by "coral" or "histogram", not by "{method}".')
    mean, covariance = _gaussian(picture, mask)
    goal_mean, goal_covariance = _gaussian(reference, reference_mask)
    linear = _transport(covariance, goal_covariance)

    def moved(lab: Tensor) -> Tensor:
        return (lab - mean.to(lab)) @ linear.to(lab).T + goal_mean.to(lab)

    rounds: list[_Round] = []
    if method == "histogram":
        colors, weights = _samples(picture, mask)
        rounds = _histogram_rounds(moved(colors), weights, *_samples(reference, reference_mask))
    made = torch.empty_like(picture)
    for band in _bands(picture):
        piece = picture[..., band, :]
        colors = moved(_colors(piece))
        for each in rounds:
            colors = each(colors)
        made[..., band, :] = _into_srgb(colors.T.reshape(piece.shape))
    return made


def _bands(picture: Tensor) -> Iterator[slice]:
    """Rows to work at a time."""
    height, width = picture.shape[-2:]
    rows = max(1, BAND // width)
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))


def _colors(picture: Tensor) -> Tensor:
    """All pixels in OKLab, ``(pixels, 3)``."""
    return rgb_to_oklab(picture)[0].flatten(1).T


def _checked(picture: Tensor, mask: Tensor | None) -> Tensor | None:
    """The mask, found to fit its picture and to be of use."""
    if mask is None:
        return None
    if mask.shape[-2:] != picture.shape[-2:]:
        raise PictureError(
            f"The mask is {mask.shape[-1]} × {mask.shape[-2]} pixels, its picture "
            f"{picture.shape[-1]} × {picture.shape[-2]}; they must be equal."
        )
    if float(mask.sum()) <= 0:
        raise PictureError("The mask is empty: there are no colours to match.")
    return mask


def _gaussian(picture: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mean ``(3,)`` and covariance ``(3, 3)`` of the colours in OKLab, in float64 on the processor."""
    mask = _checked(picture, mask)
    total, first, second = torch.zeros(()), torch.zeros(3), torch.zeros(3, 3)
    for band in _bands(picture):
        colors = _colors(picture[..., band, :]).double()
        weights = colors.new_ones(len(colors)) if mask is None else mask[..., band, :].to(colors).flatten()
        total = total + weights.sum().cpu()
        first = first + (weights @ colors).cpu()
        second = second + ((colors * weights.unsqueeze(1)).T @ colors).cpu()
    mean = first / total
    return mean, second / total - mean.outer(mean)


def _samples(picture: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Evenly spread pixels in OKLab, ``(pixels, 3)``, and the weight of each."""
    mask = _checked(picture, mask)
    count = picture.shape[-2] * picture.shape[-1]
    some = (torch.arange(min(count, SAMPLES)) * count // min(count, SAMPLES)).to(picture.device)
    colors = _colors(picture.flatten(2)[:, :, None, some])
    weights = colors.new_ones(len(some)) if mask is None else mask.to(colors).flatten()[some]
    return colors, weights


def _transport(covariance: Tensor, goal: Tensor) -> Tensor:
    """The symmetric matrix A with A covariance A = goal: C^-½ (C^½ G C^½)^½ C^-½."""
    values, vectors = torch.linalg.eigh(covariance)
    spread = values.clamp_min(LEAST_SPREAD**2).sqrt()
    root, inverse = (vectors * spread) @ vectors.T, (vectors / spread) @ vectors.T
    values, vectors = torch.linalg.eigh(root @ goal @ root)
    return inverse @ (vectors * values.clamp_min(0).sqrt()) @ vectors.T @ inverse


@dataclass(frozen=True)
class _Round:
    """One matching of the histograms along the three axes of a turned colour space."""

    axes: Tensor
    quantiles: list[tuple[Tensor, Tensor]]

    def __call__(self, colors: Tensor) -> Tensor:
        turned = colors @ self.axes.T
        matched = [
            _mapped(turned[:, axis].contiguous(), ours, theirs)
            for axis, (ours, theirs) in enumerate(self.quantiles)
        ]
        return torch.stack(matched, 1) @ self.axes


def _histogram_rounds(colors: Tensor, weights: Tensor, goal: Tensor, goal_weights: Tensor) -> list[_Round]:
    """What carries ``colors (pixels, 3)`` to the distribution of ``goal``, round by round."""
    generator = torch.Generator().manual_seed(0)
    turn = torch.eye(3, dtype=torch.float64)
    rounds = []
    for _ in range(ROUNDS):
        axes = turn.to(colors)
        turned, goal_turned = colors @ axes.T, goal @ axes.T
        quantiles = [
            (_quantiles(turned[:, axis], weights), _quantiles(goal_turned[:, axis], goal_weights))
            for axis in range(3)
        ]
        rounds.append(_Round(axes, quantiles))
        colors = rounds[-1](colors)
        turn = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))[0]
    return rounds


def _quantiles(values: Tensor, weights: Tensor) -> Tensor:
    """Values below which (j + ½) / LEVELS of the weight lies."""
    values, order = values.sort()
    ranks = weights[order].cumsum(0)
    levels = (torch.arange(LEVELS, device=values.device, dtype=ranks.dtype) + 0.5) / LEVELS
    return values[torch.searchsorted(ranks / ranks[-1], levels).clamp_max(len(values) - 1)]


def _mapped(values: Tensor, ours: Tensor, theirs: Tensor) -> Tensor:
    """Carry values from one quantile function to the other; beyond the ends they are shifted with them."""
    above = torch.searchsorted(ours, values).clamp(1, LEVELS - 1)
    low, high = ours[above - 1], ours[above]
    share = ((values - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
    mapped = torch.lerp(theirs[above - 1], theirs[above], share)
    return mapped + (values - ours[-1]).clamp_min(0) + (values - ours[0]).clamp_max(0)


def _into_srgb(lab: Tensor) -> Tensor:
    """OKLab to sRGB in [0, 1], with chroma reduced where a colour would not fit."""
    lab = torch.cat([lab[:, :1].clamp(0, 1), lab[:, 1:]], 1)
    rgb = oklab_to_rgb(lab)
    outside = ((rgb < -1e-4) | (rgb > 1 + 1e-4)).any(1)[0]
    if bool(outside.any()):
        rgb[0, :, outside] = _paler(lab[0, :, outside])
    return rgb.clamp(0, 1)


def _paler(colors: Tensor) -> Tensor:
    """The most vivid colours of the same lightness and hue inside sRGB, of OKLab ``(3, pixels)``."""
    lab = colors.reshape(1, 3, 1, -1)
    inside, beyond = torch.zeros_like(lab[:, :1]), torch.ones_like(lab[:, :1])
    for _ in range(HALVINGS):
        middle = (inside + beyond) / 2
        rgb = oklab_to_rgb(torch.cat([lab[:, :1], lab[:, 1:] * middle], 1))
        fits = ((rgb >= 0) & (rgb <= 1)).all(1, keepdim=True)
        inside, beyond = torch.where(fits, middle, inside), torch.where(fits, beyond, middle)
    return oklab_to_rgb(torch.cat([lab[:, :1], lab[:, 1:] * inside], 1))[0, :, 0]
