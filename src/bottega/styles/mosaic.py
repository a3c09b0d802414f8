"""Mosaic: tesserae of stone, glass and gold, set in rows that follow the forms, in rough grout."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep, vector
from bottega.styles.drawing.color_mixing import from_oklab, hex_color, region_ramps, to_oklab
from bottega.styles.drawing.motif import SUN, edge_distance
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.surface import relief_shading
from bottega.styles.drawing.tiles import tesserae

PALETTE = (
    "1d3f7a 3d78b0 86b6c8 e3dcc0",  # sky
    "c98a1e efc04a fbe79a",  # sun
    "5a3f6a 94708a c9a6a0 ead8c0",  # far
    "3a4a22 7d8a36 bfb65a ecdc9a",  # near
    "0f3a66 1f7a94 62b8b4 d8ecd8",  # water
    "12302c 1f6048 5f9450 b4c06a",  # foliage
    "6a1420 b8322a dc6a44 f2bc94",  # accent
)
GROUT, SIZE = "6a5d4e", 12.5


def paint(canvas: Canvas) -> Array:
    """One color per tile, a bevelled and slightly tilted face, and a lamp from the side."""
    motif = scene(canvas, "table", "hills", "garden", "sea")
    picture = region_ramps(PALETTE, motif.region, motif.normalized_tone())
    border_distance = motif.border_distance()
    phase = motif.phase + 5 * canvas.noise(90)
    x, y, index = tesserae(canvas, phase, motif.flow, SIZE, border_distance)
    count = len(x)
    color = canvas.sample(picture, x, y) + canvas.rng.normal(0, 1, (count, 3)) * (0.05, 0.016, 0.018)
    gold = (canvas.sample(motif.region, x, y) == SUN) & (canvas.rng.random(count) < 0.55)
    color[gold] = to_oklab(hex_color("d9a531")) + canvas.rng.normal(0, 1, (int(gold.sum()), 3)) * (
        0.07,
        0.01,
        0.015,
    )
    rim = edge_distance(index) / canvas.unit + 0.22 * canvas.noise(2.2)
    tile = smoothstep(0.8, 1.45, rim) * (index >= 0)
    faces = color[index].astype(np.float32)
    vein = canvas.noise(5, 2) * canvas.rng.uniform(0.0, 0.035, count).astype(np.float32)[index]
    faces[..., 0] += vein + 0.012 * canvas.noise(1.4)
    # Each face leans a little its own way, so that a wall of tiles glitters.
    lean = canvas.rng.normal(0, 0.05, (2, count)).astype(np.float32)
    tilt = lean[0][index] * (canvas.x - x[index]) + lean[1][index] * (canvas.y - y[index])
    relief = tile * (2.2 + tilt) + 1.1 * smoothstep(0.7, 3.2, rim) + (1 - tile) * 0.3 * canvas.noise(2.5)
    shade, shine = relief_shading(canvas, canvas.blur(relief, 0.45), steepness=0.8)
    gloss = canvas.rng.random(count).astype(np.float32)[index] ** 3
    grout = to_oklab(hex_color(GROUT)) + (0.05 * canvas.noise(1.6) + 0.03 * canvas.noise(40))[
        ..., None
    ] * vector(1, 0, 0)
    grout[..., 0] -= 0.16 * smoothstep(1.6, 0.4, rim) * smoothstep(0.2, 0.6, tile)
    lab = grout + tile[..., None] * (faces - grout)
    lab[..., 0] += (0.12 + 0.08 * tile) * np.clip(shade, -1, 1) + tile * (0.05 + 0.22 * gloss) * (
        shine - 0.02
    )
    return from_oklab(lab)
