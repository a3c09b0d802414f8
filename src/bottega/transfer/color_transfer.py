"""Color transfer between pictures, and keeping the content's colors.

All computations are in OKLab, where lightness and chroma change without shifting hues. Colors outside sRGB
are brought back along their own hue, towards gray of the same lightness, never by clipping channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.layers.moments import MIN_COLOR_STD, check_same_size, monge_kantorovich_matrix

ColorMatchMethod = Literal["coral", "histogram"]

# Larger pictures are processed in bands of rows of this many pixels, so that memory is bounded.
PIXELS_PER_BAND = 2**20
# Bisection steps for the largest chroma inside sRGB; the error is below an 8-bit step.
CHROMA_BISECTIONS = 10
MIN_COLOR_COVERAGE = 0.3
# Values closer than this are one value: a histogram cannot tell them apart.
MAX_TIE_DISTANCE = 1e-6
# Rounds of the histogram method, levels of its histograms, and the number of sampled pixels.
HISTOGRAM_ROUNDS, HISTOGRAM_LEVELS, HISTOGRAM_SAMPLES = 8, 1024, 2**18


def luminance_transfer(result: Tensor, content: Tensor) -> Tensor:
    """The lightness of ``result`` with the hue and chroma of ``content`` (Gatys et al. 2017, section 4.2).

    The paper uses YIQ; OKLab preserves hues where lightness changes. Colors too saturated for their new
    lightness are desaturated.

    Args:
        result: ``(1, 3, H, W)``, sRGB in [0, 1].
        content: likewise.

    Raises:
        PictureError: the sizes differ.
    """
    check_same_size("content", content, "result", result)
    output = torch.empty_like(result)
    for band in _bands(result):
        lab, content_lab = (rgb_to_oklab(p[..., band, :]) for p in (result, content))
        output[..., band, :] = _into_srgb(torch.cat([lab[:, :1], content_lab[:, 1:]], 1))
    return output


def color_transfer(
    picture: Tensor,
    reference: Tensor,
    method: ColorMatchMethod = "coral",
    *,
    mask: Tensor | None = None,
    reference_mask: Tensor | None = None,
) -> Tensor:
    """``picture`` with the color distribution of ``reference``.

    With a style as picture and the content as reference this is color preservation by Gatys et al. (2017),
    "Preserving Color in Neural Artistic Style Transfer", section 4.1.

    Args:
        picture: ``(1, 3, H, W)``, sRGB in [0, 1]; all of it is recolored.
        reference: ``(1, 3, h, w)``.
        method: ``"coral"`` matches mean and covariance by the linear map that moves colors least
            (Monge–Kantorovich; Pitié and Kokaram 2007), without amplifying color noise to a palette.
            ``"histogram"`` then matches the whole distribution: histograms along the axes of randomly rotated
            color spaces, in several rounds (Pitié, Kokaram and Dahyot 2007). It is closer to the reference
            and may amplify grain.
        mask: ``(1, 1, H, W)``, the pixels that define the picture's own distribution.
        reference_mask: ``(1, 1, h, w)``, likewise for the reference.

    Returns:
        ``(1, 3, H, W)`` in [0, 1].

    Raises:
        PictureError: a mask has another size than its picture, or is empty.
        SettingsError: the method is unknown.
    """
    if method not in ("coral", "histogram"):
        raise SettingsError(f'The color method must be "coral" or "histogram", not "{method}".')
    _check_mask(picture, mask)
    _check_mask(reference, reference_mask)
    mean, covariance = _gaussian(picture, mask)
    target_mean, target_covariance = _gaussian(reference, reference_mask)
    linear = monge_kantorovich_matrix(covariance, target_covariance, MIN_COLOR_STD**2)

    def transfer(lab: Tensor) -> Tensor:
        return (lab - mean.to(lab)) @ linear.to(lab).T + target_mean.to(lab)

    rounds: list[_HistogramRound] = []
    if method == "histogram":
        colors, weights = _sample_pixels(picture, mask)
        rounds = _histogram_rounds(transfer(colors), weights, *_sample_pixels(reference, reference_mask))
    output = torch.empty_like(picture)
    for band in _bands(picture):
        rows = picture[..., band, :]
        colors = transfer(_oklab_pixels(rows))
        for histogram_round in rounds:
            colors = histogram_round(colors)
        output[..., band, :] = _into_srgb(colors.T.reshape(rows.shape))
    return output


def recolor_style(
    style: Tensor,
    content: Tensor,
    method: ColorMatchMethod = "coral",
    *,
    mask: Tensor | None = None,
    reference_mask: Tensor | None = None,
) -> Tensor | None:
    """The style in the content's colors, or None if its own are too few to take them on.

    Colors on a line, such as a charcoal drawing's, become colors on another line, and a nearly blank sheet
    becomes a blank one: with less than :data:`MIN_COLOR_COVERAGE` of the content's variance, in lightness or
    in chroma, the result would be gray.

    Args:
        style: ``(1, 3, H, W)``; the others as for :func:`color_transfer`.
    """
    recolored = color_transfer(style, content, mask=mask, reference_mask=reference_mask)
    covariance, target = _gaussian(recolored, mask)[1], _gaussian(content, reference_mask)[1]
    for axes in (slice(0, 1), slice(1, 3)):
        variance, needed = (matrix.diagonal()[axes].sum() for matrix in (covariance, target))
        if float(needed) > MIN_COLOR_STD**2 and float(variance) < MIN_COLOR_COVERAGE * float(needed):
            return None
    if method == "coral":
        return recolored
    return color_transfer(style, content, method, mask=mask, reference_mask=reference_mask)


def _bands(picture: Tensor) -> Iterator[slice]:
    """Rows to process at a time."""
    height, width = picture.shape[-2:]
    rows = max(1, PIXELS_PER_BAND // width)
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))


def _oklab_pixels(picture: Tensor) -> Tensor:
    """All pixels in OKLab, ``(pixels, 3)``."""
    return rgb_to_oklab(picture)[0].flatten(1).T


def _check_mask(picture: Tensor, mask: Tensor | None) -> None:
    """Raise PictureError unless the mask fits its picture and is not empty."""
    if mask is None:
        return
    check_same_size("mask", mask, "picture", picture)
    if float(mask.sum()) <= 0:
        raise PictureError("The mask is empty.")


def _gaussian(picture: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mean ``(3,)`` and covariance ``(3, 3)`` of the colors in OKLab, in float64 on the processor."""
    total, first, second = torch.zeros(()), torch.zeros(3), torch.zeros(3, 3)
    for band in _bands(picture):
        colors = _oklab_pixels(picture[..., band, :]).double()
        weights = colors.new_ones(len(colors)) if mask is None else mask[..., band, :].to(colors).flatten()
        total = total + weights.sum().cpu()
        first = first + (weights @ colors).cpu()
        second = second + ((colors * weights.unsqueeze(1)).T @ colors).cpu()
    mean = first / total
    return mean, second / total - mean.outer(mean)


