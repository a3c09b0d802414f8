"""Swirling oil: separate, curling dashes that turn around every light, dark ground showing between them."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep
from bottega.styles.drawing.color_mixing import color_ramp, from_oklab, region_ramps
from bottega.styles.drawing.motif import SKY, SUN, WATER
from bottega.styles.drawing.scenes import hills
from bottega.styles.drawing.strokes import bristle_brush, draw_strokes, flow_strokes
from bottega.styles.drawing.surface import relief_shading

PALETTE = (
    "0b1a4a 1f3f94 3f74c4 86b4d0 d9e2a8",  # sky
    "e8a21c ffd94a fff6c0",  # sun
    "101e4c 27508e 5f8fb8 a9c8b8",  # far
    "12302e 2c6150 7d9a3e d8c450",  # near
    "0a1d4e 2055a0 58a4c8 f2e27a",  # water
    "070f1e 12302a 2f5a34 6f8a3a",  # foliage
    "8a4a12 d88a1e f6c63c fff0a8",  # accent
)


def paint(canvas: Canvas) -> Array:
    """Stars and whirls turn the flow of the sky; three layers of narrow dashes follow it."""
    motif = hills(canvas)
    tone = motif.normalized_tone()
    flow, light = _whirls(canvas, motif.flow)
    sky = motif.region == SKY
    flow = np.where(sky, flow, motif.flow + 0.3 * canvas.noise(60)).astype(np.float32)
    tone = np.where(sky, np.clip(0.75 * tone + 0.8 * light, 0, 1), tone).astype(np.float32)
    picture = region_ramps(PALETTE, motif.region, tone)
    glow = (smoothstep(0.55, 0.85, light) * sky)[..., None]
    picture += glow * (color_ramp("e8a21c ffe060 fff8d8", light) - picture)
    still = np.isin(motif.region, (SKY, SUN, WATER))
    ground = 0.45 * color_ramp("0a1230 16305e 2a4a5a", 0.6 * tone) + 0.55 * picture
    relief = 0.2 * canvas.noise(2.5)
    brush = bristle_brush(canvas.rng, hairs=8, dry=0.2, ragged=0.12)
    for spacing, length, width, density in (
        (12.0, 60.0, 13.0, None),
        (7.6, 44.0, 7.0, None),
        (7.0, 26.0, 4.5, 0.35 + 0.65 * smoothstep(14, 3, motif.border_distance()) * ~still),
    ):
        strokes = flow_strokes(
            canvas,
            picture,
            flow,
            spacing,
            length,
            width,
            jitter=(0.075, 0.022, 0.035),
            sway=0.1,
            density=density,
            curve=0.9,
        )
        draw_strokes(canvas, ground, strokes, brush, relief, streak=0.1)
    shade, shine = relief_shading(canvas, canvas.blur(relief, 0.5), steepness=0.8)
    ground[..., 0] += 0.15 * np.clip(shade, -1, 1) + 0.08 * (shine - 0.02)
    return from_oklab(ground)


def _whirls(canvas: Canvas, base: Array) -> tuple[Array, Array]:
    """The flow angle, turned around stars, and their light (1 at a star, rings further out)."""
    x, y = canvas.scatter(min(canvas.wide, canvas.tall) / 3.4)
    vx, vy = 0.7 * np.cos(base), 0.7 * np.sin(base)
    vx, vy = vx + 0.8 + 0.5 * canvas.noise(200), vy + 0.6 * canvas.noise(160)
    light = canvas.zeros()
    for n in range(len(x)):
        radius = canvas.uniform(16, 34)
        dx, dy = canvas.x - x[n], canvas.y - y[n]
        distance = np.hypot(dx, dy)
        pull = 7 * np.exp(-((distance / (3.2 * radius)) ** 2)) / np.maximum(distance, 1)
        turn = 1 if canvas.rng.random() < 0.5 else -1
        vx, vy = vx - turn * pull * dy, vy + turn * pull * dx
        rings = 0.5 + 0.5 * np.cos(distance / (0.17 * radius + 3))
        light = np.maximum(light, np.exp(-((distance / radius) ** 2)) * 1.1)
        light = np.maximum(light, (0.25 + 0.4 * rings) * np.exp(-((distance / (2.4 * radius)) ** 2)))
    return np.arctan2(vy, vx), np.clip(light, 0, 1)
