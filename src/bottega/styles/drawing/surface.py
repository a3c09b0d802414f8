"""Light on a surface: a relief of paint, glass or paper seen under a lamp from the upper left."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas


def slope(canvas: Canvas, relief: Array) -> tuple[Array, Array]:
    """Gradient (down, across) of a relief in units of height per unit of length."""
    down, across = np.gradient(relief, np.float32(1 / canvas.unit))
    return down.astype(np.float32), across.astype(np.float32)


def lamp(canvas: Canvas, relief: Array, steepness: float = 1.0) -> tuple[Array, Array]:
    """Diffuse light (0 where flat, about −1 to 1) and a sharp highlight (0 to 1), from the upper left."""
    down, across = slope(canvas, relief)
    tilt = steepness * (down + across) / np.float32(np.sqrt(2))
    length = np.sqrt(1 + (steepness * down) ** 2 + (steepness * across) ** 2)
    facing = (0.6 * tilt + 0.8) / length
    return facing / 0.8 - 1, np.clip(facing, 0, 1) ** 40
