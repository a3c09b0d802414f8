"""The canvas: a size, a seed and coordinates in *units*, so that size changes only the resolution.

A canvas always has an area of 768 × 768 units, whatever its pixels are; lengths, stroke widths and noise
cells are in units. All random draws depend on the seed and the proportions, never on the pixels.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array: TypeAlias = NDArray[Any]  # float32 unless noted otherwise
SIDE_UNITS = 768.0
# Standard deviation of white noise after interpolation by cubic B-splines on two axes: (151 / 315).
SPLINE_DEVIATION = 151.0 / 315.0


class Canvas:
    """Height and width in pixels; ``tall`` and ``wide`` in units; ``unit`` is the pixels per unit."""

    def __init__(self, size: tuple[int, int], seed: int, salt: int = 0) -> None:
        self.height, self.width = size
        self.seed = seed
        self.unit = math.sqrt(self.height * self.width) / SIDE_UNITS
        self.tall, self.wide = round(self.height / self.unit, 4), round(self.width / self.unit, 4)
        self.rng = np.random.default_rng([seed, salt])
        self.x: Array = ((np.arange(self.width, dtype=np.float32) + 0.5) / self.unit)[None, :]
        self.y: Array = ((np.arange(self.height, dtype=np.float32) + 0.5) / self.unit)[:, None]

    def zeros(self) -> Array:
        """An empty field (H, W)."""
        return np.zeros((self.height, self.width), np.float32)

    def uniform(self, low: float, high: float) -> float:
        """One random number."""
        return float(self.rng.uniform(low, high))

    def visible(self, length: float, pixels: float) -> float:
        """A length in units, but at least so many pixels."""
        return max(length, pixels / self.unit)

    def noise(self, cell: float, octaves: int = 1, stretch: float = 1.0) -> Array:
        """Smooth noise (H, W) of mean 0 and deviation 1: cubic B-splines over a random lattice.

        ``cell`` is the lattice spacing in units; every further octave halves cell and strength;
        ``stretch`` > 1 lengthens the grain along x.
        """
        total = self.zeros()
        power = 0.0
        for octave in range(octaves):
            size, gain = max(cell / 2**octave, 0.5), 0.5**octave
            rows, row_weights = _spline_weights(self.y.ravel() / size)
            columns, column_weights = _spline_weights(self.x.ravel() / (size * stretch))
            # The lattice covers the canvas in units, so that its draws are the same at every resolution.
            shape = math.ceil(self.tall / size) + 4, math.ceil(self.wide / (size * stretch)) + 4
            lattice = self.rng.standard_normal(shape, np.float32)
            total += gain * _spline_sum(column_weights, _spline_sum(row_weights, lattice, rows).T, columns).T
            power += gain**2
        return (total / np.float32(SPLINE_DEVIATION * math.sqrt(power))).astype(np.float32)

    def noise_1d(self, cell: float, octaves: int = 1) -> Array:
        """Smooth noise along x only, shape (1, W), deviation 1."""
        total, power = np.zeros(self.width, np.float32), 0.0
        for octave in range(octaves):
            size, gain = cell / 2**octave, 0.5**octave
            columns, weights = _spline_weights(self.x.ravel() / size)
            lattice = self.rng.standard_normal((math.ceil(self.wide / size) + 4, 1), np.float32)
            total += gain * _spline_sum(weights, lattice, columns)[:, 0]
            power += gain**2
        return (total / np.float32(math.sqrt(SPLINE_DEVIATION * power)))[None, :].astype(np.float32)

    def scatter(self, spacing: float, margin: float = 0.0) -> tuple[Array, Array]:
        """Points (x, y) in units on a jittered grid that covers the canvas, in random order."""
        columns = math.ceil((self.wide + 2 * margin) / spacing)
        rows = math.ceil((self.tall + 2 * margin) / spacing)
        jitter = self.rng.random((2, rows, columns), np.float32)
        x = (np.arange(columns, dtype=np.float32) + jitter[0]) * spacing - margin
        y = (np.arange(rows, dtype=np.float32)[:, None] + jitter[1]) * spacing - margin
        order = self.rng.permutation(rows * columns)
        return x.ravel()[order], y.ravel()[order]

    def sample(self, field: Array, x: Array, y: Array) -> Array:
        """The values of a field (H, W) or (H, W, C) at points in units; the border repeats."""
        column = np.clip((x * self.unit).astype(np.int64), 0, self.width - 1)
        row = np.clip((y * self.unit).astype(np.int64), 0, self.height - 1)
        return field[row, column]

    def box(self, x0: float, y0: float, x1: float, y1: float) -> tuple[slice, slice]:
        """Row and column slices of a box in units, clipped to the canvas (possibly empty)."""
        rows = slice(*(int(np.clip(v * self.unit, 0, self.height)) for v in (y0, y1 + 1 / self.unit)))
        columns = slice(*(int(np.clip(v * self.unit, 0, self.width)) for v in (x0, x1 + 1 / self.unit)))
        return rows, columns

    def gradient(self, field: Array) -> tuple[Array, Array]:
        """The gradient (down, across) of a field (H, W), per unit."""
        down, across = np.gradient(field, np.float32(1 / self.unit))
        return down, across

    def blur(self, field: Array, radius: float) -> Array:
        """Gaussian blur with a deviation in units; channels of (H, W, C) are independent."""
        sigma = (radius * self.unit, radius * self.unit, 0.0)[: field.ndim]
        return ndimage.gaussian_filter(field, sigma, mode="nearest", truncate=3.0)

    def warp(self, field: Array, dx: Array, dy: Array) -> Array:
        """The field (H, W) read at positions moved by (dx, dy) units."""
        rows = (self.y + dy) * self.unit - 0.5
        columns = (self.x + dx) * self.unit - 0.5
        grid = np.broadcast_arrays(rows, columns)
        return ndimage.map_coordinates(field, grid, order=1, mode="mirror").astype(np.float32)


def _spline_weights(position: Array) -> tuple[NDArray[np.int64], tuple[Array, Array, Array, Array]]:
    """Lattice index and the four weights of the uniform cubic B-spline at each position."""
    index = np.floor(position).astype(np.int64)
    t = (position - index).astype(np.float32)
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    return index, (weights[0] / 6, weights[1] / 6, weights[2] / 6, weights[3] / 6)


def _spline_sum(
    weights: tuple[Array, Array, Array, Array], lattice: Array, index: NDArray[np.int64]
) -> Array:
    """Spline sum over the first axis of a lattice: (positions, the lattice's second axis)."""
    parts = [weights[k][:, None] * lattice[index + k] for k in range(4)]
    return parts[0] + parts[1] + parts[2] + parts[3]


def smoothstep(low: float, high: float, value: Array) -> Array:
    """A soft step from 0 at ``low`` to 1 at ``high`` (cubic Hermite); ``low`` may exceed ``high``."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def vector(*values: float) -> Array:
    """A float32 array of a few numbers, for instance the three channels of a shift in color."""
    return np.array(values, np.float32)
