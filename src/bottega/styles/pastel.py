"""Pastel: chalk dragged over dark, toothed paper, so that the ground sparkles between the grains."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smooth, vector
from bottega.styles.drawing.color_mixing import from_lab, pigment, ramps, to_lab
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.strokes import along_flow, bristle_brush, lay

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
    """Rubbed colour first, then open strokes that only catch the tooth of the paper."""
    motif = scene(canvas, "garden", "table", "hills")
    picture = ramps(PALETTE, motif.region, motif.stretched())
    chalk = canvas.blur(picture, 4)
    # The weight of chalk is laid along with its colour, as a second picture.
    weight = np.repeat((0.34 + 0.08 * canvas.noise(60, 2))[..., None], 3, axis=-1)
    stick = bristle_brush(canvas.rng, hairs=6, dry=0.12, ragged=0.08)
    slant = np.where(canvas.noise(150) > 0.3, -0.9, motif.flow)
    detail = smooth(20, 3, motif.outline())
    for spacing, length, width, opacity, flow in (
        (17.0, 84.0, 17.0, 0.6, motif.flow),
        (11.5, 62.0, 8.5, 0.7, slant),
        (9.0, 34.0, 5.0, 0.85, motif.flow),
    ):
        keep = 0.55 + 0.45 * detail
        strokes = along_flow(
            canvas, picture, flow, spacing, length, width, (0.06, 0.028, 0.028), 0.15, keep, opacity, 0.25
        )
        lay(canvas, chalk, strokes, stick)
        strokes.colour[:] = 0.5 + 0.5 * canvas.rng.random((len(strokes.x), 1), np.float32)
        lay(canvas, weight, strokes, stick)
    tooth = 0.7 * canvas.noise(1.3) + 0.55 * canvas.noise(2.7) + 0.25 * canvas.noise(1.2, stretch=7)
    cover = smooth(-0.42, 0.42, weight[..., 0] - 0.26 - 0.25 * tooth)
    chalk[..., 0] += 0.03 * canvas.noise(1.2) + 0.03 * smooth(0.2, 1.5, -tooth)
    paper = to_lab(pigment(PAPER)) + 0.02 * tooth[..., None] * vector(1, 0, 0)
    return from_lab(paper + (0.38 + 0.62 * cover[..., None]) * (chalk - paper))
