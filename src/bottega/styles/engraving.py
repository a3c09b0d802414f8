"""Engraving: swelling lines of sepia ink, crossed in the shadows, over a pale tinted guilloche."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep
from bottega.styles.drawing.color_mixing import hex_color, overprint
from bottega.styles.drawing.hatching import hatch, line_phase, shift_plate
from bottega.styles.drawing.scenes import scene

PAPER, SEPIA, GREEN, ROSE = "f3ecd9", "1f120b", "7fae94", "d99a84"


def paint(canvas: Canvas) -> Array:
    """Contour lines everywhere, one crossing below middle tone, another in the darks, dots in the lights."""
    motif = scene(canvas, "hills", "sea", "table", "garden")
    tone = smoothstep(0.0, 1.0, motif.normalized_tone(2, 97)) ** 0.85
    pitch = canvas.visible(5.2, 3.4)
    depth = 0.94 * (1 - tone)
    phase = motif.phase + 1.2 * canvas.noise(60, 2)
    key = hatch(canvas, phase, pitch, 0.06 + 0.72 * depth * smoothstep(0.02, 0.15, depth))
    sway = 14 * canvas.noise(150)
    tilt = np.round(motif.label * 0.618 % 1 * 3) / 3
    for angle, low in ((0.75, 0.42), (-0.62, 0.66)):
        crossing = line_phase(canvas, angle, sway) + 9 * tilt
        share = smoothstep(low, low + 0.12, depth) * (0.14 + 0.52 * (depth - low) / (1 - low))
        key = np.maximum(key, hatch(canvas, crossing, pitch, share, adapt=False))
    # Flicks and dots carry the tone into the light.
    dots = hatch(
        canvas, phase, pitch, 0.35 * smoothstep(0.3, 1.0, canvas.noise(3.2)) * smoothstep(0.3, 0.12, depth)
    )
    key = np.maximum(key, dots)
    contour = 0.7 + 0.6 * smoothstep(-1, 1, canvas.noise(50)) + 0.9 * smoothstep(0.4, 0.9, depth)
    key = np.maximum(key, np.clip((contour - motif.border_distance()) * canvas.unit + 0.5, 0, 1))
    key = canvas.blur(shift_plate(canvas, key.astype(np.float32), 0, 0, ragged=0.22), 0.22)
    tint = 0.42 * hatch(canvas, _guilloche(canvas, 0.4), 6.5, 0.32 + 0.16 * canvas.noise(120), adapt=False)
    other = 0.46 * hatch(canvas, _guilloche(canvas, -0.9), 6.5, 0.30 + 0.16 * canvas.noise(120), adapt=False)
    wipe = 0.02 + 0.08 * smoothstep(0.2, 1, canvas.blur(depth, 4)) + 0.015 * canvas.noise(40, 2)
    paper = np.clip(
        hex_color(PAPER) + 0.008 * canvas.noise(1.6)[..., None] - 0.01 * canvas.noise(90)[..., None], 0, 1
    )
    ink = np.clip(np.maximum(0.96 * key, wipe), 0, 1)
    return overprint(paper, [(GREEN, tint), (ROSE, other), (SEPIA, ink)])


def _guilloche(canvas: Canvas, angle: float) -> Array:
    """A phase of interlaced waves, as on share certificates."""
    along = line_phase(canvas, angle + 1.5708, canvas.zeros())
    wave = 22 * np.sin(along / 31 + 1.3 * canvas.noise(220)) + 9 * np.sin(along / 12)
    return line_phase(canvas, angle, wave)
