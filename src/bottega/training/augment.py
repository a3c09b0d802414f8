"""Random augmentation of pictures. All randomness comes from the ``generator`` argument."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

# Rec. 601 luma and the two color-difference axes of YIQ: saturation and hue act on the latter two.
RGB_TO_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
YIQ_TO_RGB = torch.linalg.inv(RGB_TO_YIQ)


def random_uniform(generator: torch.Generator, low: float, high: float) -> float:
    """One number, uniform in [low, high)."""
    return low + (high - low) * torch.rand((), generator=generator).item()


def random_crop(
    picture: Tensor, window: float, size: int, generator: torch.Generator, flip: bool = True
) -> Tensor:
    """A square crop at a random position, resized, and mirrored half the time.

    Args:
        picture: ``(3, h, w)`` uint8.
        window: side of the crop in the picture's pixels; at most the picture's shorter side.
        size: side of the result.
        flip: False never mirrors.

    Returns:
        ``(3, size, size)`` float32 in [0, 1].
    """
    height, width = picture.shape[-2:]
    side = min(max(2, round(window)), height, width)
    top = int(torch.randint(height - side + 1, (), generator=generator))
    left = int(torch.randint(width - side + 1, (), generator=generator))
    crop = picture[:, top : top + side, left : left + side]
    if flip and torch.rand((), generator=generator) < 0.5:
        crop = crop.flip(-1)
    resized = F.interpolate(crop[None].float() / 255, (size, size), mode="bilinear", antialias=side > size)
    return resized[0]


def random_rotated_crop(
    picture: Tensor,
    window: float,
    size: int,
    degrees: float,
    generator: torch.Generator,
    flip: bool = True,
) -> Tensor:
    """As :func:`random_crop`, rotated by a random angle of at most ``degrees`` either way.

    The crop is larger by what the rotation cuts off, so that the result has no empty corners; if the picture
    is too small for that, the result shows a smaller crop.
    """
    angle = math.radians(random_uniform(generator, -degrees, degrees))
    grow = abs(math.cos(angle)) + abs(math.sin(angle))
    outer = random_crop(picture, window * grow, math.ceil(size * grow), generator, flip)
    cos, sin = math.cos(angle) / grow, math.sin(angle) / grow
    rotation = torch.tensor([[[cos, -sin, 0.0], [sin, cos, 0.0]]])
    grid = F.affine_grid(rotation, [1, 3, size, size], align_corners=False)
    return F.grid_sample(outer[None], grid, padding_mode="border", align_corners=False)[0]


def center_square(picture: Tensor, size: int) -> Tensor:
    """The largest square in the middle, resized: for validations and samples.

    Args:
        picture: ``(3, h, w)`` uint8.

    Returns:
        ``(3, size, size)`` float32 in [0, 1].
    """
    side = min(picture.shape[-2:])
    top, left = (picture.shape[-2] - side) // 2, (picture.shape[-1] - side) // 2
    square = picture[None, :, top : top + side, left : left + side].float() / 255
    return F.interpolate(square, (size, size), mode="bilinear", antialias=side > size)[0]


def color_jitter(pictures: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Random brightness, contrast, saturation, hue and gamma, different for each picture.

    Args:
        pictures: ``(N, 3, H, W)`` in [0, 1].
        strength: 0 changes nothing; 1 changes contrast and saturation by up to ×/÷ 1.8 and hue by up to ±40°.
    """
    count = pictures.shape[0]

    def draw() -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * strength

    contrast, saturation = 1.8 ** draw(), 1.8 ** draw()
    brightness, hue, gamma = draw() * 0.2, draw() * math.radians(40), 1.5 ** draw()
    rotation = torch.zeros(count, 3, 3)
    rotation[:, 0, 0] = contrast
    chroma = contrast * saturation
    rotation[:, 1, 1] = rotation[:, 2, 2] = chroma * hue.cos()
    rotation[:, 1, 2], rotation[:, 2, 1] = -chroma * hue.sin(), chroma * hue.sin()
    mixing = (YIQ_TO_RGB @ rotation @ RGB_TO_YIQ).to(pictures)
    mean = pictures.mean(dim=(2, 3), keepdim=True)
    rotated = torch.einsum("nij,njhw->nihw", mixing, pictures - mean) + mean
    brightened = (rotated + brightness.to(pictures).view(-1, 1, 1, 1)).clamp(1e-4, 1)
    return brightened ** gamma.to(pictures).view(-1, 1, 1, 1)


def grayscale(pictures: Tensor, mask: Tensor) -> Tensor:
    """Remove the color of the pictures whose entry in the boolean ``mask`` ``(N,)`` is True."""
    luma = (pictures * RGB_TO_YIQ[0].to(pictures).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return torch.where(mask.to(pictures.device).view(-1, 1, 1, 1), luma.expand_as(pictures), pictures)


def equalize_color(pictures: Tensor) -> Tensor:
    """Give all pictures the same color mean and covariance, so that palettes carry no information.

    Returns:
        ``(N, 3, H, W)``, mean 0.5 and the same standard deviation in every color direction, clipped to
        [0, 1]. Directions with a standard deviation below about 0.01, the noise of 8 bits, stay weaker.
    """
    flat = pictures.flatten(2)
    centered = flat - flat.mean(2, keepdim=True)
    covariance = centered @ centered.mT / flat.shape[2]
    values, vectors = torch.linalg.eigh(covariance + 1e-4 * torch.eye(3, device=pictures.device))
    whitening = vectors @ torch.diag_embed(values.rsqrt()) @ vectors.mT
    return (0.5 + 0.18 * (whitening @ centered)).clamp(0, 1).view_as(pictures)
