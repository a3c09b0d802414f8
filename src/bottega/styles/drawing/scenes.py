"""Generated scenes: hills under a sun, a sea, a garden, a still life, and the objects in them.

Every seed composes another scene. Objects paste themselves into a motif.
"""

from __future__ import annotations

import math

import numpy as np

from bottega.styles.drawing.canvas import Array, Canvas, smoothstep
from bottega.styles.drawing.motif import ACCENT, FAR, FOLIAGE, NEAR, SKY, SUN, WATER, Motif

Point = tuple[float, float]


def scene(canvas: Canvas, *kinds: str) -> Motif:
    """One of the named scenes (hills, sea, garden, table): seed 0 takes the first, seed 1 the next."""
    painters = {"hills": hills, "sea": sea, "garden": garden, "table": table}
    return painters[kinds[canvas.seed % len(kinds)]](canvas)


def hills(canvas: Canvas) -> Motif:
    """Sky with a sun, ridges one behind the other, often water, trees and flowers in front."""
    motif, rng = Motif(canvas), canvas.rng
    wide, tall = canvas.wide, canvas.tall
    sun = (wide * canvas.uniform(0.2, 0.8), tall * canvas.uniform(0.13, 0.26))
    _sky(motif, sun, canvas.uniform(46, 74))
    count = int(rng.integers(4, 6))
    base = np.linspace(canvas.uniform(0.33, 0.4), 0.82, count)
    water = int(rng.integers(1, count - 1)) if rng.random() < 0.65 else -1
    for k in range(count):
        near = k / (count - 1)
        swell = 22 + 26 * near + (16 if k == 0 else 0)
        ridge = tall * base[k] - swell * canvas.noise_1d(wide * (0.26 - 0.1 * (k == 0)), 3 if k == 0 else 2)
        depth = canvas.y - ridge
        lean = canvas.noise(150, 2, stretch=1.6)
        fields = 0.5 + 0.5 * np.sin(depth / (14 + 16 * near) + 2.2 * lean)
        tone = 0.78 - 0.42 * near + (0.3 if k % 2 else 0.0) - depth / (240 + 140 * near)
        tone = tone + 0.10 * lean + 0.13 * fields + 0.2 * smoothstep(10, 0, np.abs(depth))
        motif.paste(FAR if near < 0.45 else NEAR, depth > 0, tone, depth + 9 * lean)
        if k == water:
            _water(motif, sun, tall * base[k] + 24, tall * canvas.uniform(0.82, 0.95))
    for _ in range(int(rng.integers(3, 6))):
        foot = (wide * canvas.uniform(0.0, 1.0), tall * canvas.uniform(0.74, 1.0))
        tree(motif, foot, canvas.uniform(0.2, 0.46) * tall, tall_kind=bool(rng.random() < 0.5), sun=sun)
    _meadow(motif, 0.84)
    return motif


def sea(canvas: Canvas) -> Motif:
    """Sky, a far mountain, and rows of cusped waves with foam on their crests."""
    motif, rng = Motif(canvas), canvas.rng
    wide, tall = canvas.wide, canvas.tall
    sun = (wide * canvas.uniform(0.15, 0.85), tall * canvas.uniform(0.12, 0.22))
    _sky(motif, sun, canvas.uniform(44, 64))
    peak = wide * canvas.uniform(0.25, 0.75)
    slope = canvas.uniform(0.42, 0.6)
    mountain = tall * 0.24 + slope * np.abs(canvas.x - peak) ** 0.96 + 5 * canvas.noise_1d(30, 2)
    depth = canvas.y - np.maximum(mountain, tall * 0.25 + 4 * canvas.noise_1d(16))
    snow = depth < 34 + 16 * canvas.noise_1d(14, 2)
    motif.paste(FAR, depth > 0, 0.5 - depth / 700 + 0.08 * canvas.noise(40), depth)
    motif.paste(ACCENT, (depth > 0) & snow, 0.95 - depth / 160, depth)
    rows = int(rng.integers(6, 8))
    for k in range(rows):
        near = k / (rows - 1)
        length = 110 + 210 * near + canvas.uniform(-20, 20)
        height = (26 + 130 * near) * canvas.uniform(0.8, 1.15)
        level = tall * (0.47 + 0.56 * near)
        _wave(motif, level, length, height, near)
    return motif


