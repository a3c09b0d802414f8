"""Brush strokes after Hertzmann, "Painterly rendering with curved brush strokes of multiple sizes", 1998
(large strokes first), with a bank of bristle textures instead of plain discs and one curvature per stroke
instead of a traced path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep, vector

ACROSS, ALONG, VARIANTS = 40, 120, 8


@dataclass(frozen=True)
class Brush:
    """A bank of stroke textures: ``alpha`` and ``height``, (variants, across, along) in [0, 1]."""

    alpha: Array
    height: Array


@dataclass(frozen=True)
class Strokes:
    """One entry per stroke, in units and radians: center, direction, length, width, curve (sideways
    shift of the ends, in widths), OKLab color (n, 3), opacity."""

    x: Array
    y: Array
    angle: Array
    length: Array
    width: Array
    curve: Array
    color: Array
    opacity: Array


def flow_strokes(
    canvas: Canvas,
    picture: Array,
    flow: Array,
    spacing: float,
    length: float,
    width: float,
    jitter: tuple[float, float, float] = (0.04, 0.02, 0.02),
    sway: float = 0.15,
    density: Array | None = None,
    opacity: float = 1.0,
    curve: float = 0.6,
) -> Strokes:
    """Strokes scattered over the canvas along the flow, taking the colors of an OKLab picture.

    ``spacing``, ``length`` and ``width`` in units (the last two vary by a third); ``jitter`` is the
    deviation of each OKLab channel; ``sway`` of the angle in radians; ``density`` (H, W) is the
    probability of a stroke at a position; ``curve`` in widths.
    """
    rng = canvas.rng
    x, y = canvas.scatter(spacing, length / 3)
    if density is not None:
        chosen = rng.random(len(x), np.float32) < canvas.sample(density, x, y)
        x, y = x[chosen], y[chosen]
    count = len(x)
    color = canvas.sample(picture, x, y) + rng.standard_normal((count, 3), np.float32) * vector(*jitter)
    angle = canvas.sample(flow, x, y) + sway * rng.standard_normal(count, np.float32)
    size = rng.uniform(0.67, 1.33, (2, count)).astype(np.float32)
    curves = curve * rng.standard_normal(count, np.float32)
    return Strokes(
        x, y, angle, length * size[0], width * size[1], curves, color, np.full(count, opacity, np.float32)
    )


def bristle_brush(rng: np.random.Generator, hairs: int = 14, dry: float = 0.3, ragged: float = 0.2) -> Brush:
    """A flat brush. ``dry`` in [0, 1] lets hairs run out; ``ragged`` is how unevenly they start and end."""
    across = np.linspace(-1, 1, ACROSS, dtype=np.float32)[None, :, None]
    along = np.linspace(0, 1, ALONG, dtype=np.float32)[None, None, :]
    hair = _enlarge(rng.random((VARIANTS, hairs, 1), np.float32), (ACROSS, 1))
    wobble = _enlarge(rng.random((VARIANTS, hairs, 9), np.float32), (ACROSS, ALONG))
    start = ragged * _enlarge(rng.random((VARIANTS, hairs, 1), np.float32), (ACROSS, 1))
    end = 1 - 1.6 * ragged * _enlarge(rng.random((VARIANTS, hairs, 1), np.float32), (ACROSS, 1))
    ends = smoothstep(0, 0.05, along - start - 0.02) * smoothstep(0, 0.1, end - along - 0.02)
    sides = smoothstep(1, 0.82, np.abs(across) + 0.15 * (wobble - 0.5))
    load = 0.55 * hair + 0.45 * wobble
    wet = smoothstep(-0.1, 0.2, load - dry * (0.25 + along) + 0.12)
    height = np.clip(0.25 + 0.75 * load + 0.25 * smoothstep(0.8, 0.97, along / end), 0, 1)
    return _padded_brush(ends * sides * wet, height)


def round_brush(rng: np.random.Generator, rough: float = 0.25, soft: float = 0.2) -> Brush:
    """A dab: an ellipse with an uneven edge. ``soft`` is the share of the radius over which it fades."""
    across = np.linspace(-1, 1, ACROSS, dtype=np.float32)[None, :, None]
    along = np.linspace(-1, 1, ALONG, dtype=np.float32)[None, None, :]
    edge = _enlarge(rng.standard_normal((VARIANTS, 6, 6)).astype(np.float32), (ACROSS, ALONG))
    radius = np.hypot(across, along) + 0.3 * rough * edge
    grain = _enlarge(rng.random((VARIANTS, 10, 14), np.float32), (ACROSS, ALONG))
    return _padded_brush(
        smoothstep(0.96, 0.96 - soft, radius), np.clip(1 - radius**2 * 0.8 + 0.3 * (grain - 0.5), 0, 1)
    )


def draw_strokes(
    canvas: Canvas,
    picture: Array,
    strokes: Strokes,
    brush: Brush,
    relief: Array | None = None,
    streak: float = 0.0,
) -> None:
    """Draw strokes over an OKLab picture (H, W, 3) in place, in order.

    ``relief`` (H, W), if any, receives the height of the paint; ``streak`` lightens and darkens the
    color along the hairs by that much lightness.
    """
    unit = canvas.unit
    variant = canvas.rng.integers(0, VARIANTS, len(strokes.x))
    flip = np.where(canvas.rng.random(len(strokes.x)) < 0.5, -1.0, 1.0)
    cos, sin = np.cos(strokes.angle), np.sin(strokes.angle)
    # Pixels of the bounding box: the rotated rectangle plus its curve.
    half_length, half_width = strokes.length / 2, strokes.width * (0.5 + np.abs(strokes.curve))
    reach_x = (np.abs(cos) * half_length + np.abs(sin) * half_width) * unit + 1
    reach_y = (np.abs(sin) * half_length + np.abs(cos) * half_width) * unit + 1
    left = np.maximum(strokes.x * unit - reach_x, 0).astype(int)
    right = np.minimum(strokes.x * unit + reach_x + 1, canvas.width).astype(int)
    top = np.maximum(strokes.y * unit - reach_y, 0).astype(int)
    bottom = np.minimum(strokes.y * unit + reach_y + 1, canvas.height).astype(int)
    # A stroke is never thinner than a pixel: it pales instead.
    width = np.maximum(strokes.width, 1.2 / unit)
    opacity = strokes.opacity * strokes.width / width
    bank = _antialiased(brush.alpha, strokes, unit)
    for n in np.flatnonzero((left < right) & (top < bottom)):
        box = (slice(top[n], bottom[n]), slice(left[n], right[n]))
        dx, dy = canvas.x[:, box[1]] - strokes.x[n], canvas.y[box[0]] - strokes.y[n]
        along = (dx * cos[n] + dy * sin[n]) * (1 / strokes.length[n])
        across = (dy * (flip[n] * cos[n]) - dx * (flip[n] * sin[n])) * (1 / width[n])
        if strokes.curve[n]:
            across = across - (4 * strokes.curve[n]) * (along * along - 0.08)
        i = np.clip((across + 0.5) * (ACROSS + 2), 0, ACROSS + 1).astype(np.int32)
        j = np.clip((along + 0.5) * (ALONG + 2), 0, ALONG + 1).astype(np.int32)
        alpha = bank[variant[n]][i, j] * opacity[n]
        patch = picture[box]
        patch += alpha[..., None] * (strokes.color[n] - patch)
        if relief is None and not streak:
            continue
        height = brush.height[variant[n]][i, j]
        if streak:
            patch[..., 0] += alpha * (height - 0.6) * streak
        if relief is not None:
            ground = relief[box]
            ground += alpha * (0.35 * ground + height * min(strokes.width[n] / 8, 1.5) - ground)


def _antialiased(bank: Array, strokes: Strokes, unit: float) -> Array:
    """The bank blurred by half a pixel of its typical stroke, so that thin strokes are not jagged."""
    if not len(strokes.x):
        return bank
    texels = (
        0.55 * ACROSS / max(float(np.median(strokes.width)) * unit, 1.5),
        0.55 * ALONG / max(float(np.median(strokes.length)) * unit, 1.5),
    )
    soft = ndimage.gaussian_filter(bank, (0, *texels), mode="constant")
    soft[:, [0, -1]] = soft[:, :, [0, -1]] = 0
    return soft


def _enlarge(small: Array, shape: tuple[int, int]) -> Array:
    """Cubic enlargement of each (h, w) of a bank to the shape; an axis of 1 stays 1."""
    zoom = (1, shape[0] / small.shape[1], shape[1] / small.shape[2])
    return np.clip(ndimage.zoom(small, zoom, order=3, mode="nearest"), small.min(), small.max())


def _padded_brush(alpha: Array, height: Array) -> Brush:
    """Add the empty border of one texel that every position outside the texture reads."""
    pad = ((0, 0), (1, 1), (1, 1))
    alpha, height = np.broadcast_arrays(alpha, height)
    return Brush(np.pad(alpha, pad).astype(np.float32), np.pad(height, pad, mode="edge").astype(np.float32))
