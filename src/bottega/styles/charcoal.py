"""Charcoal: tone rubbed with the hand, slanting hatches, hard accents, lights lifted out with an eraser."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smooth
from bottega.styles.drawing.color_mixing import from_lab, ramp
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.strokes import along_flow, bristle_brush, lay

INK = "0f0d0c 3c3631 857c72 cdc4b4 f0e9da"


def paint(canvas: Canvas) -> Array:
    """Everything is darkness in [0, 1] on one plane; the paper's grain decides where the coal holds."""
    motif = scene(canvas, "table", "sea", "hills")
    depth = 1 - motif.stretched(2, 98)
    # Rubbed ground: blurred tone dragged about by the hand.
    rubbed = canvas.warp(canvas.blur(depth, 4), 7 * canvas.noise(30), 7 * canvas.noise(30))
    rubbed = 0.04 + 0.72 * rubbed**1.3 + 0.04 * canvas.noise(90, 3)
    coal = np.repeat(rubbed[..., None], 3, axis=-1)
    stick = bristle_brush(canvas.rng, hairs=9, dry=0.35, ragged=0.2)
    slant = motif.flow * 0 + canvas.uniform(-1.0, -0.7) + 0.15 * canvas.noise(120)
    border, contour = motif.along_outline(), motif.outline()
    pressed = smooth(5, 1, contour) * smooth(-0.7, 0.5, canvas.noise(60, 2))
    for spacing, length, width, flow, keep, low, high in (
        (17.0, 90.0, 16.0, motif.flow, 0.8 * smooth(0.3, 1.0, depth), 0.3, 0.9),
        (8.0, 70.0, 3.6, slant, 0.75 * smooth(0.25, 0.8, depth), 0.42, 1.05),
        (9.0, 42.0, 3.4, slant + 1.2, 0.7 * smooth(0.6, 1.0, depth), 0.6, 1.1),
        (7.5, 36.0, 3.0, motif.flow, 0.7 * smooth(0.3, 1.0, depth), 0.4, 1.1),
        # The eraser takes out lights; then the contours are pressed in with the tip.
        (11.0, 34.0, 6.5, motif.flow, 0.6 * smooth(0.3, 0.08, depth), 0.0, 0.1),
        (4.2, 24.0, 2.6, border, 0.6 * pressed, 0.8, 1.1),
    ):
        strokes = along_flow(
            canvas, coal, flow, spacing, length, width, keep=keep, sway=0.08, opacity=0.5, bend=0.3
        )
        here = canvas.at(depth, strokes.x, strokes.y)
        strokes.colour[:] = (low + (high - low) * canvas.rng.random(len(here)) * (0.3 + 0.7 * here))[:, None]
        lay(canvas, coal, strokes, stick)
    tooth = 0.75 * canvas.noise(1.2) + 0.5 * canvas.noise(2.4) + 0.3 * canvas.noise(1.2, stretch=9)
    hold = coal[..., 0] + 0.11 * tooth * smooth(0.0, 0.25, coal[..., 0]) * smooth(1.2, 0.75, coal[..., 0])
    return from_lab(ramp(INK, np.clip(1.02 - 1.18 * hold + 0.012 * tooth, 0, 1)))
