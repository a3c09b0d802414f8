"""Palettes: parsing, extraction from pictures, mixing, and the distance between two of them.

A palette has two forms: text such as ``#203040,gold:2``, and a tuple of :class:`PaletteColor`. Networks
and losses see the tuple as a tensor with the rows L, a, b, share.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from PIL.ImageColor import colormap, getrgb
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch.nn.functional import one_hot

from bottega.errors import SettingsError
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.suggestions import closest_match

MAX_PALETTE_COLORS = 6  # of a condition
COLOR = re.compile(r"(?:#?(?P<digits>[0-9a-fA-F]{6})|(?P<name>[a-zA-Z]+))(?::(?P<share>\d*\.?\d+))?")
MIN_SHARE = 1e-6  # rows of a palette tensor with a smaller share are padding
MAX_MERGED_COLORS = 64  # the cost of merging grows with the cube of it
LLOYD_ROUNDS = 6
MIN_CLUSTER_VARIANCE = 1e-4  # colors that deviate less (1 % of the way from black to white) are one color
SINKHORN_ROUNDS = 80
SINKHORN_REGULARIZATION = 0.004  # in units of OKLab squared


class PaletteColor(BaseModel):
    """One color of a palette, in OKLab, and the share of the picture that it covers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lightness: float = Field(ge=0, le=1, description="L of OKLab")
    a: float = Field(ge=-0.5, le=0.5, description="a of OKLab, from green to red")
    b: float = Field(ge=-0.5, le=0.5, description="b of OKLab, from blue to yellow")
    share: float = Field(1.0, gt=0, description="of the picture; shares of a palette are scaled to sum to 1")

    @property
    def oklab(self) -> tuple[float, float, float]:
        """L, a, b."""
        return self.lightness, self.a, self.b

    @property
    def hex(self) -> str:
        """``#rrggbb`` in sRGB; colors outside are clipped."""
        rgb = oklab_to_rgb(torch.tensor(self.oklab).view(1, 3, 1, 1)).clamp(0, 1)
        return "#" + "".join(f"{round(255 * value):02x}" for value in rgb.flatten().tolist())

    @classmethod
    def from_text(cls, text: str) -> PaletteColor:
        """From ``#203040`` or a name of CSS such as ``gold``; with a share ``#203040:0.3``, ``gold:2``.

        Raises:
            SettingsError: the text has another form, the name is unknown, or the share is 0.
        """
        match = COLOR.fullmatch(text.strip())
        digits = "" if match is None else match["digits"] or _digits_of_name(match["name"])
        if match is None or not digits or (match["share"] and float(match["share"]) <= 0):
            suggestion = (
                closest_match(match["name"], colormap) if match is not None and match["name"] else None
            )
            hint = f" Did you mean {suggestion}?" if suggestion else ""
            raise SettingsError(
                f'"{text}" is not a color; write a name such as gold, or six digits as in #203040; with a '
                f"share gold:2 or #203040:0.3.{hint}"
            )
        rgb = torch.tensor([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]).double()
        lightness, a, b = rgb_to_oklab(rgb.view(1, 3, 1, 1)).flatten().tolist()
        return cls(lightness=min(max(lightness, 0), 1), a=a, b=b, share=float(match["share"] or 1))


def _digits_of_name(name: str) -> str:
    """The six digits of a color of CSS; empty for other names."""
    return "".join(f"{value:02x}" for value in getrgb(name)) if name.lower() in colormap else ""


Palette = tuple[PaletteColor, ...]


def parse_palette(text: Sequence[str] | str, max_colors: int | None = MAX_PALETTE_COLORS) -> Palette:
    """The palette of ``"#203040,#e0c080:2"``, or of a list of such colors; shares are scaled to sum to 1.

    Raises:
        SettingsError: no color, more than ``max_colors``, or a text that is not a color.
    """
    parts = [part for part in (text.split(",") if isinstance(text, str) else text) if part.strip()]
    check_palette_size(len(parts), max_colors)
    return scale_shares([PaletteColor.from_text(part) for part in parts])


def check_palette_size(count: int, max_colors: int | None = MAX_PALETTE_COLORS) -> None:
    """Raises SettingsError unless there are 1 to ``max_colors`` colors."""
    if count < 1 or (max_colors is not None and count > max_colors):
        limit = "at least one color" if max_colors is None else f"1 to {max_colors} colors"
        raise SettingsError(f"A palette has {limit}, not {count}.")


def scale_shares(colors: Sequence[PaletteColor]) -> Palette:
    """With shares that sum to 1, the largest first."""
    total = sum(color.share for color in colors)
    ordered = sorted(colors, key=lambda color: -color.share)
    return tuple(color.model_copy(update={"share": color.share / total}) for color in ordered)


