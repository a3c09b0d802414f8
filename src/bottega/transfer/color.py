"""Colour: keep the content's, or give one picture the colours of another.

All of it happens in OKLab, where lightness and chroma can be changed without shifting hues. What leaves the
range of sRGB is brought back along its own hue: towards grey of the same lightness, never by cutting off
channels.
"""

from __future__ import annotations

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


def luminance_only(result: Tensor, content: Tensor, mask: Tensor | None = None) -> Tensor:
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
    rows = max(1, BAND // result.shape[-1])
    bands = []
    for top in range(0, result.shape[-2], rows):
        ours, theirs = (rgb_to_oklab(p[..., top : top + rows, :]) for p in (result, content))
        chroma = theirs[:, 1:]
        if mask is not None:
            chroma = torch.lerp(ours[:, 1:], chroma, mask[..., top : top + rows, :].to(chroma))
        bands.append(_into_srgb(torch.cat([ours[:, :1], chroma], 1)))
    return torch.cat(bands, dim=-2)


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
    colors, reference_colors = _colors(picture), _colors(reference)
    weights, reference_weights = _weights(picture, mask), _weights(reference, reference_mask)
    mean, covariance = _gaussian(colors, weights)
    goal_mean, goal_covariance = _gaussian(reference_colors, reference_weights)
    linear = _transport(covariance, goal_covariance).to(colors)
    moved = (colors - mean.to(colors)) @ linear.T + goal_mean.to(colors)
    if method == "histogram":
        moved = _histograms_matched(moved, weights, reference_colors, reference_weights)
    return _into_srgb(moved.T.reshape(picture.shape))


def _colors(picture: Tensor) -> Tensor:
    """All pixels in OKLab, ``(pixels, 3)``."""
    return rgb_to_oklab(picture)[0].flatten(1).T


def _weights(picture: Tensor, mask: Tensor | None) -> Tensor:
    """One weight per pixel; their sum is 1."""
    if mask is None:
        count = picture.shape[-2] * picture.shape[-1]
        return picture.new_full((count,), 1 / count)
    if mask.shape[-2:] != picture.shape[-2:]:
        raise PictureError(
            f"The mask is {mask.shape[-1]} × {mask.shape[-2]} pixels, its picture "
            f"{picture.shape[-1]} × {picture.shape[-2]}; they must be equal."
        )
    weights = mask.to(picture).flatten()
    if float(weights.sum()) <= 0:
        raise PictureError("The mask is empty: there are no colours to match.")
    return weights / weights.sum()


def _gaussian(colors: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Mean ``(3,)`` and covariance ``(3, 3)``, in float64 on the processor."""
    mean = weights @ colors
    centred = colors - mean
    covariance = (centred * weights.unsqueeze(1)).T @ centred
    return mean.cpu().double(), covariance.cpu().double()


def _transport(covariance: Tensor, goal: Tensor) -> Tensor:
    """The symmetric matrix A with A covariance A = goal: C^-½ (C^½ G C^½)^½ C^-½."""
    values, vectors = torch.linalg.eigh(covariance)
    spread = values.clamp_min(LEAST_SPREAD**2).sqrt()
    root, inverse = (vectors * spread) @ vectors.T, (vectors / spread) @ vectors.T
    values, vectors = torch.linalg.eigh(root @ goal @ root)
    return inverse @ (vectors * values.clamp_min(0).sqrt()) @ vectors.T @ inverse


def _histograms_matched(colors: Tensor, weights: Tensor, goal: Tensor, goal_weights: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    some, goal_some = _sampled(len(colors)), _sampled(len(goal))
    goal, goal_weights = goal[goal_some.to(goal.device)], goal_weights[goal_some.to(goal.device)]
    turn = torch.eye(3, dtype=torch.float64)
    for _ in range(ROUNDS):
        axes = turn.to(colors)
        turned, goal_turned = colors @ axes.T, goal @ axes.T
        for axis in range(3):
            ours = _quantiles(turned[some.to(turned.device), axis], weights[some.to(turned.device)])
            theirs = _quantiles(goal_turned[:, axis], goal_weights)
            turned[:, axis] = _mapped(turned[:, axis].contiguous(), ours, theirs)
        colors = turned @ axes
        turn = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))[0]
    return colors


def _sampled(count: int) -> Tensor:
    """Evenly spread indices, at most ``SAMPLES``."""
    return torch.arange(min(count, SAMPLES)) * count // min(count, SAMPLES)


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
