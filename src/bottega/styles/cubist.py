"""Cubist: the motif broken into facets, each seen from another place, in ochre, gray and umber dabs."""

from __future__ import annotations

import math

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep
from bottega.styles.drawing.color_mixing import from_oklab, region_ramps
from bottega.styles.drawing.motif import edge_distance
from bottega.styles.drawing.scenes import scene
from bottega.styles.drawing.strokes import bristle_brush, draw_strokes, flow_strokes
from bottega.styles.drawing.surface import relief_shading
from bottega.styles.drawing.tiles import Labels

PALETTE = (
    "1f2526 4c5a5c 8f9484 c4b48e efe0b8",  # sky
    "7a4a14 c48a2e f4dc98",  # sun
    "241a14 5e4630 a07c4e d8b87c f4e2b4",  # far
    "1c1610 4a3820 927238 d4b468",  # near
    "141d24 36505a 7c948c d0d2b4",  # water
    "10140f 2c3626 66704a b8ac70",  # foliage
    "34120a 7a3418 b8683a ecc48c",  # accent
)


def paint(canvas: Canvas) -> Array:
    """Facets move and turn what they show, shade from one edge, and are painted in short dabs."""
    motif = scene(canvas, "table", "hills")
    facet, angle, depth = _facets(canvas, 90)
    count = int(facet.max()) + 1
    dx, dy = canvas.rng.normal(0, 20, (2, count)).astype(np.float32)[:, facet]
    rows = np.clip((canvas.y + dy) * canvas.unit, 0, canvas.height - 1).astype(int)
    columns = np.clip((canvas.x + dx) * canvas.unit, 0, canvas.width - 1).astype(int)
    region, label = motif.region[rows, columns], motif.label[rows, columns]
    # A facet is dark along one edge and opens towards the other: the "passage".
    side = np.where(canvas.rng.random(count) < 0.5, -1.0, 1.0).astype(np.float32)[facet]
    passage = side * (2.0 * np.exp(-np.abs(depth) / 26) - 0.45)
    tone = 0.60 * motif.normalized_tone()[rows, columns] + 0.20 + 0.26 * passage
    tone = tone + canvas.rng.normal(0, 0.09, count).astype(np.float32)[facet]
    picture = region_ramps(PALETTE, region, np.clip(tone, 0, 1))
    ground, relief = canvas.blur(picture, 3), 0.25 * canvas.noise(2.5)
    brush = bristle_brush(canvas.rng, hairs=10, dry=0.42, ragged=0.16)
    flow = angle + np.where(side > 0, 1.57, 0.0)
    for spacing, length, width in ((17.0, 44.0, 22.0), (12.0, 27.0, 13.0), (10.5, 19.0, 8.0)):
        strokes = flow_strokes(
            canvas, picture, flow, spacing, length, width, jitter=(0.05, 0.008, 0.012), sway=0.14, curve=0.15
        )
        draw_strokes(canvas, ground, strokes, brush, relief, streak=0.12)
    shade, shine = relief_shading(canvas, canvas.blur(relief, 0.5), steepness=0.9)
    ground[..., 0] += 0.13 * np.clip(shade, -1, 1) + 0.06 * (shine - 0.02)
    for borders, strength, width in ((facet, 0.6, 1.1), (label, 0.75, 1.5)):
        edge = edge_distance(borders) / canvas.unit
        pressure = smoothstep(-0.9, 0.7, canvas.noise(70, 2))
        swell = width * (0.8 + 0.5 * canvas.noise(25))
        line = smoothstep(0.7, -0.7, edge - swell) * pressure * (0.85 + 0.1 * canvas.noise(1.5))
        ground[..., 0] *= 1 - strength * np.clip(line, 0, 1)
        ground[..., 0] -= 0.10 * smoothstep(12, 0, edge) * pressure
    return from_oklab(ground)


def _facets(canvas: Canvas, count: int) -> tuple[Labels, Array, Array]:
    """Cut the canvas by straight lines: facet numbers, angle of the last cut, distance to it in units."""
    facet = np.zeros((canvas.height, canvas.width), np.int32)
    angle, depth = canvas.zeros(), canvas.zeros() + 200
    boxes, areas = [(0, canvas.height, 0, canvas.width)], [1.0]
    main = canvas.uniform(0, math.pi)
    for number in range(1, count):
        # Cut the largest piece, more or less, near its middle.
        weights = np.array(areas) * canvas.rng.uniform(0.35, 1.0, number)
        chosen = int(weights.argmax())
        top, bottom, left, right = boxes[chosen]
        box = slice(top, bottom), slice(left, right)
        x, y = canvas.x[:, box[1]], canvas.y[box[0]]
        turn = main + canvas.rng.choice([0.0, 1.05, 1.57, 2.2]) + canvas.rng.normal(0, 0.16)
        shift = canvas.uniform(-0.2, 0.2) * (y[-1, 0] - y[0, 0])
        distance = (x - x.mean()) * math.sin(turn) - (y - y.mean()) * math.cos(turn) - shift
        inside = facet[box] == chosen
        facet[box][inside & (distance > 0)] = number
        angle[box][inside], depth[box][inside] = turn, distance[inside]
        boxes.append(boxes[chosen])
        areas.append(0.0)
        for piece in (chosen, number):
            boxes[piece], areas[piece] = _bounds(canvas, facet, boxes[piece], piece)
    return facet, angle, depth


def _bounds(
    canvas: Canvas, facet: Labels, box: tuple[int, int, int, int], piece: int
) -> tuple[tuple[int, int, int, int], float]:
    """The bounding box (top, bottom, left, right) of a facet inside a box, and its area in square units."""
    top, bottom, left, right = box
    inside = facet[top:bottom, left:right] == piece
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not len(rows):
        return box, 0.0
    tight = top + int(rows[0]), top + int(rows[-1]) + 1, left + int(columns[0]), left + int(columns[-1]) + 1
    return tight, float(inside.sum()) / canvas.unit**2
