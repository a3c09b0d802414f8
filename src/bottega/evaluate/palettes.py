"""Palettes, and how near the colours of a picture come to one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linprog
from sklearn.cluster import KMeans
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import PictureError, SettingsError
from bottega.evaluate.metrics.checks import check_pictures
from bottega.evaluate.metrics.color import ciede2000, rgb_to_lab

COLORS = 8
SAMPLES = 1024
SIDE = 64  # long side at which a palette is read: more pixels tell nothing more of large areas
WORD = re.compile(r"#?(?P<hex>[0-9a-fA-F]{6})(:(?P<share>\d*\.?\d+))?")


@dataclass(frozen=True)
class Palette:
    """Colours and the area that each takes.

    Attributes:
        lab: CIELAB ``(K, 3)``, float64.
        shares: ``(K,)``, sum 1.
    """

    lab: Tensor
    shares: Tensor


def palette(words: Sequence[str]) -> Palette:
    """A palette from words such as ``#203040`` or, with its share, ``#e0c080:0.7``.

    Raises:
        SettingsError: no words, or one that is no colour; no share above 0.
    """
    found = [WORD.fullmatch(word.strip()) for word in words]
    wrong = [word for word, match in zip(words, found, strict=True) if match is None]
    if wrong or not words:
        raise SettingsError(
            f'"{wrong[0] if wrong else ""}" is no colour of a palette; write #203040, or with a share '
            "#203040:0.5."
        )
    matches = [match for match in found if match]
    rgb = [[int(match["hex"][at : at + 2], 16) / 255 for at in (0, 2, 4)] for match in matches]
    shares = torch.tensor([float(match["share"] or 1) for match in matches], dtype=torch.float64)
    if shares.sum() <= 0:
        raise SettingsError("The shares of a palette must not all be 0.")
    return Palette(rgb_to_lab(torch.tensor(rgb, dtype=torch.float64)), shares / shares.sum())


def palette_of(lab: Tensor, colors: int = COLORS) -> Palette:
    """The palette of CIELAB samples ``(n, 3)``: seeded k-means, each cluster's mean and share."""
    samples = lab.double().cpu().numpy()
    distinct = len(np.unique(samples.round(6), axis=0))
    means = KMeans(min(colors, distinct), n_init=1, random_state=0).fit(samples)
    counts = np.bincount(means.labels_, minlength=len(means.cluster_centers_))
    return Palette(torch.from_numpy(means.cluster_centers_), torch.from_numpy(counts / counts.sum()))


def color_samples(picture: Tensor) -> Tensor:
    """CIELAB ``(n, 3)`` of a picture ``(1, 3, H, W)`` averaged down to 64 pixels; at most 1,024 samples.

    Raises:
        PictureError: another shape.
    """
    if picture.ndim != 4 or picture.shape[:2] != (1, 3):
        raise PictureError(f"Colours are read from one picture (1, 3, H, W), not {tuple(picture.shape)}.")
    check_pictures(picture)
    factor = min(1.0, SIDE / max(picture.shape[-2:]))
    height, width = (max(1, round(side * factor)) for side in picture.shape[-2:])
    pixels = F.adaptive_avg_pool2d(picture, (height, width))[0].flatten(1).T
    step = -(-len(pixels) // SAMPLES)
    return rgb_to_lab(pixels[::step])


def palette_distance(found: Palette, wanted: Palette) -> float:
    """The mean ΔE₀₀ that recolouring ``found`` into ``wanted`` takes at least, 0 for equal palettes.

    The earth mover's distance (Rubner, Tomasi & Guibas 2000) with CIEDE2000 as the ground distance: a colour
    that is there but takes too little area costs as much as it should.
    """
    cost = ciede2000(found.lab[:, None], wanted.lab[None]).numpy()
    return _transport(cost, found.shares.numpy(), wanted.shares.numpy())


def color_accuracy(picture: Tensor, wanted: Palette) -> float:
    """:func:`palette_distance` of a picture ``(1, 3, H, W)`` to a palette; about 1 is just seen, 0 exact.

    Raises:
        PictureError: another shape.
    """
    return palette_distance(palette_of(color_samples(picture)), wanted)


def _transport(cost: NDArray[np.float64], supply: NDArray[np.float64], demand: NDArray[np.float64]) -> float:
    """The optimal value of the transportation problem."""
    n, m = cost.shape
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    # The last column's total follows from the others; kept, rounding would make the problem infeasible.
    constraints = np.concatenate([rows, columns[:-1]])
    solved = linprog(
        cost.ravel(), A_eq=constraints, b_eq=np.concatenate([supply, demand[:-1]]), method="highs"
    )
    return float(solved.fun)
