"""CIELAB colours as words that a page understands."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.evaluate.metrics.color import FOOT, XYZ


def hexes(lab: Tensor) -> list[str]:
    """CIELAB ``(K, 3)`` to ``#rrggbb``; colours outside sRGB are cut off at its border."""
    lightness, a, b = lab.double().unbind(dim=1)
    y = (lightness + 16) / 116
    curve = torch.stack([y + a / 500, y, y - b / 200], dim=1)
    white = XYZ.sum(dim=1)
    xyz = torch.where(curve > FOOT, curve**3, 3 * FOOT**2 * (curve - 4 / 29)) * white
    linear = (xyz @ torch.linalg.inv(XYZ).T).clamp(0, 1)
    srgb = torch.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    )
    return ["#" + "".join(f"{round(255 * value):02x}" for value in color) for color in srgb.tolist()]
