"""Woodcut: black lines that swell with the shadow, carved along the forms, over two color blocks."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep
from bottega.styles.drawing.color_mixing import hex_color, overprint
from bottega.styles.drawing.hatching import hatch, shift_plate
from bottega.styles.drawing.motif import ACCENT, FAR, FOLIAGE, NEAR, SKY, SUN, WATER
from bottega.styles.drawing.scenes import scene

PAPER, KEY, WARM, COOL = "efe3c8", "17130f", "d9542b", "3f7f7a"
# How much of the warm and of the cool block prints in each region.
WARM_BLOCK = {SKY: 0.0, SUN: 1.0, FAR: 0.62, NEAR: 0.3, WATER: 0.0, FOLIAGE: 0.0, ACCENT: 1.0}
COOL_BLOCK = {SKY: 0.5, SUN: 0.0, FAR: 0.0, NEAR: 0.62, WATER: 0.75, FOLIAGE: 0.8, ACCENT: 0.0}


def paint(canvas: Canvas) -> Array:
    """Two flat blocks are printed first, the carved key block in black over them."""
    motif = scene(canvas, "garden", "sea", "table", "hills")
    tone = motif.normalized_tone()
    chip = 0.10 * canvas.noise(9, 2)
    shadow = 1.0 - 1.15 * tone + chip
    # Below a fifth the knife clears the wood, above four fifths it leaves it standing.
    thickness = np.where(shadow > 0.84, 1.4, np.where(shadow < 0.12, 0, 0.12 + 0.86 * shadow))
    phase = motif.phase + 2.2 * canvas.noise(34, 2)
    key = hatch(canvas, phase, 9.0, canvas.blur(thickness.astype(np.float32), 0.8))
    swell = 1.3 + 1.1 * smoothstep(-1, 1, canvas.noise(40)) + 1.5 * smoothstep(0.4, 0.9, 1 - tone)
    key = np.maximum(key, np.clip((swell - motif.border_distance()) * canvas.unit + 0.5, 0, 1))
    # Stray ridges that the gouge left standing in cleared wood.
    stray = hatch(canvas, phase, 9.0, 0.3 * smoothstep(1.0, 1.5, canvas.noise(7, stretch=2)))
    key = np.maximum(key, stray * (shadow < 0.3))
    fiber = canvas.noise(1.8, stretch=26) + 0.6 * canvas.noise(5, stretch=30)
    worn = smoothstep(2.9, 1.6, fiber + 0.8 * canvas.noise(1.5) + 0.5 * canvas.noise(60))
    key = shift_plate(canvas, key.astype(np.float32), 0, 0, ragged=0.45) * (0.55 + 0.45 * worn)
    blocks = []
    for name, shares in ((WARM, WARM_BLOCK), (COOL, COOL_BLOCK)):
        share = np.array([shares[k] for k in range(7)], np.float32)[motif.region]
        cut = smoothstep(-0.03, 0.03, share + 0.08 - tone + (share > 0.9) + 0.05 * canvas.noise(20, 2))
        plate = shift_plate(canvas, (share > 0) * cut, canvas.uniform(-3, 3), canvas.uniform(-3, 3), 1.2)
        mottle = 0.86 + 0.07 * canvas.noise(2) - 0.10 * smoothstep(0.9, 2.2, fiber) + 0.04 * canvas.noise(50)
        blocks.append((name, np.clip(plate * mottle, 0, 1)))
    paper = np.clip(
        hex_color(PAPER) + 0.012 * canvas.noise(2, 2)[..., None] + 0.01 * canvas.noise(80)[..., None], 0, 1
    )
    return overprint(paper, [*blocks, (KEY, 0.97 * key)])
