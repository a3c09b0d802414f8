"""Ink wash: layered mountains in mist, wet washes, dry brush, a few touches of vermilion."""

from __future__ import annotations

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep, vector
from bottega.styles.drawing.color_mixing import hex_color, overprint
from bottega.styles.drawing.motif import ACCENT, FAR, FOLIAGE, NEAR, SKY, SUN, Motif
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.strokes import bristle_brush, draw_strokes, flow_strokes, round_brush
from bottega.styles.drawing.surface import paper_grain, wash

PAPER, INK, SEAL = "f0e8d8", "0e1116", "c22a16"


def paint(canvas: Canvas) -> Array:
    """Density of ink is added wash by wash; at the end it covers the paper like a transparent film."""
    motif = scene(canvas, "hills", "garden")
    grain = paper_grain(canvas)
    # Two flowers in three stay white paper inside their ink outline.
    bright = np.isin(motif.region, (ACCENT, SUN))
    seal = bright & ((motif.label % 3 == 0) | (motif.region == SUN))
    depth = _depth(canvas, motif) * np.where(seal, 0.12, np.where(bright, 0.45, 1.0))
    density = 0.22 * wash(canvas, smoothstep(0.02, 0.5, depth), grain, creep=8, granulate=0.1)
    density += 0.34 * wash(canvas, smoothstep(0.22, 0.62, depth), grain, creep=4, granulate=0.12)
    density += 0.55 * wash(canvas, smoothstep(0.46, 0.85, depth), grain, creep=2, rim=0.5)
    dry = _dry_strokes(canvas, motif, depth)
    held = smoothstep(-1.1, 0.6, 0.8 * canvas.noise(1.4) + 0.4 * canvas.noise(2.6) + 3.2 * dry - 0.6)
    caught = 0.75 * dry * held + 0.3 * canvas.blur(dry, 2)
    density = density + 1.1 * caught
    tone = motif.normalized_tone()
    red = wash(canvas, seal * (0.35 + 0.85 * (1 - tone)), grain, creep=2, rim=0.9)
    fiber = 0.008 * canvas.noise(1.6, stretch=3) + 0.010 * canvas.noise(60, 2)
    paper = np.clip(hex_color(PAPER) + fiber[..., None] * vector(1, 1, 1.3), 0, 1)
    return overprint(paper, [(SEAL, np.clip(1.1 * red, 0, 0.95)), (INK, 1 - np.exp(-2.8 * density))])


def _depth(canvas: Canvas, motif: Motif) -> Array:
    """How dark a painter would wash each place: mountains dark at the crest, lost in mist below."""
    dark = 1 - motif.normalized_tone()
    near = np.broadcast_to(np.clip(canvas.y / canvas.tall, 0, 1), dark.shape)
    crest = np.exp(-np.clip(motif.phase, 0, None) / (60 + 100 * near))
    ridges = (0.48 + 0.66 * near) * crest * (0.85 + 0.22 * canvas.noise(50, 2)) + 0.3 * dark * near
    cloud = smoothstep(-0.1, 1.4, canvas.noise(120, 3, stretch=2.6))
    depth = np.where(np.isin(motif.region, (FAR, NEAR)), ridges, dark)
    depth = np.where(motif.region == SKY, 0.08 + 0.75 * dark * cloud, depth)
    return depth * (1 - 0.45 * smoothstep(0.2, 1.6, canvas.noise(200, 2, stretch=2.4)))


def _dry_strokes(canvas: Canvas, motif: Motif, depth: Array) -> Array:
    """Dry strokes down the slopes, dabs for leaves, contours with a loaded tip: amount of ink (H, W)."""
    ink = np.zeros((*depth.shape, 3), np.float32)
    split = bristle_brush(canvas.rng, hairs=16, dry=0.6, ragged=0.3)
    tip = round_brush(canvas.rng, rough=0.5, soft=0.2)
    land, ground = np.isin(motif.region, (FAR, NEAR)), motif.region != SKY
    slope = motif.flow + np.where(land, 0.9, 0.0) + 0.25 * canvas.noise(60)
    leaves = (motif.region == FOLIAGE) * smoothstep(0.25, 0.75, depth)
    rim = (
        smoothstep(4, 1, motif.border_distance())
        * smoothstep(-0.8, 0.7, canvas.noise(80))
        * smoothstep(0.03, 0.2, depth)
    )
    for brush, flow, density, spacing, length, width, low in (
        (split, motif.flow, 0.7 * smoothstep(0.3, 0.9, depth) * ground, 24.0, 120.0, 22.0, 0.25),
        (split, slope, smoothstep(0.25, 0.9, depth) * ground, 12.0, 46.0, 8.0, 0.35),
        (tip, motif.flow + canvas.noise(20), 0.75 * leaves, 7.5, 18.0, 6.0, 0.5),
        (tip, motif.border_angle(), 0.8 * rim, 5.0, 26.0, 2.6, 0.5),
    ):
        strokes = flow_strokes(
            canvas, ink, flow, spacing, length, width, density=density, sway=0.12, opacity=0.8, curve=0.35
        )
        local_depth = canvas.sample(depth, strokes.x, strokes.y)
        strokes.color[:] = (low + canvas.rng.uniform(0.0, 0.6, len(local_depth)) * (0.3 + local_depth))[
            :, None
        ]
        draw_strokes(canvas, ink, strokes, brush)
    return np.clip(ink[..., 0], 0, 1.2)
