"""Risograph: three spot inks, halftone screens at three angles, out of register, with speckle."""

from __future__ import annotations

import math

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep
from bottega.styles.drawing.color_mixing import from_oklab, hex_color, overprint, region_ramps, to_linear
from bottega.styles.drawing.hatching import halftone, shift_plate
from bottega.styles.drawing.scenes import scene

PALETTE = (
    "ff5fae ff9ac4 ffd9a8 fff3a0",  # sky
    "ff4fa8 ffb060 fff05a",  # sun
    "5a6ac8 9a8fd8 ffb0cc ffe0d8",  # far
    "0f8a8a 5ac0a0 c8e07a f6f08a",  # near
    "0080a0 34b0c0 a0e0dc f4fcf4",  # water
    "0a5a72 129a8a 78c888 e6ee7a",  # foliage
    "d8208a ff5a9a ffa0a0 fff0d0",  # accent
)
PAPER, PINK, TEAL, YELLOW = "f4efe3", "ff3d9e", "00788c", "ffe11a"


def paint(canvas: Canvas) -> Array:
    """The picture is separated into three plates, screened, shifted and overprinted."""
    motif = scene(canvas, "table", "hills", "garden", "sea")
    tone = motif.normalized_tone()
    level = np.floor(tone * 5 + 0.35 * canvas.noise(3) * (tone > 0.05)) / 5
    light = to_linear(from_oklab(region_ramps(PALETTE, motif.region, 0.5 * tone + 0.5 * level)))
    inks = []
    plates = zip((YELLOW, PINK, TEAL), _separation(light), (0.35, 1.31, 0.79), (5.2, 6.0, 6.0), strict=True)
    for name, amount, angle, pitch in plates:
        deep = 0.7 * smoothstep(0.26, 0.02, tone) if name == PINK else 0.0
        coverage = np.clip(1.4 * amount + deep + 0.03 * canvas.noise(90) * smoothstep(0.0, 0.2, amount), 0, 1)
        dots = halftone(canvas, coverage, angle + canvas.uniform(-0.04, 0.04), canvas.visible(pitch, 3.6))
        solid = smoothstep(0.9, 0.97, coverage)
        plate = np.maximum(dots, solid)
        turn, reach = canvas.uniform(0, math.tau), canvas.uniform(1.0, 2.6)
        plate = shift_plate(canvas, plate, reach * math.cos(turn), reach * math.sin(turn))
        inks.append((name, _uneven_ink(canvas, plate)))
    paper = np.clip(
        hex_color(PAPER) + 0.014 * canvas.noise(1.6)[..., None] + 0.01 * canvas.noise(3, 2)[..., None], 0, 1
    )
    return overprint(paper, inks)


def _separation(light: Array) -> list[Array]:
    """How much of each ink gives a color: densities of light (H, W, 3) in terms of the inks' densities.

    The inverse of Beer and Lambert's law for overlaid filters; what no ink can give is cut off.
    """
    densities = np.stack(
        [-np.log(np.clip(to_linear(hex_color(ink)), 0.02, 1)) for ink in (YELLOW, PINK, TEAL)]
    )
    mixing = np.linalg.inv(densities.astype(np.float64)).astype(np.float32)
    absorbance = -np.log(np.clip(light, 0.02, 1))
    return [
        np.clip(sum(absorbance[..., channel] * mixing[channel, ink] for channel in range(3)), 0, 1)
        for ink in range(3)
    ]


def _uneven_ink(canvas: Canvas, plate: Array) -> Array:
    """Uneven ink of a drum: speckle, faint roller bands, small voids."""
    speckle = smoothstep(1.9, 1.2, canvas.noise(1.3) + 0.5 * canvas.noise(2.6))
    voids = smoothstep(3.0, 2.7, canvas.noise(5))
    bands = 0.93 + 0.03 * canvas.noise(400, stretch=0.04) + 0.03 * canvas.noise(120, 2)
    return np.clip(plate * (0.55 + 0.45 * speckle) * voids * bands, 0, 1).astype(np.float32)
