"""Print techniques: swelling lines along a phase field, halftone screens, ragged block edges."""

from __future__ import annotations

import math

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep


def hatch(canvas: Canvas, phase: Array, spacing: float, thickness: Array, adapt: bool = True) -> Array:
    """Coverage (H, W) in [0, 1] of lines along the contours of ``phase``.

    ``spacing`` in units; ``thickness`` is the share of the spacing that the line fills (0 none, 1 solid).
    With ``adapt`` the spacing doubles or halves where the phase is steep or flat, as engravers add and drop
    lines.
    """
    steep = gradient_length(canvas, phase)
    scale = 2.0 ** np.round(np.log2(steep)) if adapt else np.ones_like(steep)
    turn = phase / (spacing * scale)
    # Distance to the line's center and its half thickness, both in pixels on the canvas.
    period = spacing * scale / steep * canvas.unit
    distance = np.abs(turn - np.round(turn)) * period
    inked = np.clip(0.5 * thickness * period - distance + 0.5, 0, 1) * np.clip(thickness * period, 0, 1)
    # Lines too close for the pixels become the tone that they would print.
    fine = smoothstep(2.6, 1.4, period)
    return (inked + fine * (np.clip(thickness, 0, 1) - inked)).astype(np.float32)


def gradient_length(canvas: Canvas, phase: Array) -> Array:
    """Length of the gradient of a phase, per unit, smoothed over its jumps and clipped to [0.02, 8]."""
    down, across = canvas.gradient(phase)
    return canvas.blur(np.clip(np.hypot(down, across), 0.02, 8).astype(np.float32), 2)


def line_phase(canvas: Canvas, angle: float, sway: Array) -> Array:
    """A phase field whose contours are straight lines at an angle (radians), displaced by ``sway`` units."""
    return canvas.y * math.cos(angle) - canvas.x * math.sin(angle) + sway


def halftone(canvas: Canvas, coverage: Array, angle: float, pitch: float) -> Array:
    """A screen of round dots at an angle (radians): (H, W) in [0, 1] whose local mean is the coverage."""
    turn = 2 * math.pi / pitch
    u = (canvas.x * math.cos(angle) + canvas.y * math.sin(angle)) * turn
    v = (canvas.y * math.cos(angle) - canvas.x * math.sin(angle)) * turn
    spot = (np.cos(u) + np.cos(v)) / 2
    threshold = np.interp(1 - coverage, np.linspace(0, 1, len(SPOT_QUANTILES)), SPOT_QUANTILES)
    pixel = 0.5 * turn / canvas.unit * np.hypot(np.sin(u), np.sin(v))
    dots = np.clip((spot - threshold) / np.maximum(pixel, 0.02) + 0.5, 0, 1)
    fine = smoothstep(3.0, 1.5, np.array(pitch * canvas.unit))
    return (dots + fine * (coverage - dots)).astype(np.float32)


def _spot_quantiles() -> Array:
    """Quantiles of the spot function over one cell: the threshold that prints each coverage."""
    wave = np.cos(np.linspace(0, math.pi, 256))
    spots = np.sort(((wave[:, None] + wave) / 2).ravel())[:: 256 * 2]
    # Beyond the ends, so that no coverage prints nothing and full coverage prints a solid.
    return np.concatenate([[-1.05], spots[1:], [1.05]])


SPOT_QUANTILES = _spot_quantiles()


def shift_plate(canvas: Canvas, plate: Array, dx: float, dy: float, ragged: float = 0.0) -> Array:
    """A printing plate moved by (dx, dy) units, its edges displaced at random by about ``ragged`` units."""
    if ragged:
        return canvas.warp(plate, dx + ragged * canvas.noise(5, 2), dy + ragged * canvas.noise(5, 2))
    zero = canvas.zeros()
    return canvas.warp(plate, zero + dx, zero + dy)
