"""Stained glass: jewel-colored panes with streaks and bubbles, light behind them, dark leads between."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep, vector
from bottega.styles.drawing.color_mixing import from_oklab, region_ramps, to_linear, to_srgb
from bottega.styles.drawing.motif import edge_distance
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.surface import relief_shading
from bottega.styles.drawing.tiles import Labels, connected_pieces, mean_colors, voronoi

PALETTE = (
    "10186a 1f4fb8 3f9ad0 a8dce8 f4f0d0",  # sky
    "e07800 ffb81a fff09a",  # sun
    "3a1470 7a3aa8 b86ab8 f0c0d0",  # far
    "0f4a24 4a8a18 a8b828 f6e880",  # near
    "06306a 0a78a0 30b8b0 c8f4e4",  # water
    "04281f 0a6a3a 3aa040 d0e04a",  # foliage
    "6a0418 c01026 f04a28 ffb080",  # accent
)


def paint(canvas: Canvas) -> Array:
    """Panes are the motif's things, cut further where a glazier would have to cut."""
    motif = scene(canvas, "garden", "hills", "table", "sea")
    tone = motif.normalized_tone()
    panes = connected_pieces(canvas, motif.label, voronoi(canvas, 76, wobble=8), min_area=240)
    rim = edge_distance(panes) / np.float32(canvas.unit)
    light = to_linear(from_oklab(_glass(canvas, panes, region_ramps(PALETTE, motif.region, tone), rim)))
    # The sky behind the window is uneven.
    light = light * np.clip(1.08 + 0.24 * canvas.noise(240) + 0.08 * canvas.noise(60), 0.45, 1.7)[..., None]
    width = 3.1 + 0.5 * canvas.noise(60)
    lead = smoothstep(0.5, -0.4, rim - width)
    relief = np.sqrt(np.clip(1 - (rim / width) ** 2, 0, 1)) * width + 0.15 * canvas.noise(3)
    facing, shine = relief_shading(canvas, canvas.blur(relief, 0.6), steepness=0.8)
    metal = (
        0.010
        + 0.020 * np.clip(facing, 0, 1)
        + 0.13 * smoothstep(0.12, 0.24, facing) * smoothstep(0.2, 1.0, shine)
    )
    leaded = light * (1 - lead[..., None]) + (lead * metal)[..., None] * vector(0.9, 0.95, 1.1)
    # Bright panes flood a little over their leads.
    return to_srgb(0.88 * leaded + 0.10 * canvas.blur(leaded, 4) + 0.06 * canvas.blur(leaded, 22))


def _glass(canvas: Canvas, panes: Labels, picture: Array, rim: Array) -> Array:
    """One color per pane, with streaks in the pane's own direction, a hammered surface and bubbles."""
    rng, count = canvas.rng, int(panes.max()) + 1
    color = mean_colors(panes, picture) + rng.normal(0, 1, (count, 3)) * (0.085, 0.022, 0.03)
    color[:, 1:] *= 1.15
    glass = (0.86 * color[panes] + 0.14 * picture).astype(np.float32)
    turn = rng.uniform(0, np.pi, count).astype(np.float32)[panes]
    along = canvas.x * np.cos(turn) + canvas.y * np.sin(turn)
    across = canvas.y * np.cos(turn) - canvas.x * np.sin(turn) + 400
    streaks = canvas.warp(canvas.noise(13, 2, stretch=5), along - canvas.x, across - canvas.y)
    bubbles = smoothstep(2.3, 2.8, canvas.noise(4.5))
    glass[..., 0] += 0.05 * streaks + 0.016 * canvas.noise(6, 2) + 0.06 * bubbles
    glass[..., 0] -= 0.11 * smoothstep(13, 2, rim)
    glass[..., 1:] *= (1 + 0.10 * streaks)[..., None]
    return glass
