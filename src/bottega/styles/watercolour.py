"""Watercolour: transparent glazes, light to dark, each with its own edge, bloom and granulation."""

from __future__ import annotations

import numpy as np

from bottega.styles.craft.canvas import Array, Canvas, smooth
from bottega.styles.craft.colour import encoded, from_lab, linear, pigment, ramps
from bottega.styles.craft.scenes import scene
from bottega.styles.craft.wet import paper_grain, wash

PALETTE = (
    "5f8fc0 8fb8da c4dcea f3dfc9",  # sky
    "f0a040 f8cf6a fdeeb4",  # sun
    "6f6aa0 9a8fbc cfb0c0 f0d6cc",  # far
    "5f7a34 8fa548 c9cc68 efe6a4",  # near
    "2f7a98 5fa8b8 a4d2d2 e6f2e8",  # water
    "2f5a48 5a8a4c 9ab85a dcdc94",  # foliage
    "a8324a d8605a f09a80 fad6c0",  # accent
)


def paint(canvas: Canvas) -> Array:
    """Each glaze multiplies the light that comes back from the paper."""
    motif = scene(canvas, "garden", "hills", "sea", "table")
    tone = motif.stretched()
    grain = paper_grain(canvas)
    # Pigments spread a little into their neighbours: wet in wet.
    lab = ramps(PALETTE, motif.region, 0.35 + 0.65 * tone)
    lab = 0.6 * canvas.blur(lab, 1.5) + 0.4 * canvas.blur(lab, 14)
    lab[..., 1:] *= 1.3
    lab[..., 1] += 0.012 * canvas.noise(60, 2)
    lab[..., 2] += 0.016 * canvas.noise(60, 2)
    dx, dy = 2.5 * canvas.noise(30), 2.5 * canvas.noise(30)
    hue = np.stack([canvas.warp(lab[..., c], dx, dy) for c in range(3)], axis=-1)
    absorbed = -np.log(np.clip(linear(from_lab(hue)), 0.015, 1))
    rims = smooth(2.2, 0.4, motif.outline())
    light = linear(np.clip(pigment("f7f2e6") + 0.012 * grain[..., None], 0, 1))
    for strength, low, high, creep in (
        (0.6, 1.0, 0.9, 3.0),
        (0.55, 0.68, 0.60, 2.5),
        (0.7, 0.44, 0.37, 2.0),
        (0.9, 0.22, 0.16, 1.5),
    ):
        amount = smooth(low, high, tone + 0.05 * canvas.noise(14, 2))
        # White paper is left between neighbouring washes, here and there.
        gap = 1 - 0.9 * rims * smooth(0.1, 0.7, canvas.noise(45))
        density = strength * wash(canvas, amount * gap, grain, creep=creep, rim=1.0, settle=0.11)
        light = light * np.exp(-density[..., None] * absorbed)
    spatter = smooth(2.9, 3.2, canvas.noise(7)) * 0.6
    light = light * np.exp(-spatter[..., None] * canvas.blur(absorbed, 20))
    return encoded(light)