def palette_to_tensor(palette: Palette) -> Tensor:
    """``(6, 4)``: L, a, b and share of each color; zeros where there are fewer."""
    values = torch.zeros(MAX_PALETTE_COLORS, 4)
    for row, color in zip(values, palette, strict=False):
        row.copy_(torch.tensor([*color.oklab, color.share]))
    return values


def palette_from_tensor(values: Tensor) -> Palette:
    """The palette of ``(rows, 4)``; colors out of range are clipped, rows without a share are left out."""
    low, high = torch.tensor([[0.0, -0.5, -0.5], [1.0, 0.5, 0.5]]).to(values)
    colors = values[:, :3].clamp(low, high).tolist()
    return scale_shares(
        [
            PaletteColor(lightness=lightness, a=a, b=b, share=share)
            for (lightness, a, b), share in zip(colors, values[:, 3].tolist(), strict=True)
            if share > MIN_SHARE
        ]
    )


def mix_palettes(palettes: Sequence[Palette], weights: Sequence[float]) -> Palette:
    """The colors of all palettes, the nearest merged until :data:`MAX_PALETTE_COLORS` are left.

    More than :data:`MAX_MERGED_COLORS` are clustered first: 1,000 palettes take a fifth of a second.
    Deterministic.
    """
    rows = [
        [*color.oklab, color.share * weight]
        for palette, weight in zip(palettes, weights, strict=True)
        for color in palette
    ]
    values = torch.tensor(rows, dtype=torch.float64)
    values = values[values[:, 3] > 0]
    if len(values) > MAX_MERGED_COLORS:
        values = cluster_colors(values[None, :, :3], values[None, :, 3:], MAX_MERGED_COLORS)[0]
        values = values[values[:, 3] > 0]
    values[:, 3] /= values[:, 3].sum()
    return palette_from_tensor(_merge_nearest(values, MAX_PALETTE_COLORS))


def _merge_nearest(values: Tensor, count: int) -> Tensor:
    """Rows ``(n, 4)`` merged to ``count`` by the method of Ward (1963), which adds least variance within."""
    while len(values) > count:
        colors, mass = torch.split(values, [3, 1], 1)
        cost = mass * mass.T / (mass + mass.T) * torch.cdist(colors, colors).square()
        pair = list(divmod(int(cost.fill_diagonal_(torch.inf).argmin()), len(values)))
        merged = (colors[pair] * mass[pair]).sum(0) / mass[pair].sum()
        others = [i for i in range(len(values)) if i not in pair]
        values = torch.cat([values[others], torch.cat([merged, mass[pair].sum(0)])[None]])
    return values


# Clusters of colors. -------------------------------------------------------------------------------------


def extract_palette(lab: Tensor, weights: Tensor | None = None, count: int = MAX_PALETTE_COLORS) -> Tensor:
    """Palettes ``(N, count, 4)`` of pictures ``(N, 3, H, W)`` in OKLab, see :func:`cluster_colors`.

    Args:
        weights: ``(N or 1, 1, H, W)``, of the pixels; all alike without.
    """
    return cluster_colors(*flatten_pixels(lab, weights), count)


