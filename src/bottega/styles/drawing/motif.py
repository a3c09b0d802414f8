"""A motif: what the picture shows, independent of style.

Per pixel: the kind of object (region), the single object (label), its lightness (tone), and lines along the
form (contours of the phase, whose values are in units).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bottega.styles.drawing.canvas import Array, Canvas

SKY, SUN, FAR, NEAR, WATER, FOLIAGE, ACCENT = range(7)


class Motif:
    """Fields of shape (H, W): ``region`` and ``label`` (integers), ``tone`` in [0, 1], ``phase`` in units,
    ``flow`` the direction along the form in radians."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        shape = (canvas.height, canvas.width)
        self.region: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        self.label: NDArray[np.int32] = np.zeros(shape, np.int32)
        self.tone = canvas.zeros()
        self.phase = canvas.zeros()
        self.flow = canvas.zeros()
        self._object_count = 0

    def paste(
        self,
        region: int,
        mask: NDArray[np.bool_] | None,
        tone: Array,
        phase: Array,
        box: tuple[slice, slice] = (slice(None), slice(None)),
    ) -> None:
        """Paste one object over the existing ones. All fields broadcast to the shape of the box."""
        shape = self.tone[box].shape
        if min(shape) < 2:
            return
        self._object_count += 1
        phase = np.broadcast_to(phase, shape)
        down, across = np.gradient(phase)
        inside = np.ones(shape, bool) if mask is None else np.broadcast_to(mask, shape)
        values: tuple[tuple[NDArray, NDArray | int], ...] = (  # type: ignore[type-arg]
            (self.region, region),
            (self.label, self._object_count),
            (self.tone, np.clip(np.broadcast_to(tone, shape), 0, 1)),
            (self.phase, phase),
            (self.flow, np.arctan2(across, -down)),
        )
        for field, value in values:
            field[box][inside] = value[inside] if isinstance(value, np.ndarray) else value

    def border_distance(self) -> Array:
        """Distance in units to the nearest border between two objects."""
        return edge_distance(self.label) / np.float32(self.canvas.unit)

    def border_angle(self) -> Array:
        """Angle of the nearest border between two objects, in radians."""
        down, across = np.gradient(self.border_distance())
        # On the border itself the gradient vanishes; the structure tensor around it keeps the direction.
        mixed = self.canvas.blur(2 * down * across, 2.5)
        difference = self.canvas.blur(across**2 - down**2, 2.5)
        return (0.5 * np.arctan2(mixed, difference) + np.pi / 2).astype(np.float32)

    def normalized_tone(self, low: float = 0.5, high: float = 99.5) -> Array:
        """The tone, stretched to the whole range from 0 to 1."""
        dark, light = np.percentile(self.tone, [low, high])
        return np.clip((self.tone - dark) / max(light - dark, 1e-3), 0, 1).astype(np.float32)


def edge_distance(label: NDArray[np.int32]) -> Array:
    """Distance in pixels from each pixel to the nearest change of label, at least 0.3."""
    edge = np.zeros(label.shape, bool)
    edge[:, 1:] |= label[:, 1:] != label[:, :-1]
    edge[1:] |= label[1:] != label[:-1]
    if not edge.any():
        return np.full(label.shape, max(label.shape), np.float32)
    distance = ndimage.distance_transform_edt(~edge).astype(np.float32)
    # The border is a stair of pixels; a small blur smooths every line along it.
    return np.clip(ndimage.gaussian_filter(distance, 0.8) + 0.2, 0.3, None)
