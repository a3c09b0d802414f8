"""Charcoal: tone rubbed with the hand, slanting hatches, hard accents, lights lifted out with an eraser."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep
from bottega.styles.drawing.color_mixing import color_ramp, from_oklab
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.strokes import bristle_brush, draw_strokes, flow_strokes

INK = "0f0d0c 3c3631 857c72 cdc4b4 f0e9da"


def paint(canvas: Canvas) -> Array:
    """Everything is darkness in [0, 1] on one plane; the paper's grain decides where the coal holds."""
    motif = scene(canvas, "table", "sea", "hills")
    depth = 1 - motif.normalized_tone(2, 98)
    # Rubbed ground: blurred tone dragged about by the hand.
    rubbed = canvas.warp(canvas.blur(depth, 4), 7 * canvas.noise(30), 7 * canvas.noise(30))
    rubbed = 0.04 + 0.72 * rubbed**1.3 + 0.04 * canvas.noise(90, 3)
    coal = np.repeat(rubbed[..., None], 3, axis=-1)
    stick = bristle_brush(canvas.rng, hairs=9, dry=0.35, ragged=0.2)
    slant = motif.flow * 0 + canvas.uniform(-1.0, -0.7) + 0.15 * canvas.noise(120)
    border, contour = motif.border_angle(), motif.border_distance()
    pressed = smoothstep(5, 1, contour) * smoothstep(-0.7, 0.5, canvas.noise(60, 2))
    for spacing, length, width, flow, density, low, high in (
        (17.0, 90.0, 16.0, motif.flow, 0.8 * smoothstep(0.3, 1.0, depth), 0.3, 0.9),
        (8.0, 70.0, 3.6, slant, 0.75 * smoothstep(0.25, 0.8, depth), 0.42, 1.05),
        (9.0, 42.0, 3.4, slant + 1.2, 0.7 * smoothstep(0.6, 1.0, depth), 0.6, 1.1),
        (7.5, 36.0, 3.0, motif.flow, 0.7 * smoothstep(0.3, 1.0, depth), 0.4, 1.1),
        # The eraser takes out lights; then the contours are pressed in with the tip.
        (11.0, 34.0, 6.5, motif.flow, 0.6 * smoothstep(0.3, 0.08, depth), 0.0, 0.1),
        (4.2, 24.0, 2.6, border, 0.6 * pressed, 0.8, 1.1),
    ):
        strokes = flow_strokes(
            canvas, coal, flow, spacing, length, width, density=density, sway=0.08, opacity=0.5, curve=0.3
        )
        local_depth = canvas.sample(depth, strokes.x, strokes.y)
        strokes.color[:] = (
            low + (high - low) * canvas.rng.random(len(local_depth)) * (0.3 + 0.7 * local_depth)
        )[:, None]
        draw_strokes(canvas, coal, strokes, stick)
    tooth = 0.75 * canvas.noise(1.2) + 0.5 * canvas.noise(2.4) + 0.3 * canvas.noise(1.2, stretch=9)
    hold = coal[..., 0] + 0.11 * tooth * smoothstep(0.0, 0.25, coal[..., 0]) * smoothstep(
        1.2, 0.75, coal[..., 0]
    )
    return from_oklab(color_ramp(INK, np.clip(1.02 - 1.18 * hold + 0.012 * tooth, 0, 1)))
