"""Cut-out: sheets of paper painted with gouache, scissored into leaves and stars, pasted on color fields."""

from __future__ import annotations

import math

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep, vector
from bottega.styles.drawing.color_mixing import from_oklab, hex_color, to_oklab

SHEETS = ("f3ead6", "1f4fa8", "e0452e", "f2b632", "2f8a5c", "171a22", "ee8fae", "f07a2a", "7fc0d8", "6a3f8f")


def paint(canvas: Canvas) -> Array:
    """Fields of color first, then big leaves and small ones; every sheet has its own brushwork."""
    sheet = np.broadcast_to(to_oklab(hex_color(SHEETS[0])), (canvas.height, canvas.width, 3)).copy()
    last = _fields(canvas, sheet)
    for spacing, reach in ((236.0, 138.0), (196.0, 74.0), (150.0, 34.0)):
        x, y = canvas.scatter(spacing, 0.25 * spacing)
        for n in range(len(x)):
            size = reach * canvas.uniform(0.75, 1.2)
            box = canvas.box(x[n] - 1.3 * size, y[n] - 1.3 * size, x[n] + 1.3 * size, y[n] + 1.3 * size)
            dx, dy = canvas.x[:, box[1]] - x[n], canvas.y[box[0]] - y[n]
            shape = _seaweed(canvas, dx, dy, size) if reach > 40 else _petal(canvas, dx, dy, size)
            _paste_sheet(canvas, sheet, last, shape, box)
    sheet[..., 0] += 0.010 * canvas.noise(1.5) + 0.010 * canvas.noise(3, 2)
    return from_oklab(sheet)


def _fields(canvas: Canvas, sheet: Array) -> np.ndarray:
    """A patchwork of uneven rectangles. Returns which sheet lies on top of each pixel."""
    last = np.zeros(sheet.shape[:2], np.int32)
    x, y = canvas.scatter(210, 60)
    for n in range(len(x)):
        wide, tall, turn = canvas.uniform(90, 170), canvas.uniform(90, 170), canvas.uniform(-0.06, 0.06)
        dx, dy = canvas.x - x[n], canvas.y - y[n]
        shape = np.maximum(np.abs(dx + turn * dy) - wide, np.abs(dy - turn * dx) - tall)
        _paste_sheet(canvas, sheet, last, shape, (slice(None), slice(None)))
    return last


def _seaweed(canvas: Canvas, dx: Array, dy: Array, size: float) -> Array:
    """Signed distance to a seaweed leaf: round fingers on both sides of a curved spine."""
    turn, fingers, curve = (
        canvas.uniform(0, math.tau),
        int(canvas.rng.integers(4, 7)),
        canvas.uniform(-0.5, 0.5),
    )
    along = (dx * math.cos(turn) + dy * math.sin(turn)) / size
    across = (dy * math.cos(turn) - dx * math.sin(turn)) / size - curve * (along**2 - 0.3)
    shape = _capsule(along, across, (-0.95, 0.0), (0.9, 0.0), 0.07)
    for k in range(fingers):
        root = -0.7 + 1.45 * k / (fingers - 1)
        reach = (0.72 - 0.45 * abs(root + 0.1)) * canvas.uniform(0.85, 1.15)
        for side in (-1, 1):
            tip = (root + 0.32, side * reach)
            finger = _capsule(along, across, (root, 0.0), tip, 0.085 + 0.02 * canvas.uniform(0, 1))
            # A smooth union leaves the round notches between the fingers.
            mix = np.clip(0.5 + (shape - finger) / 0.16, 0, 1)
            shape = shape + (finger - shape) * mix - 0.08 * mix * (1 - mix)
    return shape * size


def _petal(canvas: Canvas, dx: Array, dy: Array, size: float) -> Array:
    """A small star, drop or leaf."""
    turn, lobes = canvas.uniform(0, math.tau), int(canvas.rng.integers(1, 7))
    angle, distance = np.arctan2(dy, dx) + turn, np.hypot(dx, dy)
    rim = size * (0.62 + 0.3 * np.cos(lobes * angle) + 0.08 * np.sin(2 * angle))
    return 0.8 * (distance - rim)


def _capsule(
    x: Array, y: Array, start: tuple[float, float], end: tuple[float, float], radius: float
) -> Array:
    ax, ay = end[0] - start[0], end[1] - start[1]
    t = np.clip(((x - start[0]) * ax + (y - start[1]) * ay) / (ax * ax + ay * ay), 0, 1)
    return np.hypot(x - start[0] - t * ax, y - start[1] - t * ay) - radius * (0.75 + 0.7 * t)


def _paste_sheet(
    canvas: Canvas, sheet: Array, last: np.ndarray, shape: Array, box: tuple[slice, slice]
) -> None:
    """Paste one painted sheet of another color than what is under its middle, with a soft shadow."""
    # All draws come first, so that what is off the canvas does not change what follows.
    order = canvas.rng.permutation(len(SHEETS))
    turn, wave = canvas.uniform(0, math.pi), canvas.rng.uniform(0, math.tau, 5)
    inside = shape < 0
    if not inside.any():
        return
    under = np.bincount(last[box][inside], minlength=len(SHEETS)) > 0.06 * inside.sum()
    choice = int(order[np.argmin(under[order])])
    rows, columns = np.arange(shape.shape[0]), np.arange(shape.shape[1])
    across = (columns[None, :] * math.cos(turn) + rows[:, None] * math.sin(turn)) / canvas.unit
    along = (rows[:, None] * math.cos(turn) - columns[None, :] * math.sin(turn)) / canvas.unit
    curved = across + 6 * np.sin(along / 60 + wave[0]) + 3 * np.sin(along / 23 + wave[1])
    brush = (
        np.sin(curved / 5.1 + wave[2])
        + np.sin(curved / 2.3 + wave[3] + 0.02 * along)
        + 0.8 * np.sin(curved / 13 + wave[4])
    )
    color = to_oklab(hex_color(SHEETS[choice])) + brush[..., None] * vector(0.018, 0.003, 0.004)
    cover = np.clip(0.5 - shape * canvas.unit, 0, 1)[..., None]
    patch = sheet[box]
    shadow = 0.07 * smoothstep(6, 0, shape)
    patch[..., 0] -= shadow * (1 - cover[..., 0])
    rim = 0.03 * smoothstep(-1.6, -0.2, shape)
    color[..., 0] += rim
    patch += cover * (color - patch)
    last[box][inside] = choice
