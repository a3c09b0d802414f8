"""Ukiyo-e: flat, graded blocks of few colors with the grain of cherry wood, and indigo outlines."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep
from bottega.styles.drawing.color_mixing import color_ramp, from_oklab, hex_color, to_linear, to_srgb
from bottega.styles.drawing.hatching import hatch, shift_plate
from bottega.styles.drawing.motif import ACCENT, SKY, WATER
from bottega.styles.drawing.scenes import scene

PALETTE = (
    "e2d2ae e9dcbc efe4ca f2e6cc",  # sky
    "c8432e d9593a e07a50",  # sun
    "5d7486 8fa3a4 c5c4ae e6d9ba",  # far
    "7d7d4a a7a064 cfc48a e6dab0",  # near
    "14305e 28568c 6f9fb6 b9d2cc",  # water
    "22403c 3f6450 7f9468 bdbb84",  # foliage
    "b4a888 efe6d2 f7f0de",  # accent
)
KEY = "142447"


def paint(canvas: Canvas) -> Array:
    """Each color is cut into three or four steps; the key block outlines and draws parallel lines."""
    motif = scene(canvas, "sea", "hills")
    tone = motif.normalized_tone()
    steps = 4.0
    soft = tone + 0.03 * canvas.noise(18, 2)
    level = (np.floor(soft * steps) + smoothstep(0.42, 0.58, soft * steps % 1)) / steps
    flat = np.stack([_ramp_of(motif.region, level)[..., c] for c in range(3)], axis=-1)
    # Bokashi: the printer wipes the block so that a color fades from the top or from the bottom.
    top = smoothstep(0.20, 0.0, canvas.y / canvas.tall + 0.02 * canvas.noise(120)) * (motif.region == SKY)
    flat += top[..., None] * (color_ramp("1c3b6e", canvas.zeros()) - flat) * 0.85
    blush = np.exp(-(((canvas.y / canvas.tall - 0.30) / 0.09) ** 2)) * (motif.region == SKY)
    flat += blush[..., None] * (color_ramp("e9a184", canvas.zeros()) - flat) * 0.7
    cloud = canvas.noise(64, 2, stretch=4.5) - 0.55 + 0.5 * smoothstep(0.35, 0.0, canvas.y / canvas.tall)
    drift = np.where(motif.region == SKY, cloud, -9.0)
    flat += (0.75 * smoothstep(0.0, 0.03, drift))[..., None] * (color_ramp("f3e6cb", canvas.zeros()) - flat)
    grain = canvas.noise(1.6, stretch=34) + 0.7 * canvas.noise(6, stretch=24)
    baren = 0.5 * canvas.noise(2.0) + 0.5 * canvas.noise(30, 2)
    flat[..., 0] += 0.016 * grain + 0.012 * baren
    light = to_linear(from_oklab(flat))
    # The key block: outlines that swell, parallel lines in water, hills and cloud bands.
    swell = 1.1 + 0.9 * smoothstep(-1.2, 1.2, canvas.noise(60)) + 0.4 * (motif.region == WATER)
    key = np.clip((swell - motif.border_distance()) * canvas.unit + 0.5, 0, 1)
    edge = np.abs(drift) / np.maximum(np.hypot(*canvas.gradient(cloud)), 0.002)
    key = np.maximum(key, np.clip((0.6 * swell - edge) * canvas.unit + 0.5, 0, 1))
    phase = motif.phase + 1.6 * canvas.noise(50)
    share = np.where(motif.region == ACCENT, 0.10, np.where(motif.region == SKY, 0.0, 0.16))
    broken = smoothstep(-0.3, 0.5, canvas.noise(36, stretch=2) + 1.2 * (0.55 - tone))
    key = np.maximum(key, hatch(canvas, phase, 11.0, (share * broken).astype(np.float32)))
    bold = (motif.region == WATER) * smoothstep(0.5, 0.3, tone)
    key = np.maximum(key, 0.85 * hatch(canvas, phase, 11.0, 0.45 * bold.astype(np.float32)))
    key = shift_plate(canvas, key.astype(np.float32), 0.8, -0.6, ragged=0.3) * np.clip(
        0.95 + 0.06 * grain, 0, 1
    )
    return to_srgb(light * (1 - 0.94 * key[..., None] * (1 - to_linear(hex_color(KEY)))))


def _ramp_of(region: np.ndarray, level: Array) -> Array:
    picture = np.empty((*level.shape, 3), np.float32)
    for number, names in enumerate(PALETTE):
        inside = region == number
        picture[inside] = color_ramp(names, level[inside])
    return picture