def garden(canvas: Canvas) -> Motif:
    """A thicket of leaves and flower heads, big behind and small before."""
    motif, rng = Motif(canvas), canvas.rng
    warp = canvas.noise(170, 2)
    motif.paste(NEAR, None, 0.16 + 0.12 * canvas.noise(60, 2), canvas.y + 40 * warp)
    for spacing, length in ((150.0, 300.0), (112.0, 230.0), (92.0, 160.0)):
        x, y = canvas.scatter(spacing, 40)
        sway = canvas.sample(canvas.noise(240), x, y)
        for n in range(len(x)):
            angle = -math.pi / 2 + 1.1 * float(sway[n]) + canvas.uniform(-0.7, 0.7)
            size = length * canvas.uniform(0.7, 1.25)
            leaf(
                motif, (x[n], y[n]), angle, size, size * canvas.uniform(0.2, 0.42), canvas.uniform(0.25, 0.85)
            )
    x, y = canvas.scatter(210, 20)
    for n in range(len(x)):
        kind = (ACCENT, SUN, ACCENT, SKY)[int(rng.integers(4))]
        flower(motif, (x[n], y[n]), canvas.uniform(46, 104), int(rng.integers(5, 13)), kind)
    x, y = canvas.scatter(160, 0)
    for n in range(len(x)):
        flower(motif, (x[n], y[n]), canvas.uniform(18, 34), int(rng.integers(5, 8)), (SUN, SKY, WATER)[n % 3])
    return motif


def table(canvas: Canvas) -> Motif:
    """A still life: curtain, table, vessels, fruit, a bunch of leaves and flowers."""
    motif, rng = Motif(canvas), canvas.rng
    wide, tall = canvas.wide, canvas.tall
    fold = canvas.x + 40 * canvas.noise(200) + 0.25 * canvas.y
    pleats = 0.5 + 0.5 * np.sin(fold / 26 + 1.5 * canvas.noise_1d(120))
    motif.paste(SKY, None, 0.18 + 0.5 * pleats + 0.15 * canvas.noise(160), fold)
    edge = tall * canvas.uniform(0.54, 0.64)
    cloth = canvas.y - edge + canvas.uniform(-0.12, 0.12) * (canvas.x - wide / 2)
    squares = np.sign(np.sin(canvas.x / 26 + cloth / 60) * np.sin(cloth / 22))
    motif.paste(
        FAR, cloth > 0, 0.72 + 0.16 * squares - 0.3 * smoothstep(0, 320, cloth), cloth + 6 * canvas.noise(60)
    )
    stand = wide * canvas.uniform(0.36, 0.62)
    lift, size = edge + 70, tall * canvas.uniform(0.3, 0.38)
    for _ in range(26):
        angle = -math.pi / 2 + canvas.uniform(-1.35, 1.35)
        reach = canvas.uniform(70, 200)
        x, y = stand + math.cos(angle) * reach, lift - size + math.sin(angle) * reach * 0.9
        leaf(motif, (x, y), angle, canvas.uniform(100, 190), canvas.uniform(26, 60), canvas.uniform(0.2, 0.8))
    for _ in range(11):
        angle = -math.pi / 2 + canvas.uniform(-1.4, 1.4)
        reach = canvas.uniform(30, 210)
        x, y = stand + math.cos(angle) * reach, lift - size + math.sin(angle) * reach * 0.9
        flower(
            motif,
            (x, y),
            canvas.uniform(34, 72),
            int(rng.integers(5, 11)),
            (ACCENT, SUN)[int(rng.integers(2))],
        )
    vessel(motif, (stand, lift), size, size * canvas.uniform(0.3, 0.42), WATER)
    side = -1 if stand > wide / 2 else 1
    vessel(motif, (stand + side * 0.33 * wide, lift + 60), size * 0.55, size * 0.28, NEAR)
    count = int(rng.integers(9, 13))
    for k in range(count):
        x, y = wide * canvas.uniform(0.04, 0.96), edge + 60 + (tall - edge - 70) * (k + 1) / count
        ball(
            motif,
            (x, y),
            canvas.uniform(26, 40) + 24 * k / count,
            (ACCENT, SUN, FOLIAGE)[int(rng.integers(3))],
        )
    return motif


