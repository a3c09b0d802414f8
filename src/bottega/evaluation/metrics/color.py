"""CIEDE2000, the perceptual difference between colors, and between a picture and a palette."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError
from bottega.evaluation.metrics.checks import check_pictures
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.layers.palette import Palette, earth_movers_distance, extract_palette, palette_from_tensor

EXTRACTED_COLORS = 8
MAX_SAMPLES = 1024
SAMPLING_SIDE = 64  # long side in pixels at which colors are sampled: more tell nothing more of large areas

# IEC 61966-2-1: linear sRGB to XYZ, white D65.
RGB_TO_XYZ = torch.tensor(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    dtype=torch.float64,
)
LINEAR_BELOW = 6 / 29  # CIELAB's curve is a straight line below the cube of this
HALF_TURN = math.pi + 1e-12  # opposed hues stay on one side, whatever the rounding


def rgb_to_lab(colors: Tensor) -> Tensor:
    """sRGB ``(..., 3)`` in [0, 1] to CIELAB (CIE 15) for the white D65, float64; L in [0, 100]."""
    srgb = colors.double()
    linear = torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4)
    xyz = linear @ RGB_TO_XYZ.T.to(srgb.device) / RGB_TO_XYZ.sum(dim=1).to(srgb.device)
    curve = torch.where(
        xyz > LINEAR_BELOW**3, xyz.clamp_min(LINEAR_BELOW**3) ** (1 / 3), xyz / (3 * LINEAR_BELOW**2) + 4 / 29
    )
    x, y, z = curve.unbind(dim=-1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-1)


def ciede2000(first: Tensor, second: Tensor) -> Tensor:
    """ΔE₀₀ between CIELAB colors ``(..., 3)``, which broadcast; about 1 is just visible, black–white is 100.

    The formula of CIE 142-2001 as Sharma, Wu & Dalal 2005 (Color Research & Application 30, section 2) give
    it, all parametric factors one. Agrees with their 34 pairs to the four digits they print.
    """
    first, second = first.double(), second.double()
    l1, a1, b1 = first.unbind(dim=-1)
    l2, a2, b2 = second.unbind(dim=-1)
    stretch = 1.5 - 0.5 * _chroma_weight((torch.hypot(a1, b1) + torch.hypot(a2, b2)) / 2)
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = torch.hypot(a1, b1), torch.hypot(a2, b2)
    h1, h2 = torch.atan2(b1, a1) % (2 * math.pi), torch.atan2(b2, a2) % (2 * math.pi)
    hue_difference, hue = _hue_difference_and_mean(h1, h2, (c1 * c2) == 0)
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    offset = (lightness - 50) ** 2
    delta_l = (l2 - l1) / (1 + 0.015 * offset / torch.sqrt(20 + offset))
    delta_c = (c2 - c1) / (1 + 0.045 * chroma)
    delta_h = (
        2 * torch.sqrt(c1 * c2) * torch.sin(hue_difference / 2) / (1 + 0.015 * chroma * _hue_weight(hue))
    )
    blue = math.radians(60) * torch.exp(-(((hue.rad2deg() - 275) / 25) ** 2))
    rotation = -2 * _chroma_weight(chroma) * torch.sin(blue)
    return (delta_l**2 + delta_c**2 + delta_h**2 + rotation * delta_c * delta_h).clamp_min(0).sqrt()


def _chroma_weight(chroma: Tensor) -> Tensor:
    """√(C⁷ / (C⁷ + 25⁷)): 0 for grays, 1 for strong colors."""
    return torch.sqrt(chroma**7 / (chroma**7 + 25.0**7))


def _hue_difference_and_mean(h1: Tensor, h2: Tensor, gray: Tensor) -> tuple[Tensor, Tensor]:
    """The shorter angle from one hue to the other, and the hue in the middle; grays have no hue."""
    difference = h2 - h1
    far = difference.abs() > HALF_TURN
    shorter = torch.where(far, difference - 2 * math.pi * difference.sign(), difference)
    total = h1 + h2
    opposite = torch.where(total < 2 * math.pi, total + 2 * math.pi, total - 2 * math.pi)
    middle = torch.where(far, opposite, total) / 2
    return torch.where(gray, 0.0, shorter), torch.where(gray, total, middle)


def _hue_weight(hue: Tensor) -> Tensor:
    """T of the formula."""
    return (
        1
        - 0.17 * torch.cos(hue - math.radians(30))
        + 0.24 * torch.cos(2 * hue)
        + 0.32 * torch.cos(3 * hue + math.radians(6))
        - 0.20 * torch.cos(4 * hue - math.radians(63))
    )


def sample_colors(picture: Tensor) -> Tensor:
    """At most 1,024 sRGB samples ``(n, 3)``, float64, of a picture ``(1, 3, H, W)`` averaged to 64 pixels.

    Raises:
        PictureError: another shape, or values outside [0, 1].
    """
    if picture.ndim != 4 or picture.shape[:2] != (1, 3):
        raise PictureError(f"Colors are sampled from one picture (1, 3, H, W), not {tuple(picture.shape)}.")
    check_pictures(picture)
    factor = min(1.0, SAMPLING_SIDE / max(picture.shape[-2:]))
    height, width = (max(1, round(side * factor)) for side in picture.shape[-2:])
    pixels = F.adaptive_avg_pool2d(picture, (height, width))[0].flatten(1).T
    return pixels[:: -(-len(pixels) // MAX_SAMPLES)].double()


def palette_of_samples(colors: Tensor) -> Palette:
    """The palette of sRGB samples ``(n, 3)``."""
    lab = rgb_to_oklab(colors.double().cpu().T[None, :, :, None])
    return palette_from_tensor(extract_palette(lab, count=EXTRACTED_COLORS)[0])


def palette_distance(one: Palette, other: Palette) -> float:
    """The mean ΔE₀₀ that recoloring ``one`` into ``other`` takes at least, 0 for equal palettes.

    The earth mover's distance with CIEDE2000 as the ground distance: a color that is there but takes too
    little area costs as much as it should.
    """
    cost = ciede2000(_to_lab(one)[:, None], _to_lab(other)[None])
    shares = ([color.share for color in palette] for palette in (one, other))
    return earth_movers_distance(cost, *shares)


def _to_lab(palette: Palette) -> Tensor:
    """CIELAB ``(K, 3)``, float64."""
    oklab = torch.tensor([color.oklab for color in palette], dtype=torch.float64)
    return rgb_to_lab(oklab_to_rgb(oklab.T[None, :, :, None])[0, :, :, 0].T)


def color_accuracy(picture: Tensor, target: Palette) -> float:
    """:func:`palette_distance` of a picture ``(1, 3, H, W)`` to a palette; about 1 is just visible, 0 exact.

    Raises:
        PictureError: another shape.
    """
    return palette_distance(palette_of_samples(sample_colors(picture)), target)
