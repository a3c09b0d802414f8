"""Changes of pictures: without color, and of a photograph's look but not its objects."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import gaussian_blur

LUMA = (0.2126, 0.7152, 0.0722)

# What every crop is recolored to: an ordinary photograph's mean, deviation and correlation of channels.
COMMON_MEAN = 0.45
COMMON_STD = 0.2
COMMON_CORRELATION = 0.9
# A direction of color space with less deviation than this has only compression noise.
MIN_STD = 0.01


def unchanged(picture: Tensor) -> Tensor:
    return picture


def to_grayscale(picture: Tensor) -> Tensor:
    """The luma in all three channels."""
    weights = torch.tensor(LUMA).view(1, 3, 1, 1)
    return (picture * weights).sum(1, keepdim=True).expand_as(picture).contiguous()


def equalize_colors(picture: Tensor) -> Tensor:
    """Recolored so that mean and covariance of the three channels are the same for every picture.

    Whitened by the inverse root of its own covariance, colored by the root of the common one (both
    symmetric, which moves colors least), then clamped to [0, 1].
    """
    pixels = picture[0].flatten(1).double()
    centered = pixels - pixels.mean(1, keepdim=True)
    values, vectors = torch.linalg.eigh(centered @ centered.T / centered.shape[1])
    scales = values.clamp_min(MIN_STD**2).rsqrt()
    white = vectors @ torch.diag(scales) @ vectors.T @ centered
    correlation = torch.full((3, 3), COMMON_CORRELATION, dtype=torch.float64).fill_diagonal_(1.0)
    values, vectors = torch.linalg.eigh(correlation)
    color = COMMON_STD * vectors @ torch.diag(values.sqrt()) @ vectors.T
    return (COMMON_MEAN + color @ white).clamp(0, 1).view_as(picture).to(picture.dtype)


def change_color(picture: Tensor, generator: torch.Generator) -> Tensor:
    """Any hue, saturation times 0.3 to 1.7, contrast times 0.5 to 1.5, brightness ± 0.15."""
    hue, saturation, contrast, brightness = (2 * torch.rand(4, generator=generator) - 1).tolist()
    luma = to_grayscale(picture)
    rotated = torch.einsum("ij,njhw->nihw", _hue_rotation(hue * math.pi), picture - luma)
    colored = luma + (1 + 0.7 * saturation) * rotated
    mean = luma.mean()
    return ((colored - mean) * (1 + 0.5 * contrast) + mean + 0.15 * brightness).clamp(0, 1)


def _hue_rotation(angle: float) -> Tensor:
    """Rotation of color space about the gray axis."""
    third, root = 1 / 3, math.sqrt(1 / 3)
    c, s = math.cos(angle), math.sin(angle)
    gray = torch.full((3, 3), third)
    cross = root * torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    return c * torch.eye(3) + (1 - c) * gray + s * cross


def blur(picture: Tensor, sigma: float = 5.0) -> Tensor:
    """Blurred by a Gaussian of ``sigma`` pixels."""
    return gaussian_blur(picture, sigma)


def recrop(picture: Tensor, generator: torch.Generator) -> Tensor:
    """Another crop of the picture, four fifths of it each way, enlarged to its size."""
    height, width = picture.shape[-2:]
    inner_height, inner_width = height * 4 // 5, width * 4 // 5
    top = int(torch.randint(height - inner_height + 1, (), generator=generator))
    left = int(torch.randint(width - inner_width + 1, (), generator=generator))
    crop = picture[..., top : top + inner_height, left : left + inner_width]
    return F.interpolate(crop, (height, width), mode="bilinear")


def kuwahara_filter(picture: Tensor, radius: int = 4) -> Tensor:
    """The mean of the least varying of four squares around every pixel, which looks brushed."""
    size = radius + 1
    padded = F.pad(picture, (radius,) * 4, mode="reflect")
    luma = to_grayscale(padded)[:, :1]
    means = F.avg_pool2d(padded, size, 1)
    variances = F.avg_pool2d(luma * luma, size, 1) - F.avg_pool2d(luma, size, 1) ** 2
    height, width = picture.shape[-2:]
    corners = [(0, 0), (0, radius), (radius, 0), (radius, radius)]
    squares = torch.stack([means[..., y : y + height, x : x + width] for y, x in corners])
    variance = torch.stack([variances[..., y : y + height, x : x + width] for y, x in corners])
    smallest = variance.argmin(0, keepdim=True).expand(1, *picture.shape)
    return squares.gather(0, smallest)[0]
