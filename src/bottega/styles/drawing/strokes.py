"""Brush strokes: textured marks laid one over another, after Hertzmann, "Painterly rendering with curved
brush strokes of multiple sizes", 1998 (marks from big to small), with a bank of bristle textures instead
of plain discs and one bend per stroke instead of a traced path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bottega.styles.drawing.canvas import Array, Canvas, smooth, vector

_ACROSS, _ALONG, _VARIANTS = 40, 120, 8


@dataclass(frozen=True)
class Brush:
    """A bank of marks: ``alpha`` and ``height`` of shape (variants, across, along), both in [0, 1]."""

    alpha: Array
    height: Array


@dataclass(frozen=True)
class Strokes:
    """One entry per stroke, in units and radians: centre, direction, length, width, bend (sideways
    shift of the ends, in widths), OKLab colour (n, 3), opacity."""

    x: Array
    y: Array
    angle: Array
    length: Array
    width: Array
    bend: Array
    colour: Array
    opacity: Array


def along_flow(
    canvas: Canvas,
    picture: Array,
    flow: Array,
    spacing: float,
    length: float,
    width: float,
    jitter: tuple[float, float, float] = (0.04, 0.02, 0.02),
    sway: float = 0.15,
    keep: Array | None = None,
    opacity: float = 1.0,
    bend: float = 0.6,
) -> Strokes:
    """Strokes scattered over the canvas along the flow, taking the colours of an OKLab picture.

    ``spacing``, ``length`` and ``width`` in units (the last two vary by a third); ``jitter`` is the
    deviation of each OKLab channel; ``sway`` of the angle in radians; ``keep`` (H, W) is the chance
    that a stroke is laid at a place; ``bend`` in widths.
    """
    rng = canvas.rng
    x, y = canvas.scatter(spacing, length / 3)
    if keep is not None:
        chosen = rng.random(len(x), np.float32) < canvas.at(keep, x, y)
        x, y = x[chosen], y[chosen]
    count = len(x)
    colour = canvas.at(picture, x, y) + rng.standard_normal((count, 3), np.float32) * vector(*jitter)
    angle = canvas.at(flow, x, y) + sway * rng.standard_normal(count, np.float32)
    size = rng.uniform(0.67, 1.33, (2, count)).astype(np.float32)
    bends = bend * rng.standard_normal(count, np.float32)
    return Strokes(
        x, y, angle, length * size[0], width * size[1], bends, colour, np.full(count, opacity, np.float32)
    )


def bristle_brush(rng: np.random.Generator, hairs: int = 14, dry: float = 0.3, ragged: float = 0.2) -> Brush:
    """A flat brush. ``dry`` in [0, 1] lets hairs run out; ``ragged`` is how unevenly they start and end."""
    across = np.linspace(-1, 1, _ACROSS, dtype=np.float32)[None, :, None]
    along = np.linspace(0, 1, _ALONG, dtype=np.float32)[None, None, :]
    hair = _resized(rng.random((_VARIANTS, hairs, 1), np.float32), (_ACROSS, 1))
    wobble = _resized(rng.random((_VARIANTS, hairs, 9), np.float32), (_ACROSS, _ALONG))
    start = ragged * _resized(rng.random((_VARIANTS, hairs, 1), np.float32), (_ACROSS, 1))
    end = 1 - 1.6 * ragged * _resized(rng.random((_VARIANTS, hairs, 1), np.float32), (_ACROSS, 1))
    ends = smooth(0, 0.05, along - start - 0.02) * smooth(0, 0.1, end - along - 0.02)
    sides = smooth(1, 0.82, np.abs(across) + 0.15 * (wobble - 0.5))
    load = 0.55 * hair + 0.45 * wobble
    wet = smooth(-0.1, 0.2, load - dry * (0.25 + along) + 0.12)
    height = np.clip(0.25 + 0.75 * load + 0.25 * smooth(0.8, 0.97, along / end), 0, 1)
    return _bordered(ends * sides * wet, height)


def round_brush(rng: np.random.Generator, rough: float = 0.25, soft: float = 0.2) -> Brush:
    """A dab: an ellipse with an uneven edge. ``soft`` is the share of the radius over which it fades."""
    across = np.linspace(-1, 1, _ACROSS, dtype=np.float32)[None, :, None]
    along = np.linspace(-1, 1, _ALONG, dtype=np.float32)[None, None, :]
    edge = _resized(rng.standard_normal((_VARIANTS, 6, 6)).astype(np.float32), (_ACROSS, _ALONG))
    radius = np.hypot(across, along) + 0.3 * rough * edge
    grain = _resized(rng.random((_VARIANTS, 10, 14), np.float32), (_ACROSS, _ALONG))
    return _bordered(
        smooth(0.96, 0.96 - soft, radius), np.clip(1 - radius**2 * 0.8 + 0.3 * (grain - 0.5), 0, 1)
    )


def lay(
    canvas: Canvas,
    picture: Array,
    strokes: Strokes,
    brush: Brush,
    relief: Array | None = None,
    streak: float = 0.0,
) -> None:
    """Lay strokes over an OKLab picture (H, W, 3) in place, in the order given.

    ``relief`` (H, W), if any, receives the height of the paint; ``streak`` lightens and darkens the
    colour along the hairs by so much lightness.
    """
    unit = canvas.unit
    variant = canvas.rng.integers(0, _VARIANTS, len(strokes.x))
    flip = np.where(canvas.rng.random(len(strokes.x)) < 0.5, -1.0, 1.0)
    cos, sin = np.cos(strokes.angle), np.sin(strokes.angle)
    # Pixels of the bounding box: the rotated rectangle plus the bend.
    half_length, half_width = strokes.length / 2, strokes.width * (0.5 + np.abs(strokes.bend))
    reach_x = (np.abs(cos) * half_length + np.abs(sin) * half_width) * unit + 1
    reach_y = (np.abs(sin) * half_length + np.abs(cos) * half_width) * unit + 1
    left = np.maximum(strokes.x * unit - reach_x, 0).astype(int)
    right = np.minimum(strokes.x * unit + reach_x + 1, canvas.width).astype(int)
    top = np.maximum(strokes.y * unit - reach_y, 0).astype(int)
    bottom = np.minimum(strokes.y * unit + reach_y + 1, canvas.height).astype(int)
    # A stroke is never thinner than a pixel: it pales instead.
    width = np.maximum(strokes.width, 1.2 / unit)
    opacity = strokes.opacity * strokes.width / width
    bank = _softened(brush.alpha, strokes, unit)
    for n in np.flatnonzero((left < right) & (top < bottom)):
        box = (slice(top[n], bottom[n]), slice(left[n], right[n]))
        dx, dy = canvas.x[:, box[1]] - strokes.x[n], canvas.y[box[0]] - strokes.y[n]
        along = (dx * cos[n] + dy * sin[n]) * (1 / strokes.length[n])
        across = (dy * (flip[n] * cos[n]) - dx * (flip[n] * sin[n])) * (1 / width[n])
        if strokes.bend[n]:
            across = across - (4 * strokes.bend[n]) * (along * along - 0.08)
        i = np.clip((across + 0.5) * (_ACROSS + 2), 0, _ACROSS + 1).astype(np.int32)
        j = np.clip((along + 0.5) * (_ALONG + 2), 0, _ALONG + 1).astype(np.int32)
        alpha = bank[variant[n]][i, j] * opacity[n]
        here = picture[box]
        here += alpha[..., None] * (strokes.colour[n] - here)
        if relief is None and not streak:
            continue
        height = brush.height[variant[n]][i, j]
        if streak:
            here[..., 0] += alpha * (height - 0.6) * streak
        if relief is not None:
            ground = relief[box]
            ground += alpha * (0.35 * ground + height * min(strokes.width[n] / 8, 1.5) - ground)


def _softened(bank: Array, strokes: Strokes, unit: float) -> Array:
    """The bank blurred by half a pixel of its typical stroke, so that thin strokes have no stairs."""
    if not len(strokes.x):
        return bank
    texels = (
        0.55 * _ACROSS / max(float(np.median(strokes.width)) * unit, 1.5),
        0.55 * _ALONG / max(float(np.median(strokes.length)) * unit, 1.5),
    )
    soft = ndimage.gaussian_filter(bank, (0, *texels), mode="constant")
    soft[:, [0, -1]] = soft[:, :, [0, -1]] = 0
    return soft


def _resized(small: Array, shape: tuple[int, int]) -> Array:
    """Cubic enlargement of each (h, w) of a bank to the shape; an axis of 1 stays 1."""
    zoom = (1, shape[0] / small.shape[1], shape[1] / small.shape[2])
    return np.clip(ndimage.zoom(small, zoom, order=3, mode="nearest"), small.min(), small.max())


def _bordered(alpha: Array, height: Array) -> Brush:
    """Add the empty border of one texel that every place outside the mark reads."""
    pad = ((0, 0), (1, 1), (1, 1))
    alpha, height = np.broadcast_arrays(alpha, height)
    return Brush(np.pad(alpha, pad).astype(np.float32), np.pad(height, pad, mode="edge").astype(np.float32))