def _sky(motif: Motif, sun: tuple[float, float], radius: float) -> None:
    canvas = motif.canvas
    cloud = canvas.noise(170, 3, stretch=2.2)
    distance = np.hypot(canvas.x - sun[0], canvas.y - sun[1])
    warped = distance + 26 * canvas.noise(150) + 7 * canvas.noise(48)
    glow = np.exp(-np.maximum(distance - radius, 0) / 190)
    tone = 0.3 + 0.42 * canvas.y / (0.5 * canvas.tall) * 0.6 + 0.13 * cloud + 0.34 * glow
    motif.paste(SKY, None, tone, warped)
    motif.paste(SUN, distance < radius, 1.0 - 0.35 * (distance / radius) ** 2, distance)


def _water(motif: Motif, sun: tuple[float, float], top: float, bottom: float) -> None:
    canvas = motif.canvas
    ripple = canvas.noise(14, 2, stretch=5)
    depth = canvas.y - top - 3 * canvas.noise_1d(60)
    path = np.exp(-(((canvas.x - sun[0]) / (34 + 0.3 * np.maximum(depth, 0))) ** 2))
    tone = 0.42 + 0.2 * ripple * (0.4 + path) + 0.42 * path - 0.22 * smoothstep(0, 1, depth / (bottom - top))
    motif.paste(WATER, depth > 0, tone, depth + 4 * ripple)


def _wave(motif: Motif, level: float, length: float, height: float, near: float) -> None:
    canvas = motif.canvas
    swell = canvas.x + canvas.uniform(0, length) + 0.24 * length * canvas.noise_1d(length * 1.3)
    turn = (swell / length) % 1.0
    # A slow rise and a steep fall make the cusp lean over.
    rise = np.where(turn < 0.68, turn / 0.68, (1 - turn) / 0.32)
    strength = 0.75 + 0.3 * canvas.noise_1d(length * 1.7)
    crest = level - height * strength * (rise**2.1) - 6 * canvas.noise_1d(70)
    depth = canvas.y - crest
    lean = canvas.noise(90 + 60 * near)
    bands = 0.5 + 0.5 * np.sin(depth / (7 + 9 * near) + 1.3 * lean)
    tone = (
        0.52
        - 0.22 * near
        + 0.3 * bands * smoothstep(150, 20, depth)
        - 0.24 * smoothstep(40, 200, depth)
        + 0.1 * lean
    )
    motif.paste(WATER, depth > 0, tone, depth + 5 * lean)
    claws = canvas.noise(10 + 8 * near, 2) * (4 + 7 * near) * rise
    foam = (depth > -2 - 8 * near * rise) & (depth + claws < 2 + (10 + 22 * near) * rise**1.5)
    motif.paste(ACCENT, foam, 0.98 - depth / (80 + 60 * near), depth + claws)


def _meadow(motif: Motif, top: float) -> None:
    canvas = motif.canvas
    x, y = canvas.scatter(34, 10)
    patch: Array = canvas.sample(canvas.noise(120), x, y)
    for n in np.flatnonzero((y > canvas.tall * top) & (patch > -0.2)):
        kind = (ACCENT, SUN)[int(canvas.rng.random() < 0.35)]
        flower(motif, (x[n], y[n]), canvas.uniform(7, 7 + 14 * y[n] / canvas.tall), 5 + int(n) % 3, kind)


