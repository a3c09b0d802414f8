"""Colour difference as the eye sees it: CIEDE2000 between colours in CIELAB."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# IEC 61966-2-1: linear sRGB to XYZ, white D65.
XYZ = torch.tensor(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    dtype=torch.float64,
)
FOOT = 6 / 29  # of CIELAB's curve: a straight line below its cube
HALF_TURN = math.pi + 1e-12  # opposed hues stay on the one side, whatever rounding does


def rgb_to_lab(colors: Tensor) -> Tensor:
    """sRGB ``(..., 3)`` in [0, 1] to CIELAB (CIE 15) for the white D65, float64; L in [0, 100]."""
    srgb = colors.double()
    linear = torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4)
    xyz = linear @ XYZ.T.to(srgb.device) / XYZ.sum(dim=1).to(srgb.device)
    curve = torch.where(xyz > FOOT**3, xyz.clamp_min(FOOT**3) ** (1 / 3), xyz / (3 * FOOT**2) + 4 / 29)
    x, y, z = curve.unbind(dim=-1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-1)


def ciede2000(first: Tensor, second: Tensor) -> Tensor:
    """ΔE₀₀ between CIELAB colours ``(..., 3)``, which broadcast; about 1 is just seen, black to white is 100.

    The formula of CIE 142-2001 as Sharma, Wu & Dalal 2005 (Color Research & Application 30, section 2) spell
    it out, all parametric factors one. Agrees with their 34 pairs to the four digits they print.
    """
    first, second = first.double(), second.double()
    l1, a1, b1 = first.unbind(dim=-1)
    l2, a2, b2 = second.unbind(dim=-1)
    stretch = 1.5 - 0.5 * _saturation((torch.hypot(a1, b1) + torch.hypot(a2, b2)) / 2)
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = torch.hypot(a1, b1), torch.hypot(a2, b2)
    h1, h2 = torch.atan2(b1, a1) % (2 * math.pi), torch.atan2(b2, a2) % (2 * math.pi)
    turn, hue = _between(h1, h2, (c1 * c2) == 0)
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    off_grey = (lightness - 50) ** 2
    light = (l2 - l1) / (1 + 0.015 * off_grey / torch.sqrt(20 + off_grey))
    strong = (c2 - c1) / (1 + 0.045 * chroma)
    hued = 2 * torch.sqrt(c1 * c2) * torch.sin(turn / 2) / (1 + 0.015 * chroma * _hue_weight(hue))
    blue = math.radians(60) * torch.exp(-(((hue.rad2deg() - 275) / 25) ** 2))
    rotation = -2 * _saturation(chroma) * torch.sin(blue)
    return (light**2 + strong**2 + hued**2 + rotation * strong * hued).clamp_min(0).sqrt()


def _saturation(chroma: Tensor) -> Tensor:
    """√(C⁷ / (C⁷ + 25⁷)): 0 for greys, 1 for strong colours."""
    return torch.sqrt(chroma**7 / (chroma**7 + 25.0**7))


def _between(h1: Tensor, h2: Tensor, grey: Tensor) -> tuple[Tensor, Tensor]:
    """The turn from one hue to the other the short way, and the hue in the middle; greys have no hue."""
    turn = h2 - h1
    far = turn.abs() > HALF_TURN
    short = torch.where(far, turn - 2 * math.pi * turn.sign(), turn)
    total = h1 + h2
    opposite = torch.where(total < 2 * math.pi, total + 2 * math.pi, total - 2 * math.pi)
    middle = torch.where(far, opposite, total) / 2
    return torch.where(grey, 0.0, short), torch.where(grey, total, middle)


def _hue_weight(hue: Tensor) -> Tensor:
    """T of the formula."""
    return (
        1
        - 0.17 * torch.cos(hue - math.radians(30))
        + 0.24 * torch.cos(2 * hue)
        + 0.32 * torch.cos(3 * hue + math.radians(6))
        - 0.20 * torch.cos(4 * hue - math.radians(63))
    )
