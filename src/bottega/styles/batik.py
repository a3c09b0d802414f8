"""Batik: cloth dyed in steps from cream to indigo, wax lines and dots left light, crackle where wax broke."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep
from bottega.styles.drawing.color_mixing import hex_color, overprint
from bottega.styles.drawing.hatching import hatch
from bottega.styles.drawing.motif import ACCENT, FAR, SUN
from bottega.styles.drawing.scenes import scene

CLOTH, OCHRE, MADDER, INDIGO = "f0e2c4", "dba24a", "a8402c", "12308c"


def paint(canvas: Canvas) -> Array:
    """Three dye baths; what was waxed before a bath stays free of it, except along the cracks."""
    motif = scene(canvas, "garden", "hills", "sea")
    tone = motif.normalized_tone()
    border_distance = motif.border_distance()
    crack, fine = _cracks(canvas, 62), _cracks(canvas, 23)
    bleed = 0.06 * canvas.noise(7, 2)
    outline_wax = smoothstep(1.7, 0.9, border_distance + 0.3 * canvas.noise(14))
    veins = hatch(canvas, motif.phase, 13.0, 0.22 * smoothstep(-0.2, 0.4, canvas.noise(70)))
    wax = np.maximum.reduce([outline_wax, 0.95 * veins, _dots(canvas, motif.phase, border_distance)])
    warm = np.isin(motif.region, (ACCENT, SUN, FAR))
    ochre = (
        smoothstep(0.95, 0.7, tone + bleed)
        * (1 - 0.8 * outline_wax)
        * np.where(warm, 1.0, smoothstep(0.62, 0.8, tone))
    )
    madder = smoothstep(0.62, 0.5, tone - 0.28 * warm + 0.5 * ~warm + bleed) * (1 - wax)
    indigo = smoothstep(0.66, 0.54, tone + 0.42 * warm + bleed - 0.04) * (1 - wax)
    second = smoothstep(0.34, 0.24, tone + 0.1 * warm + bleed) * (1 - 0.75 * wax)
    broken = np.clip(0.9 * crack + 0.55 * fine * smoothstep(0.0, 1.0, canvas.noise(110)), 0, 1)
    indigo = np.maximum(indigo, 0.95 * broken * (1 - 0.35 * madder))
    weave = (
        0.10
        * np.sin(canvas.x * 2.2 + 0.5 * canvas.noise(40))
        * np.sin(canvas.y * 2.2 + 0.5 * canvas.noise(40))
    )
    uptake = np.clip(0.92 + weave + 0.06 * canvas.noise(45, 3) + 0.035 * canvas.noise(1.5), 0, 1.05)
    return overprint(
        hex_color(CLOTH) + 0.4 * weave[..., None] * 0.12,
        [
            (OCHRE, np.clip(0.8 * ochre * uptake, 0, 1)),
            (MADDER, np.clip(0.9 * madder * uptake, 0, 1)),
            (INDIGO, np.clip(0.95 * indigo * uptake, 0, 1)),
            (INDIGO, np.clip(0.85 * second * uptake, 0, 1)),
        ],
    )


def _cracks(canvas: Canvas, spacing: float) -> Array:
    """A net of hairline cracks: the borders of irregular cells, distorted and fading in and out."""
    x, y = canvas.scatter(spacing, spacing)
    dx = 0.16 * spacing * canvas.noise(0.6 * spacing, 3)
    dy = 0.16 * spacing * canvas.noise(0.6 * spacing, 3)
    places = np.stack([(canvas.x + dx).ravel(), (canvas.y + dy).ravel()], axis=-1)
    distance = cKDTree(np.stack([x, y], axis=-1)).query(places, k=2)[0]
    gap = (distance[:, 1] - distance[:, 0]).reshape(canvas.height, canvas.width).astype(np.float32)
    width = 1.1 + 0.5 * canvas.noise(30)
    return smoothstep(1.3, 0.2, gap / np.clip(width, 0.3, 3)) * smoothstep(
        -1.0, 0.2, canvas.noise(1.6 * spacing)
    )


def _dots(canvas: Canvas, phase: Array, border_distance: Array) -> Array:
    """Rows of wax dots along some contour lines, away from the borders."""
    u, v = 2 * np.pi * canvas.x / 9.5, 2 * np.pi * canvas.y / 9.5
    spot = np.cos(u + 0.9 * canvas.noise(40)) * np.cos(v + 0.9 * canvas.noise(40))
    where = smoothstep(4, 7, border_distance) * (smoothstep(0.1, 0.3, np.sin(phase / 17)))
    return smoothstep(0.50, 0.68, spot) * where