def flatten_pixels(lab: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Colors ``(N, pixels, 3)`` and masses ``(N, pixels, 1)`` of pictures ``(N, 3, H, W)``."""
    colors = lab.flatten(2).mT
    mass = torch.ones_like(colors[..., :1])
    return colors, mass if weights is None else weights.flatten(2).mT.expand_as(mass)


def cluster_colors(colors: Tensor, mass: Tensor, count: int) -> Tensor:
    """Palettes ``(N, count, 4)``: L, a, b and share, the largest share first; zeros where fewer suffice.

    Differentiable in the colors; the assignment of colors to clusters is constant.

    Args:
        colors: ``(N, samples, 3)``; mass: ``(N, samples, 1)``.
    """
    with torch.no_grad():
        members = assign_clusters(colors, mass, count)
    sums = members.mT @ (mass * colors)
    masses = (members.mT @ mass).clamp_min(0)
    centers = torch.where(masses > 1e-9, sums / masses.clamp_min(1e-9), 0)
    palettes = torch.cat([centers, masses / mass.sum(1, keepdim=True)], 2)
    order = palettes[..., 3].argsort(dim=1, descending=True, stable=True)
    return palettes.gather(1, order[..., None].expand(-1, -1, 4))


def assign_clusters(colors: Tensor, mass: Tensor, count: int) -> Tensor:
    """Which of ``count`` clusters each color belongs to: ``(N, samples, count)``, zeros and ones.

    Clusters start as splits along the longest axis of the cluster of most variance (Orchard and Bouman 1991);
    Lloyd's rounds follow.

    Args:
        colors: ``(N, samples, 3)``; mass: ``(N, samples, 1)``.
    """
    labels = torch.zeros(colors.shape[:2], dtype=torch.long, device=colors.device)
    for new_label in range(1, count):
        labels = _split_cluster(colors, mass, labels, new_label)
    members = one_hot(labels, count).to(colors)
    for _ in range(LLOYD_ROUNDS):
        masses = (members * mass).sum(1)
        centers = (members * mass).mT @ colors / masses[..., None].clamp_min(1e-9)
        distances = torch.cdist(colors, centers) + torch.where(masses > 1e-9, 0.0, torch.inf)[:, None]
        members = one_hot(distances.argmin(2), count).to(colors)
    return members


def _split_cluster(colors: Tensor, mass: Tensor, labels: Tensor, new_label: int) -> Tensor:
    """Labels ``(N, samples)`` with the upper half of the cluster of most variance as ``new_label``."""
    members = one_hot(labels, new_label).to(colors) * mass
    masses = members.sum(1)
    means = members.mT @ colors / masses[..., None].clamp_min(1e-9)
    outer = (colors[..., :, None] * colors[..., None, :]).flatten(2)
    second = (members.mT @ outer).view(*members.shape[::2], 3, 3)
    scatter = second - masses[..., None, None] * means[..., :, None] * means[..., None, :]
    values, axes = torch.linalg.eigh(scatter.double())
    widest = values[..., -1].argmax(1)
    rows = torch.arange(len(colors), device=colors.device)
    mean, axis = means[rows, widest], axes[rows, widest, :, -1].to(colors)
    is_upper = ((colors - mean[:, None]) @ axis[..., None]).squeeze(2) > 0
    is_wide = values[rows, widest, -1].to(colors) > MIN_CLUSTER_VARIANCE * masses[rows, widest]
    return torch.where((labels == widest[:, None]) & is_upper & is_wide[:, None], new_label, labels)


# Distances between palettes. ------------------------------------------------------------------------------


def earth_movers_distance(cost: ArrayLike, source: ArrayLike, target: ArrayLike) -> float:
    """The least mean cost of moving masses ``source (n,)`` to ``target (m,)`` (Rubner, Tomasi and Guibas
    2000), by linear programming.

    Args:
        cost: ``(n, m)``, of moving one unit; masses are scaled to sum to 1.
    """
    from scipy.optimize import linprog

    costs, supply, demand = (np.asarray(values, np.float64) for values in (cost, source, target))
    n, m = costs.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    # The last column's total follows from the others; with it, rounding would make the problem infeasible.
    result = linprog(
        costs.ravel(),
        A_eq=np.concatenate([rows, columns[:-1]]),
        b_eq=np.concatenate([supply / supply.sum(), (demand / demand.sum())[:-1]]),
        method="highs",
    )
    return float(result.fun)


def palette_emd(one: Tensor, other: Tensor) -> float:
    """Earth mover's distance in OKLab between two palettes ``(K, 4)``; see :func:`soft_palette_emd`."""
    one, other = (palette[palette[:, 3] > MIN_SHARE].double() for palette in (one, other))
    cost = np.linalg.norm(one[:, None, :3].numpy() - other[None, :, :3].numpy(), axis=2)
    return earth_movers_distance(cost, one[:, 3].numpy(), other[:, 3].numpy())


def soft_palette_emd(one: Tensor, other: Tensor) -> Tensor:
    """The distance between palettes ``(N, K, 4)`` under a regularized plan: ``(N,)``, near the exact one.

    Differentiable in the colors; the plan is constant.
    """
    difference = one[:, :, None, :3] - other[:, None, :, :3]
    squared = difference.square().sum(3)
    plan = sinkhorn_plan(squared.detach(), one[..., 3], other[..., 3])
    return (plan * (squared + 1e-8).sqrt()).sum((1, 2))


@torch.no_grad()
def sinkhorn_plan(
    cost: Tensor, source: Tensor, target: Tensor, regularization: float = SINKHORN_REGULARIZATION
) -> Tensor:
    """An entropy-regularized transport plan ``(N, K, M)`` (Cuturi 2013), computed in logarithms.

    Args:
        cost: ``(N, K, M)``; source: ``(N, K)`` and target: ``(N, M)``, masses that sum to 1.
    """
    kernel = -cost / regularization
    log_source, log_target = (masses.clamp_min(1e-12).log() for masses in (source, target))
    v = torch.zeros_like(log_target)
    for _ in range(SINKHORN_ROUNDS):
        u = log_source - (kernel + v[:, None]).logsumexp(2)
        v = log_target - (kernel + u[:, :, None]).logsumexp(1)
    return (kernel + u[:, :, None] + v[:, None]).exp()
