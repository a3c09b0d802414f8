"""Watercolor: transparent glazes, light to dark, each with its own edge, bloom and granulation."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep
from bottega.styles.drawing.color_mixing import from_oklab, hex_color, region_ramps, to_linear, to_srgb
from bottega.styles.drawing.motif import SKY, WATER
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.surface import paper_grain, wash

PALETTE = (
    "4f86c4 86b8dc bcdcea f4dcc4",  # sky
    "f09a38 f8cc62 fdeeb0",  # sun
    "665f9c 9486ba cfaec0 f2d6ca",  # far
    "567a2c 8aa53e c8ca5e f0e69c",  # near
    "247898 54a6b8 9cd2d2 e6f4ea",  # water
    "24563f 52883f 96b650 dede8a",  # foliage
    "a82444 dc5a50 f29676 fcd6bc",  # accent
)
PENCIL = "57504a"


def paint(canvas: Canvas) -> Array:
    """Each glaze multiplies the light that comes back from the paper; a pencil drawing shows through."""
    motif = scene(canvas, "table", "hills", "sea", "garden")
    tone = motif.normalized_tone()
    grain = paper_grain(canvas)
    # Pigments spread a little into their neighbors: wet in wet.
    lab = region_ramps(PALETTE, motif.region, 0.3 + 0.7 * tone)
    lab = 0.7 * canvas.blur(lab, 1) + 0.3 * canvas.blur(lab, 12)
    lab[..., 1:] *= 1.3
    lab[..., 1] += 0.012 * canvas.noise(50, 2)
    lab[..., 2] += 0.016 * canvas.noise(50, 2)
    absorbed = -np.log(np.clip(to_linear(from_oklab(lab)), 0.012, 1))
    light = to_linear(np.clip(hex_color("f8f3e7") + 0.010 * grain[..., None], 0, 1))
    pencil = smoothstep(0.8, -0.2, motif.border_distance() - 0.9 - 0.3 * canvas.noise(20)) * smoothstep(
        -0.2, 0.8, canvas.noise(70)
    )
    light = light * (
        1 - 0.6 * (pencil * smoothstep(-0.8, 0.6, grain))[..., None] * (1 - to_linear(hex_color(PENCIL)))
    )
    rims = smoothstep(2.0, 0.3, motif.border_distance())
    # Some edges of a wash are left to dry, others are softened with a damp brush; skies mostly so.
    soft = smoothstep(-0.2, 0.9, canvas.noise(90) + 0.7 * np.isin(motif.region, (SKY, WATER)))
    for strength, middle, creep in (
        (0.55, 0.96, 2.5),
        (0.5, 0.70, 2.0),
        (0.65, 0.46, 1.6),
        (0.9, 0.26, 1.2),
        (1.0, 0.1, 1.0),
    ):
        level = middle - tone + 0.045 * canvas.noise(16, 2)
        amount = smoothstep(0.0, 1.0, 0.5 + level / (0.05 + 0.4 * soft))
        # White paper is left between neighboring washes, here and there.
        gap = 1 - 0.85 * rims * smoothstep(0.7, 1.2, canvas.noise(45))
        density = strength * wash(canvas, amount * gap, grain, creep=creep, rim=1.1, granulate=0.12)
        light = light * np.exp(-density[..., None] * absorbed)
    spatter = 0.7 * smoothstep(2.7, 3.0, canvas.noise(7))
    light = light * np.exp(-spatter[..., None] * canvas.blur(absorbed, 20))
    return to_srgb(light)
