"""The surface of a picture: light on a relief of paint, glass or paper, and washes of wet paint on paper.

The washes imitate the effects in Curtis et al., "Computer-generated watercolor", 1997 (edge darkening,
granulation, back-runs) with noise and blurs instead of a fluid simulation.
"""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep


def relief_shading(canvas: Canvas, relief: Array, steepness: float = 1.0) -> tuple[Array, Array]:
    """Diffuse light (0 where flat, about −1 to 1) and a sharp highlight (0 to 1), from the upper left."""
    down, across = canvas.gradient(relief)
    tilt = steepness * (down + across) / np.float32(np.sqrt(2))
    length = np.sqrt(1 + (steepness * down) ** 2 + (steepness * across) ** 2)
    facing = (0.6 * tilt + 0.8) / length
    return facing / 0.8 - 1, np.clip(facing, 0, 1) ** 40


def paper_grain(canvas: Canvas) -> Array:
    """Cold-pressed paper: a bumpy field of deviation about 1, positive in the hollows."""
    return 0.75 * canvas.noise(1.7) + 0.45 * canvas.noise(3.6) + 0.3 * canvas.noise(1.1)


def wash(
    canvas: Canvas, amount: Array, grain: Array, creep: float = 3.0, rim: float = 0.7, granulate: float = 0.16
) -> Array:
    """One wash: the density of pigment (H, W) that ``amount`` leaves when it has dried.

    ``creep`` is how far (units) the edge wanders; ``rim`` how much darker it dries; ``granulate`` how much
    pigment collects in the hollows of the paper.
    """
    wander = canvas.noise(26, 2), canvas.noise(26, 2)
    moved = canvas.warp(amount, creep * wander[0] + 0.3 * canvas.noise(3), creep * wander[1])
    moved = canvas.blur(moved, 0.5)
    edge = np.clip(moved - canvas.blur(moved, 2.2), 0, 1) + 0.5 * np.clip(moved - canvas.blur(moved, 9), 0, 1)
    pool = canvas.noise(70, 2)
    # A back-run: water creeps into drying paint and leaves a crinkled dark line.
    run = pool + 0.25 * canvas.noise(9)
    bloom = np.exp(-((run / 0.07) ** 2)) * smoothstep(-0.5, 0.6, canvas.noise(110))
    density = moved * (1 + 0.20 * pool + 0.30 * bloom - 0.22 * smoothstep(0, 0.5, run)) + rim * edge
    return np.clip(density * (1 + granulate * grain), 0, None).astype(np.float32)
