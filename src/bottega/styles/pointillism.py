"""Pointillism: dots of divided color. The eye mixes them; every dot is purer than what it depicts."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, vector
from bottega.styles.drawing.color_mixing import from_oklab, region_ramps
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.strokes import draw_strokes, flow_strokes, round_brush

PALETTE = (
    "4a62b8 7fa8dc b9d6e6 fdeccb",  # sky
    "ffb347 ffe07a fff6d0",  # sun
    "4a4f9e 8a86c8 d0a8cc f6d8c0",  # far
    "1f5a3a 5f9a3c c0cc4a fbeb8a",  # near
    "203f94 3f86c0 84c8d0 f6f2d0",  # water
    "1a3560 1f6a4a 5aa03a d0d860",  # foliage
    "8a1f5a e0483a ff8a4a ffd0a0",  # accent
)


def paint(canvas: Canvas) -> Array:
    """Broad dabs as a ground, then three layers of dots; one dot in ten answers with its complement."""
    motif = scene(canvas, "sea", "garden", "hills")
    tone = motif.normalized_tone()
    # Shadows turn violet and lights turn orange, as the divisionists had it.
    picture = region_ramps(PALETTE, motif.region, tone)
    picture[..., 1] += 0.03 * (1 - tone)
    picture[..., 2] += 0.10 * (tone - 0.5)
    picture[..., 1:] *= 1.25
    ground = canvas.blur(picture, 5) * vector(0.97, 0.6, 0.6) + vector(0.03, 0, 0.015)
    brush = round_brush(canvas.rng, rough=0.3, soft=0.2)
    flow = motif.flow
    for spacing, size, jitter in (
        (10.0, 15.0, (0.04, 0.015, 0.015)),
        (8.0, 10.0, (0.05, 0.02, 0.02)),
        (8.0, 8.0, (0.06, 0.025, 0.025)),
        (9.5, 6.0, (0.07, 0.03, 0.03)),
    ):
        strokes = flow_strokes(
            canvas, picture, flow, spacing, 1.08 * size, size, jitter=jitter, sway=0.4, curve=0.0
        )
        strokes.color[:] = _divide_colors(canvas.rng, strokes.color)
        draw_strokes(canvas, ground, strokes, brush, streak=0.07)
    return from_oklab(ground)


def _divide_colors(rng: np.random.Generator, color: Array) -> Array:
    """Turn the hue of each dot by a random step; one in ten becomes a paler complement."""
    count = len(color)
    turn = rng.normal(0, 0.34, count).astype(np.float32)
    other = rng.random(count) < 0.10
    turn[other] += np.pi
    chroma = np.hypot(color[:, 1], color[:, 2])
    hue = np.arctan2(color[:, 2], color[:, 1]) + turn
    chroma = np.where(other, 0.55 * chroma + 0.03, 1.05 * chroma + 0.015)
    lightness = color[:, 0] + np.where(other, 0.04, 0.0)
    return np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1).astype(np.float32)
