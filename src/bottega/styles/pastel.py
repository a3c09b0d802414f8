"""Pastel: chalk dragged over dark, toothed paper, so that the ground sparkles between the grains."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep, vector
from bottega.styles.drawing.color_mixing import from_oklab, hex_color, region_ramps, to_oklab
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.strokes import bristle_brush, draw_strokes, flow_strokes

PALETTE = (
    "34427e 7585cc b6c0ec f9dde4",  # sky
    "f08a4a ffd08a fff4dc",  # sun
    "4a3474 9470b6 dba2c4 fcd9cf",  # far
    "24423c 5f9470 b4c888 f6f2ac",  # near
    "1a3768 4588b0 96cecc f2f8e8",  # water
    "10282a 2a6452 76aa70 dade96",  # foliage
    "6e1646 d4445e f88c7c ffdcc2",  # accent
)
PAPER = "4b3f48"


def paint(canvas: Canvas) -> Array:
    """Rubbed color first, then open strokes that only catch the tooth of the paper."""
    motif = scene(canvas, "garden", "table", "hills")
    picture = region_ramps(PALETTE, motif.region, motif.normalized_tone())
    chalk = canvas.blur(picture, 4)
    # The amount of chalk is drawn along with its color, as a second picture.
    weight = np.repeat((0.34 + 0.08 * canvas.noise(60, 2))[..., None], 3, axis=-1)
    stick = bristle_brush(canvas.rng, hairs=6, dry=0.12, ragged=0.08)
    slant = np.where(canvas.noise(150) > 0.3, -0.9, motif.flow)
    detail = smoothstep(20, 3, motif.border_distance())
    for spacing, length, width, opacity, flow in (
        (17.0, 84.0, 17.0, 0.6, motif.flow),
        (11.5, 62.0, 8.5, 0.7, slant),
        (9.0, 34.0, 5.0, 0.85, motif.flow),
    ):
        density = 0.55 + 0.45 * detail
        strokes = flow_strokes(
            canvas, picture, flow, spacing, length, width, (0.06, 0.028, 0.028), 0.15, density, opacity, 0.25
        )
        draw_strokes(canvas, chalk, strokes, stick)
        strokes.color[:] = 0.5 + 0.5 * canvas.rng.random((len(strokes.x), 1), np.float32)
        draw_strokes(canvas, weight, strokes, stick)
    tooth = 0.7 * canvas.noise(1.3) + 0.55 * canvas.noise(2.7) + 0.25 * canvas.noise(1.2, stretch=7)
    cover = smoothstep(-0.42, 0.42, weight[..., 0] - 0.26 - 0.25 * tooth)
    chalk[..., 0] += 0.03 * canvas.noise(1.2) + 0.03 * smoothstep(0.2, 1.5, -tooth)
    paper = to_oklab(hex_color(PAPER)) + 0.02 * tooth[..., None] * vector(1, 0, 0)
    return from_oklab(paper + (0.38 + 0.62 * cover[..., None]) * (chalk - paper))