def _local(canvas: Canvas, center: Point, reach: float) -> tuple[tuple[slice, slice], Array, Array]:
    """The box around a point and the coordinates in it, relative to the point."""
    box = canvas.box(center[0] - reach, center[1] - reach, center[0] + reach, center[1] + reach)
    return box, canvas.x[:, box[1]] - center[0], canvas.y[box[0]] - center[1]


def leaf(motif: Motif, center: Point, angle: float, length: float, width: float, tone: float) -> None:
    """A pointed leaf; lines run from the midrib outwards, one half is lighter than the other."""
    curve = motif.canvas.uniform(-0.35, 0.35)
    box, dx, dy = _local(motif.canvas, center, 0.55 * length + 0.5 * width)
    along = (dx * math.cos(angle) + dy * math.sin(angle)) / length + 0.5
    across = -dx * math.sin(angle) + dy * math.cos(angle) - curve * length * (along - 0.5) ** 2
    half = 0.5 * width * np.sin(math.pi * np.clip(along, 0, 1) ** 0.8)
    ratio = np.abs(across) / np.maximum(half, 0.5)
    veins = 0.5 + 0.5 * np.cos((along * length - 1.1 * np.abs(across)) / 4.5)
    shade = (
        tone + 0.14 * np.sign(across) + 0.1 * veins - 0.25 * ratio**2 + 0.35 * smoothstep(0.12, 0.02, ratio)
    )
    phase = along * length - 1.1 * np.abs(across)
    for side in (across >= 0, across < 0):
        motif.paste(FOLIAGE, (np.abs(across) < half) & side, shade, phase, box)


def flower(motif: Motif, center: Point, radius: float, petals: int, region: int) -> None:
    """A flower head seen from the front, with an eye; lines run outwards."""
    canvas = motif.canvas
    box, dx, dy = _local(canvas, center, radius)
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


def ball(motif: Motif, center: Point, radius: float, region: int) -> None:
    """A lit ball: fruit, or a flower far away, with its shadow side and light spot."""
    box, dx, dy = _local(motif.canvas, center, 1.3 * radius)
    distance = np.hypot(dx, dy * 1.04) / radius
    light = np.hypot(dx + 0.4 * radius, dy + 0.42 * radius) / radius
    if radius > 25:
        shadow = np.hypot((dx - 0.35 * radius) / 1.15, (dy - 0.75 * radius) / 0.42) / radius
        motif.paste(dominant_region(motif, box), (shadow < 1) & (distance > 1), 0.12 + 0.2 * shadow, dy, box)
    motif.paste(region, distance < 1, 1.05 - 0.62 * light, light * radius, box)


def dominant_region(motif: Motif, box: tuple[slice, slice]) -> int:
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
        _leaf_clump(motif, (x, y), radius, side, stretch=1.7 if tall_kind else 1.0)


def _leaf_clump(motif: Motif, center: Point, radius: float, side: float, stretch: float) -> None:
    canvas = motif.canvas
    box, dx, dy = _local(canvas, center, 1.5 * radius * stretch)
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
    profile = np.exp(-(((up - belly) / 0.34) ** 2)) * (1 - neck) + neck * (
        1 + 0.35 * smoothstep(0.85, 1.0, up)
    )
    turn = dx / (half_width * profile)
    band = 0.16 * np.sign(np.sin(up * 26)) * (np.abs(up - belly) < 0.14)
    shade = (
        0.62
        - 0.45 * turn
        + 0.5 * np.exp(-(((turn + 0.45) / 0.16) ** 2))
        + 0.16 * smoothstep(0.8, 1, turn)
        + band
    )
    motif.paste(region, np.abs(turn) < 1, shade, turn * half_width + 0.0 * up, box)
