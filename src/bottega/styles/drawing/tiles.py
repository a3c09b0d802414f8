"""Tiles: tesserae that follow a direction field, panes, facets.

The tesserae are a centroidal Voronoi diagram in a square metric turned along the flow, after Hausner,
"Simulating decorative mosaics", 2001; a z-buffer of small windows replaces the GPU.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from bottega.styles.drawing.canvas import Array, Canvas
from bottega.styles.drawing.hatching import gradient_length

Labels = NDArray[np.int32]

RELAXATION_ROUNDS = 6


def tesserae(
    canvas: Canvas, phase: Array, flow: Array, size: float, border_distance: Array
) -> tuple[Array, Array, Labels]:
    """Squares of about ``size`` units in rows along the contours of ``phase``.

    ``flow`` is the angle of those contours; ``border_distance`` the distance to the motif's borders, which
    tiles do not cross. Differs from Hausner in that rows come first (each center moves to the nearest contour
    of its row) and tiles are then relaxed along their rows: 6 rounds on a coarse grid instead of dozens.

    Returns:
        The centers x and y in units, and the index of the tile at each pixel (H, W), −1 for none.
    """
    x, y = canvas.scatter(size, size)
    _snap_to_rows(canvas, x, y, phase, size)
    step = max(int(size * canvas.unit / 6), 1)
    free = border_distance[::step, ::step] > 0.12 * size
    rows, columns = np.indices(free.shape, np.float32)
    for _ in range(RELAXATION_ROUNDS):
        angle = canvas.sample(flow, x, y)
        index = _assign_pixels(canvas, x, y, angle, size, step)
        counted = np.where(free & (index >= 0), index, len(x)).ravel()
        weight = np.bincount(counted, minlength=len(x) + 1)[:-1]
        has_pixels = weight > 0
        shift = [
            (np.bincount(counted, place.ravel(), minlength=len(x) + 1)[:-1] / np.maximum(weight, 1) + 0.5)
            * (step / canvas.unit)
            for place in (columns, rows)
        ]
        dx, dy = np.where(has_pixels, shift[0] - x, 0), np.where(has_pixels, shift[1] - y, 0)
        along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
        across *= 0.12
        x = (x + along * np.cos(angle) - across * np.sin(angle)).astype(np.float32)
        y = (y + along * np.sin(angle) + across * np.cos(angle)).astype(np.float32)
    return x, y, _assign_pixels(canvas, x, y, canvas.sample(flow, x, y), size, 1)


def _snap_to_rows(canvas: Canvas, x: Array, y: Array, phase: Array, size: float) -> None:
    """Move each center, in place, down or up the phase to its row; rows are about ``size`` apart."""
    down, across = canvas.gradient(phase)
    steep = canvas.sample(gradient_length(canvas, phase), x, y)
    row = size * 2.0 ** np.round(np.log2(steep))
    value, down, across = canvas.sample(phase, x, y), canvas.sample(down, x, y), canvas.sample(across, x, y)
    # Where the phase is nearly flat rows are undefined; no center moves further than half a tile.
    reach = np.clip((np.round(value / row) * row - value) / steep, -0.5 * size, 0.5 * size)
    reach /= np.maximum(np.hypot(down, across), 1e-6)
    x += (reach * across).astype(np.float32)
    y += (reach * down).astype(np.float32)


def _assign_pixels(canvas: Canvas, x: Array, y: Array, angle: Array, size: float, step: int) -> Labels:
    """The nearest center of every ``step``-th pixel in the turned square metric (−1: none within reach)."""
    across, down = canvas.x[0, ::step], canvas.y[::step, 0]
    index = np.full((len(down), len(across)), -1, np.int32)
    nearest = np.full(index.shape, np.inf, np.float32)
    reach, grid = 1.5 * size, canvas.unit / step
    left, right = ((x - reach) * grid).astype(int), ((x + reach) * grid).astype(int) + 1
    top, bottom = ((y - reach) * grid).astype(int), ((y + reach) * grid).astype(int) + 1
    cos, sin = np.cos(angle), np.sin(angle)
    for n in range(len(x)):
        box = (slice(max(top[n], 0), max(bottom[n], 0)), slice(max(left[n], 0), max(right[n], 0)))
        dx, dy = across[None, box[1]] - x[n], down[box[0], None] - y[n]
        distance = np.maximum(np.abs(dx * cos[n] + dy * sin[n]), np.abs(dy * cos[n] - dx * sin[n]))
        closer = distance < nearest[box]
        nearest[box][closer] = distance[closer]
        index[box][closer] = n
    return index


def voronoi(canvas: Canvas, spacing: float, wobble: Array | float = 0.0) -> Labels:
    """An ordinary Voronoi diagram of scattered points; ``wobble`` units warp its borders."""
    x, y = canvas.scatter(spacing, spacing)
    dx, dy = wobble * canvas.noise(spacing * 0.7), wobble * canvas.noise(spacing * 0.7)
    places = np.stack([(canvas.x + dx).ravel(), (canvas.y + dy).ravel()], axis=-1)
    nearest = cKDTree(np.stack([x, y], axis=-1)).query(places)[1]
    return nearest.astype(np.int32).reshape(canvas.height, canvas.width)


def connected_pieces(canvas: Canvas, *maps: Labels, min_area: float) -> Labels:
    """The connected pieces of several overlaid label maps, numbered from 0.

    Pieces of fewer than ``min_area`` square units are merged into their neighbors.
    """
    joint = np.zeros(maps[0].shape, np.int64)
    for one in maps:
        joint = joint * (int(one.max()) + 1) + one
    label = np.zeros(joint.shape, np.int32)
    count = 0
    values, flat = np.unique(joint, return_inverse=True)
    boxes = ndimage.find_objects(flat.reshape(joint.shape).astype(np.int32) + 1)
    for value_index, box in enumerate(boxes):
        inside, parts = ndimage.label(joint[box] == values[value_index])
        label[box][inside > 0] = inside[inside > 0] + count
        count += parts
    small = np.bincount(label.ravel(), minlength=count + 1) < min_area * canvas.unit**2
    removed = small[label]
    if removed.any() and not removed.all():
        rows, columns = ndimage.distance_transform_edt(removed, return_distances=False, return_indices=True)
        label = label[rows, columns]
    return np.unique(label, return_inverse=True)[1].reshape(joint.shape).astype(np.int32)


def mean_colors(label: Labels, picture: Array) -> Array:
    """The mean color (n, 3) of every piece."""
    flat, count = label.ravel(), int(label.max()) + 1
    area = np.bincount(flat, minlength=count)
    totals = [np.bincount(flat, picture[..., c].ravel(), minlength=count) for c in range(3)]
    return (np.stack(totals, axis=-1) / area[:, None]).astype(np.float32)
