"""Taking colour away from a comparison, and changing what a photograph looks like but not what it shows."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import gaussian_blur

LUMA = (0.2126, 0.7152, 0.0722)

# What every crop is recoloured to: an ordinary photograph's mean, deviation and correlation of channels.
COMMON_MEAN = 0.45
COMMON_DEVIATION = 0.2
COMMON_CORRELATION = 0.9
# A direction of colour space with less deviation than this holds compression noise, not paint.
LEAST_DEVIATION = 0.01


def as_it_is(picture: Tensor) -> Tensor:
    return picture


def luminance_transfer(picture: Tensor) -> Tensor:
    """The luma in all three channels."""
    weights = torch.tensor(LUMA).view(1, 3, 1, 1)
    return (picture * weights).sum(1, keepdim=True).expand_as(picture).contiguous()


def equal_colours(picture: Tensor) -> Tensor:
    """Recoloured so that mean and covariance of the three channels are the same for every picture.

    Whitened by the inverse root of its own covariance, coloured by the root of the common one (both
    symmetric, which moves colours least), then clamped to [0, 1].
    """
    pixels = picture[0].flatten(1).double()
    centred = pixels - pixels.mean(1, keepdim=True)
    values, vectors = torch.linalg.eigh(centred @ centred.T / centred.shape[1])
    scales = values.clamp_min(LEAST_DEVIATION**2).rsqrt()
    white = vectors @ torch.diag(scales) @ vectors.T @ centred
    correlation = torch.full((3, 3), COMMON_CORRELATION, dtype=torch.float64).fill_diagonal_(1.0)
    values, vectors = torch.linalg.eigh(correlation)
    colour = COMMON_DEVIATION * vectors @ torch.diag(values.sqrt()) @ vectors.T
    return (COMMON_MEAN + colour @ white).clamp(0, 1).view_as(picture).to(picture.dtype)


def colour_change(picture: Tensor, generator: torch.Generator) -> Tensor:
    """Any hue, saturation times 0.3 to 1.7, contrast times 0.5 to 1.5, brightness ± 0.15."""
    hue, saturation, contrast, brightness = (2 * torch.rand(4, generator=generator) - 1).tolist()
    luma = luminance_transfer(picture)
    turned = torch.einsum("ij,njhw->nihw", _turn(hue * math.pi), picture - luma)
    coloured = luma + (1 + 0.7 * saturation) * turned
    mean = luma.mean()
    return ((coloured - mean) * (1 + 0.5 * contrast) + mean + 0.15 * brightness).clamp(0, 1)


def _turn(angle: float) -> Tensor:
    """Rotation of colour space about the grey axis."""
    third, root = 1 / 3, math.sqrt(1 / 3)
    c, s = math.cos(angle), math.sin(angle)
    grey = torch.full((3, 3), third)
    cross = root * torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    return c * torch.eye(3) + (1 - c) * grey + s * cross


def out_of_focus(picture: Tensor, sigma: float = 5.0) -> Tensor:
    """Blurred by a Gaussian of ``sigma`` pixels."""
    return gaussian_blur(picture, sigma)


def reframed(picture: Tensor, generator: torch.Generator) -> Tensor:
    """Another crop of the picture, four fifths of it each way, enlarged to its size."""
    height, width = picture.shape[-2:]
    inner_height, inner_width = height * 4 // 5, width * 4 // 5
    top = int(torch.randint(height - inner_height + 1, (), generator=generator))
    left = int(torch.randint(width - inner_width + 1, (), generator=generator))
    crop = picture[..., top : top + inner_height, left : left + inner_width]
    return F.interpolate(crop, (height, width), mode="bilinear")


def repainted(picture: Tensor, radius: int = 4) -> Tensor:
    """As if brushed: the Kuwahara filter, the mean of the calmest of four squares around every pixel."""
    size = radius + 1
    padded = F.pad(picture, (radius,) * 4, mode="reflect")
    luma = luminance_transfer(padded)[:, :1]
    means = F.avg_pool2d(padded, size, 1)
    variances = F.avg_pool2d(luma * luma, size, 1) - F.avg_pool2d(luma, size, 1) ** 2
    height, width = picture.shape[-2:]
    corners = [(0, 0), (0, radius), (radius, 0), (radius, radius)]
    squares = torch.stack([means[..., y : y + height, x : x + width] for y, x in corners])
    calm = torch.stack([variances[..., y : y + height, x : x + width] for y, x in corners])
    chosen = calm.argmin(0, keepdim=True).expand(1, *picture.shape)
    return squares.gather(0, chosen)[0]
