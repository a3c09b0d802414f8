"""Marks of printmakers: swelling lines along a phase field, halftone screens, ragged block edges."""

from __future__ import annotations

import math

import numpy as np

from bottega.styles.craft.canvas import Array, Canvas


def lines(canvas: Canvas, phase: Array, spacing: float, thickness: Array, adapt: bool = True) -> Array:
    """Coverage (H, W) in [0, 1] of lines along the contours of ``phase``.

    ``spacing`` in units; ``thickness`` is the share of the spacing that the line fills (0 none, 1 solid).
    With ``adapt`` the spacing doubles or halves where the phase is steep or flat, as an engraver adds and
    drops lines.
    """
    down, across = np.gradient(phase, np.float32(1 / canvas.unit))
    steep = canvas.blur(np.clip(np.hypot(down, across), 0.02, 8).astype(np.float32), 2)
    scale = 2.0 ** np.round(np.log2(steep)) if adapt else np.ones_like(steep)
    turn = phase / (spacing * scale)
    # Distance to the line's centre and its half thickness, both in pixels on the canvas.
    period = spacing * scale / steep * canvas.unit
    distance = np.abs(turn - np.round(turn)) * period
    inked = np.clip(0.5 * thickness * period - distance + 0.5, 0, 1)
    return (inked * np.clip(thickness * period, 0, 1)).astype(np.float32)


def straight(canvas: Canvas, angle: float, sway: Array) -> Array:
    """A phase field whose contours are straight lines at an angle (radians), bent by ``sway`` units."""
    return canvas.y * math.cos(angle) - canvas.x * math.sin(angle) + sway


def halftone(canvas: Canvas, coverage: Array, angle: float, pitch: float) -> Array:
    """A screen of round dots at an angle (radians): (H, W) in [0, 1] whose local mean is the coverage."""
    turn = 2 * math.pi / pitch
    u = (canvas.x * math.cos(angle) + canvas.y * math.sin(angle)) * turn
    v = (canvas.y * math.cos(angle) - canvas.x * math.sin(angle)) * turn
    spot = (np.cos(u) + np.cos(v)) / 4 + 0.5
    # The spot's own distribution is narrower than uniform; this brings it to one (fitted, ±0.01).
    level = 0.5 + np.arcsin(np.clip(2 * spot - 1, -1, 1)) / math.pi
    softness = max(1.6 / (pitch * canvas.unit), 0.05)
    return np.clip((coverage - 1 + level) / softness + 0.5 * (1 - np.abs(2 * coverage - 1)), 0, 1).astype(
        np.float32
    )


def shifted(canvas: Canvas, plate: Array, dx: float, dy: float, ragged: float = 0.0) -> Array:
    """A printing plate moved by (dx, dy) units, its edges displaced at random by about ``ragged`` units."""
    if ragged:
        return canvas.warp(plate, dx + ragged * canvas.noise(5, 2), dy + ragged * canvas.noise(5, 2))
    zero = canvas.zeros()
    return canvas.warp(plate, zero + dx, zero + dy)
