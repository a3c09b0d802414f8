"""Impasto: thick oil paint from loaded bristle brushes, from broad to small, lit from the side."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep, vector
from bottega.styles.drawing.color_mixing import from_oklab, region_ramps
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.strokes import bristle_brush, draw_strokes, flow_strokes
from bottega.styles.drawing.surface import relief_shading

PALETTE = (
    "2b3f7e 4f86c4 8fc4d8 f6dfae fff0cf",  # sky
    "ef8f1c ffd23f fff3b8",  # sun
    "3a3470 7a6bb0 c79ab8 f3c9b0",  # far
    "1f3b24 4f7a2c b2a93a f2d566",  # near
    "10284f 1f6a8c 57b6b2 e9f4dc",  # water
    "0e2320 1f5134 5a8a2e c4c24a",  # foliage
    "5e0f22 c42a2e f06a3c ffc08a",  # accent
)


def paint(canvas: Canvas) -> Array:
    """Four layers of strokes; the height of the paint is lit at the end."""
    motif = scene(canvas, "hills", "garden", "table")
    picture = region_ramps(PALETTE, motif.region, motif.normalized_tone())
    flow = motif.flow + 0.25 * canvas.noise(70)
    detail = smoothstep(26, 4, motif.border_distance())
    brush = bristle_brush(canvas.rng, hairs=15, dry=0.32)
    fine = bristle_brush(canvas.rng, hairs=9, dry=0.2)
    ground = canvas.blur(picture, 10) * vector(0.86, 1, 1)
    relief = 0.3 * canvas.noise(3)
    for spacing, length, width, density in (
        (24.0, 130.0, 36.0, None),
        (15.0, 84.0, 21.0, None),
        (11.0, 50.0, 12.5, 0.22 + 0.78 * detail),
        (7.0, 26.0, 7.0, 0.03 + 0.9 * smoothstep(9, 2, motif.border_distance())),
    ):
        strokes = flow_strokes(
            canvas, picture, flow, spacing, length, width, jitter=(0.05, 0.022, 0.028), density=density
        )
        draw_strokes(canvas, ground, strokes, brush if width > 8 else fine, relief, streak=0.12)
    shade, shine = relief_shading(canvas, canvas.blur(relief, 0.5), steepness=1.15)
    ground[..., 0] += 0.2 * np.clip(shade, -1, 1) + 0.14 * (shine - 0.02)
    return from_oklab(ground)
