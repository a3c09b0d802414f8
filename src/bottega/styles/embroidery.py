"""Embroidery: satin stitches of silk whose shine turns with their direction, and dark stem stitches."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep, vector
from bottega.styles.drawing.color_mixing import from_oklab, hex_color, region_ramps, to_oklab
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.strokes import Brush, draw_strokes, flow_strokes
from bottega.styles.drawing.surface import relief_shading

PALETTE = (
    "14454a 2a7f80 6fb8a8 d4e4c4",  # sky
    "c88a2a f0c050 fff0b0",  # sun
    "4a2a4a 84507a b98aa8 e8ccd0",  # far
    "40501f 86903a c2b85c f0e2a0",  # near
    "1a3a6a 3a78a8 8abcd0 e8f2ea",  # water
    "12382c 2a6a4a 6a9a58 c0cc80",  # foliage
    "7a1436 c43258 ec7a80 ffd4c4",  # accent
)
LINEN = "b9a88a"


def paint(canvas: Canvas) -> Array:
    """Long stitches fill the forms, short ones the details; the thread is a lit, twisted cord."""
    motif = scene(canvas, "garden", "table", "sea")
    picture = region_ramps(PALETTE, motif.region, np.round(motif.normalized_tone() * 7) / 7)
    weave = (np.sin(canvas.x * 2.4) * np.sin(canvas.y * 2.4)).astype(np.float32)
    ground = to_oklab(hex_color(LINEN)) + (0.05 * weave + 0.04 * canvas.noise(1.6))[..., None] * vector(
        1, 0, 0
    )
    relief = 0.3 * weave
    thread = _thread(canvas.rng)
    border_distance = motif.border_distance()
    flow = motif.flow + 0.12 * canvas.noise(40)
    for spacing, length, width, density in (
        (7.8, 40.0, 5.6, None),
        (7.2, 30.0, 5.0, 0.7 + 0.3 * smoothstep(14, 4, border_distance)),
    ):
        strokes = flow_strokes(
            canvas,
            picture,
            flow,
            spacing,
            length,
            width,
            (0.025, 0.008, 0.008),
            density=density,
            sway=0.05,
            curve=0.15,
        )
        strokes.color[:, 0] += 0.07 * np.cos(2 * (strokes.angle - 0.6))
        draw_strokes(canvas, ground, strokes, thread, relief, streak=0.3)
    dark = canvas.blur(picture, 3) * vector(0.6, 1.0, 1.0)
    stem = flow_strokes(
        canvas,
        dark,
        motif.border_angle(),
        4.2,
        11.0,
        3.0,
        density=smoothstep(2.6, 1.2, border_distance),
        sway=0.06,
        curve=0.1,
    )
    draw_strokes(canvas, ground, stem, thread, relief, streak=0.25)
    shade, shine = relief_shading(canvas, canvas.blur(relief, 0.35), steepness=2.0)
    ground[..., 0] += 0.12 * np.clip(shade, -1, 1) + 0.14 * (shine - 0.05)
    return from_oklab(ground)


def _thread(rng: np.random.Generator) -> Brush:
    """A bank of round cords with slanting twist, sunk into the cloth at both ends."""
    across = np.linspace(-1, 1, 42, dtype=np.float32)[None, :, None]
    along = np.linspace(0, 1, 122, dtype=np.float32)[None, None, :]
    turn = rng.uniform(0, 6, (8, 1, 1)).astype(np.float32)
    cord = np.sqrt(np.clip(1 - across**2, 0, 1))
    twist = 0.12 * np.sin(along * 44 + 3 * across + turn)
    ends = np.clip(np.minimum(along, 1 - along) * 12, 0, 1)
    alpha = smoothstep(1.0, 0.75, np.abs(across)) * smoothstep(0.05, 0.4, ends) * np.ones_like(turn)
    height = (cord + twist) * (0.35 + 0.65 * ends)
    alpha[:, [0, -1]] = 0
    alpha[:, :, [0, -1]] = 0
    return Brush(alpha.astype(np.float32), height.astype(np.float32))