def _sample_pixels(picture: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Evenly spread pixels in OKLab, ``(pixels, 3)``, and the weight of each."""
    count = picture.shape[-2] * picture.shape[-1]
    samples = min(count, HISTOGRAM_SAMPLES)
    indices = (torch.arange(samples) * count // samples).to(picture.device)
    colors = _oklab_pixels(picture.flatten(2)[:, :, None, indices])
    weights = colors.new_ones(samples) if mask is None else mask.to(colors).flatten()[indices]
    return colors, weights


@dataclass(frozen=True)
class _HistogramRound:
    """One matching of the histograms along the three axes of a rotated color space."""

    axes: Tensor
    quantiles: list[tuple[Tensor, Tensor]]

    def __call__(self, colors: Tensor) -> Tensor:
        rotated = colors @ self.axes.T
        matched = [
            _map_quantiles(rotated[:, axis].contiguous(), source, target)
            for axis, (source, target) in enumerate(self.quantiles)
        ]
        return torch.stack(matched, 1) @ self.axes


def _histogram_rounds(
    colors: Tensor, weights: Tensor, target: Tensor, target_weights: Tensor
) -> list[_HistogramRound]:
    """The rounds that map ``colors (pixels, 3)`` to the distribution of ``target``."""
    generator = torch.Generator().manual_seed(0)
    rotation = torch.eye(3, dtype=torch.float64)
    rounds = []
    for _ in range(HISTOGRAM_ROUNDS):
        axes = rotation.to(colors)
        rotated, target_rotated = colors @ axes.T, target @ axes.T
        quantiles = [
            _merge_ties(
                _quantiles(rotated[:, axis], weights), _quantiles(target_rotated[:, axis], target_weights)
            )
            for axis in range(3)
        ]
        rounds.append(_HistogramRound(axes, quantiles))
        colors = rounds[-1](colors)
        rotation = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))[0]
    return rounds


def _quantiles(values: Tensor, weights: Tensor) -> Tensor:
    """Values below which (j + ½) / HISTOGRAM_LEVELS of the weight lies."""
    values, order = values.sort()
    ranks = weights[order].cumsum(0)
    levels = torch.arange(HISTOGRAM_LEVELS, device=values.device, dtype=ranks.dtype) + 0.5
    return values[torch.searchsorted(ranks / ranks[-1], levels / HISTOGRAM_LEVELS).clamp_max(len(values) - 1)]


def _merge_ties(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Quantiles with one level for each value of ``source``: it takes the mean of its share of ``target``."""
    is_new = torch.ones_like(source, dtype=torch.bool)
    is_new[1:] = source.diff() > MAX_TIE_DISTANCE
    if bool(is_new.all()):
        return source, target
    groups = is_new.cumsum(0) - 1
    counts = groups.bincount()
    sums = target.new_zeros(len(counts)).index_add_(0, groups, target)
    return source[is_new], sums / counts


def _map_quantiles(values: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """Map values from one quantile function to the other; values beyond the ends are shifted with them."""
    if len(source) == 1:
        return values - source + target
    above = torch.searchsorted(source, values).clamp(1, len(source) - 1)
    low, high = source[above - 1], source[above]
    share = ((values - low) / (high - low).clamp_min(MAX_TIE_DISTANCE)).clamp(0, 1)
    mapped = torch.lerp(target[above - 1], target[above], share)
    return mapped + (values - source[-1]).clamp_min(0) + (values - source[0]).clamp_max(0)


def _into_srgb(lab: Tensor) -> Tensor:
    """OKLab to sRGB in [0, 1], with chroma reduced where a color would be outside."""
    lab = torch.cat([lab[:, :1].clamp(0, 1), lab[:, 1:]], 1)
    rgb = oklab_to_rgb(lab)
    outside = ((rgb < -1e-4) | (rgb > 1 + 1e-4)).any(1)[0]
    if bool(outside.any()):
        rgb[0, :, outside] = _reduce_chroma(lab[0, :, outside])
    return rgb.clamp(0, 1)


def _reduce_chroma(colors: Tensor) -> Tensor:
    """The most saturated colors of the same lightness and hue inside sRGB, of OKLab ``(3, pixels)``."""
    lab = colors.reshape(1, 3, 1, -1)
    inside, outside = torch.zeros_like(lab[:, :1]), torch.ones_like(lab[:, :1])
    for _ in range(CHROMA_BISECTIONS):
        middle = (inside + outside) / 2
        rgb = oklab_to_rgb(torch.cat([lab[:, :1], lab[:, 1:] * middle], 1))
        fits = ((rgb >= 0) & (rgb <= 1)).all(1, keepdim=True)
        inside, outside = torch.where(fits, middle, inside), torch.where(fits, outside, middle)
    return oklab_to_rgb(torch.cat([lab[:, :1], lab[:, 1:] * inside], 1))[0, :, 0]
