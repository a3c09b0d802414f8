"""Things that scenes are made of: leaf, flower, tree, fruit, vessel. Each pastes itself into a motif."""

from __future__ import annotations

import math

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smooth
from bottega.styles.drawing.motif import ACCENT, FOLIAGE, NEAR, SUN, Motif

Point = tuple[float, float]


def _local(canvas: Canvas, centre: Point, reach: float) -> tuple[tuple[slice, slice], Array, Array]:
    """The box around a point and the coordinates in it, relative to the point."""
    box = canvas.box(centre[0] - reach, centre[1] - reach, centre[0] + reach, centre[1] + reach)
    return box, canvas.x[:, box[1]] - centre[0], canvas.y[box[0]] - centre[1]


def leaf(motif: Motif, centre: Point, angle: float, length: float, width: float, tone: float) -> None:
    """A pointed leaf; lines run from the midrib outwards, one half is lighter than the other."""
    bend = motif.canvas.uniform(-0.35, 0.35)
    box, dx, dy = _local(motif.canvas, centre, 0.55 * length + 0.5 * width)
    along = (dx * math.cos(angle) + dy * math.sin(angle)) / length + 0.5
    across = -dx * math.sin(angle) + dy * math.cos(angle) - bend * length * (along - 0.5) ** 2
    half = 0.5 * width * np.sin(math.pi * np.clip(along, 0, 1) ** 0.8)
    ratio = np.abs(across) / np.maximum(half, 0.5)
    veins = 0.5 + 0.5 * np.cos((along * length - 1.1 * np.abs(across)) / 4.5)
    shade = tone + 0.14 * np.sign(across) + 0.1 * veins - 0.25 * ratio**2 + 0.35 * smooth(0.12, 0.02, ratio)
    phase = along * length - 1.1 * np.abs(across)
    for side in (across >= 0, across < 0):
        motif.paste(FOLIAGE, (np.abs(across) < half) & side, shade, phase, box)


def flower(motif: Motif, centre: Point, radius: float, petals: int, region: int) -> None:
    """A flower head seen from the front, with an eye; lines run outwards."""
    canvas = motif.canvas
    box, dx, dy = _local(canvas, centre, radius)
    turn, squash = canvas.uniform(0, math.tau), canvas.uniform(0.75, 1.0)
    angle, distance = np.arctan2(dy / squash, dx) + turn, np.hypot(dx, dy / squash)
    lobe = np.abs(np.cos(angle * petals / 2))
    rim = radius * (0.5 + 0.5 * lobe**0.6)
    ratio = distance / rim
    shade = 0.35 + 0.5 * ratio + 0.2 * lobe - 0.3 * (1 - lobe) ** 2 + 0.1 * (dx + dy) / radius
    # Contours of the angle are rays; the factor sets them about a unit apart halfway out.
    motif.paste(region, ratio < 1, shade, angle * (0.6 * radius), box)
    eye = radius * canvas.uniform(0.2, 0.3)
    motif.paste(
        SUN if region != SUN else ACCENT, distance < eye, 0.75 - 0.6 * (distance / eye) ** 2, distance, box
    )


def blob(motif: Motif, centre: Point, radius: float, region: int) -> None:
    """A lit ball: fruit, or a flower far away, with its shadow side and light spot."""
    box, dx, dy = _local(motif.canvas, centre, 1.3 * radius)
    distance = np.hypot(dx, dy * 1.04) / radius
    light = np.hypot(dx + 0.4 * radius, dy + 0.42 * radius) / radius
    if radius > 25:
        shadow = np.hypot((dx - 0.35 * radius) / 1.15, (dy - 0.75 * radius) / 0.42) / radius
        motif.paste(motif_ground(motif, box), (shadow < 1) & (distance > 1), 0.12 + 0.2 * shadow, dy, box)
    motif.paste(region, distance < 1, 1.05 - 0.62 * light, light * radius, box)


def motif_ground(motif: Motif, box: tuple[slice, slice]) -> int:
    """The region that fills most of a box."""
    inside = motif.region[box]
    return int(np.bincount(inside.ravel()).argmax()) if inside.size else 0


def tree(motif: Motif, foot: Point, size: float, tall_kind: bool, sun: Point) -> None:
    """A flame-shaped or a round tree made of leafy clumps, lit from the side of the sun."""
    canvas = motif.canvas
    side = -1.0 if sun[0] < foot[0] else 1.0
    spread = size * (0.17 if tall_kind else 0.3)
    trunk = canvas.box(foot[0] - 0.03 * size, foot[1] - 0.5 * size, foot[0] + 0.03 * size, foot[1])
    bark = canvas.x[:, trunk[1]] - foot[0]
    motif.paste(NEAR, None, 0.2 + side * bark / size * 3, bark + 0 * canvas.y[trunk[0]], trunk)
    for k in range(26 if tall_kind else 34):
        if tall_kind:
            up = k / 26
            x = foot[0] + spread * (1 - up) ** 0.7 * canvas.uniform(-0.8, 0.8)
            y = foot[1] - up * size
            radius = spread * (0.25 + 0.7 * (1 - up))
        else:
            angle, reach = canvas.uniform(0, math.tau), spread * canvas.rng.random() ** 0.5
            x, y = foot[0] + math.cos(angle) * reach * 1.2, foot[1] - 0.62 * size + math.sin(angle) * reach
            radius = spread * canvas.uniform(0.24, 0.46)
        _clump(motif, (x, y), radius, side, stretch=1.7 if tall_kind else 1.0)


def _clump(motif: Motif, centre: Point, radius: float, side: float, stretch: float) -> None:
    canvas = motif.canvas
    box, dx, dy = _local(canvas, centre, 1.5 * radius * stretch)
    angle = np.arctan2(dy / stretch, dx)
    ruffle = (
        1 + 0.13 * np.sin(7 * angle + canvas.uniform(0, 6)) + 0.07 * np.sin(13 * angle + canvas.uniform(0, 6))
    )
    distance = np.hypot(dx, dy / stretch) / (radius * ruffle)
    light = (side * dx - dy) / (radius * stretch)
    motif.paste(
        FOLIAGE, distance < 1, 0.4 + 0.36 * light - 0.14 * distance**2, distance * radius - 0.4 * dy, box
    )


def vessel(motif: Motif, foot: Point, height: float, half_width: float, region: int) -> None:
    """A turned vase or jug standing on ``foot``, glazed, with a light and a reflected edge."""
    canvas = motif.canvas
    box = canvas.box(foot[0] - half_width * 1.2, foot[1] - height, foot[0] + half_width * 1.2, foot[1])
    dx, up = canvas.x[:, box[1]] - foot[0], (foot[1] - canvas.y[box[0]]) / height
    belly, neck = canvas.uniform(0.3, 0.45), canvas.uniform(0.35, 0.5)
    profile = np.exp(-(((up - belly) / 0.34) ** 2)) * (1 - neck) + neck * (1 + 0.35 * smooth(0.85, 1.0, up))
    turn = dx / (half_width * profile)
    band = 0.16 * np.sign(np.sin(up * 26)) * (np.abs(up - belly) < 0.14)
    shade = (
        0.62 - 0.45 * turn + 0.5 * np.exp(-(((turn + 0.45) / 0.16) ** 2)) + 0.16 * smooth(0.8, 1, turn) + band
    )
    motif.paste(region, np.abs(turn) < 1, shade, turn * half_width + 0.0 * up, box)
