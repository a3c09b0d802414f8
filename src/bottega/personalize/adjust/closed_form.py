"""The closed-form part of an adjustment: recoloring to a palette, tone, and warp."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.layers.palette import MAX_PALETTE_COLORS, assign_clusters, flatten_pixels, sinkhorn_plan
from bottega.personalize.adjust.parameters import GRID_SIZE, AdjustmentParams, AdjustmentTarget
from bottega.personalize.adjust.render import apply_tone
from bottega.personalize.adjust.skin import skin_mask
from bottega.personalize.analysis.color import MAX_WARMTH, measure_color
from bottega.personalize.analysis.pixels import resize_coarse
from bottega.personalize.condition import ATTRIBUTES

SOURCE_CLUSTERS = 24
"""Colors that stand for the picture's: four times as many as a palette has, so that parts of one color may
take different ones."""

PLAN_REGULARIZATION = 0.001
"""A stronger one sends a color halfway between two of the palette's, to gray between blue and ochre."""

CLUSTER_SIGMA = 0.05  # of the Gaussian in OKLab by which a color follows the clusters near it
LUT_SIZE = 24  # of the lookup table of colors, along each axis of OKLab
LUT_LOW = (0.0, -0.35, -0.35)
LUT_HIGH = (1.0, 0.35, 0.35)

TONE_ROUNDS = 8
MAX_SHIFT, MAX_ZOOM = 0.25, 1.4
SUBJECT_SHARE = 0.7
"""Of the way that the subject moves: its surroundings move along, and take part of the attention."""

STROKE_GAIN = 0.7  # from a difference of measured directions to a turn of strokes


@torch.no_grad()
def closed_form(
    lab: Tensor, target: AdjustmentTarget, measured: Tensor, region: Tensor | None = None
) -> AdjustmentParams:
    """Parameters that bring pictures near a target.

    Args:
        lab: ``(N, 3, H, W)`` in OKLab; measured: their attributes ``(N, D)``.
        region: ``(N or 1, 1, H, W)``, where color counts.
    """
    values, mask = target.values, target.mask
    params = AdjustmentParams.zeros(len(lab), lab.device).to_dict()
    params["tone"] = solve_tone(lab, values, mask, region)
    params["warp"] = solve_warp(values, mask, measured)
    columns = ATTRIBUTES["stroke_direction"].columns
    params["strokes"][:, :2] = STROKE_GAIN * (values - measured)[:, columns] * mask[:, columns]
    return target.restrict(AdjustmentParams(**params))


# Palette. -------------------------------------------------------------------------------------------------


@torch.no_grad()
def apply_requested_palettes(
    lab: Tensor,
    values: Tensor,
    mask: Tensor,
    region: Tensor | None = None,
    strength: float = 1.0,
    skin_strength: float = 1.0,
) -> Tensor:
    """Pictures ``(N, 3, H, W)`` in OKLab, recolored where ``mask (N, D)`` requests the palette of ``values``.

    Args:
        region: ``(N or 1, 1, H, W)``, where something may change.
        skin_strength: on skin, relative to the rest, in [0, 1]. Below 1 the rest alone meets the palette.
    """
    columns = ATTRIBUTES["palette"].columns
    is_requested = mask[:, columns.start]
    if not bool(is_requested.any()):
        return lab
    palettes = values[:, columns].reshape(-1, MAX_PALETTE_COLORS, 4)
    gray = torch.zeros_like(palettes)  # a placeholder where no palette is requested; its result is not used
    gray[:, 0] = torch.tensor([0.5, 0.0, 0.0, 1.0]).to(values)
    palettes = torch.where(is_requested[:, None, None], palettes, gray)
    if skin_strength < 1:
        unprotected = 1 - (1 - skin_strength) * skin_mask(lab)
        region = unprotected if region is None else region * unprotected
    changed = apply_palette(lab, palettes, region, strength)
    if region is not None:
        changed = lab + region * (changed - lab)
    return torch.where(is_requested.view(-1, 1, 1, 1), changed, lab)


@torch.no_grad()
def apply_palette(lab: Tensor, palette: Tensor, mask: Tensor | None = None, strength: float = 1.0) -> Tensor:
    """OKLab ``(N, 3, H, W)`` with the colors of ``palette (N, 6, 4)``.

    The transport plan of least work (Sinkhorn) from clusters of the picture's colors to the palette gives
    the mean shift of each cluster; every pixel is shifted as the clusters near it are, so that the variation
    around them, the drawing, stays. (A second pass comes nearer to the palette, and makes posters of
    photographs.)

    Args:
        mask: ``(N or 1, 1, H, W)``, where the picture's own colors are measured; all of it is recolored.
        strength: in [0, 1], how far the colors go.
    """
    weights = None if mask is None else resize_coarse(mask.to(lab))
    colors, mass = flatten_pixels(resize_coarse(lab), weights)
    members = assign_clusters(colors, mass, SOURCE_CLUSTERS) * mass
    masses = members.sum(1)
    centers = members.mT @ colors / masses[..., None].clamp_min(1e-9)
    cost = (centers[:, :, None] - palette[:, None, :, :3]).square().sum(3)
    plan = sinkhorn_plan(cost, masses / masses.sum(1, keepdim=True), palette[..., 3], PLAN_REGULARIZATION)
    targets = plan @ palette[..., :3] / plan.sum(2, keepdim=True).clamp_min(1e-12)
    is_used = masses > 1e-9
    shifts = torch.where(is_used[..., None], targets - centers, 0)
    return lab + strength * _look_up(_shift_table(centers, shifts, is_used), lab)


def _shift_table(centers: Tensor, shifts: Tensor, is_used: Tensor) -> Tensor:
    """The shift of every color of a lattice: ``(N, 3, LUT_SIZE, LUT_SIZE, LUT_SIZE)``, axes b, a, L."""
    lightness, a, b = (
        torch.linspace(low, high, LUT_SIZE).to(centers) for low, high in zip(LUT_LOW, LUT_HIGH, strict=True)
    )
    lattice = torch.stack(torch.meshgrid(b, a, lightness, indexing="ij")[::-1], -1).view(1, -1, 3)
    distance = (torch.cdist(lattice.expand(len(centers), -1, -1), centers) / CLUSTER_SIGMA).square() / 2
    # Far from all clusters the nearest decides, softly.
    distance = distance.masked_fill(~is_used[:, None], torch.inf)
    return (torch.softmax(-distance, 2) @ shifts).mT.reshape(-1, 3, LUT_SIZE, LUT_SIZE, LUT_SIZE)


def _look_up(table: Tensor, lab: Tensor) -> Tensor:
    low, high = (torch.tensor(end).to(lab).view(1, 3, 1, 1) for end in (LUT_LOW, LUT_HIGH))
    where = (2 * (lab - low) / (high - low) - 1).permute(0, 2, 3, 1)[:, None]
    return grid_sample(table, where, padding_mode="border", align_corners=True)[:, :, 0]


# Tone and warp. -------------------------------------------------------------------------------------------


def solve_tone(lab: Tensor, values: Tensor, mask: Tensor, region: Tensor | None = None) -> Tensor:
    """``(N, 4)``: the tone that gives the requested lightness, contrast, saturation and warmth, by rounds of
    measuring and correcting. Colors outside sRGB are clipped in each round, as they will be."""
    small = resize_coarse(lab)
    weights = None if region is None else resize_coarse(region.to(lab))
    columns = slice(ATTRIBUTES["lightness"].columns.start, ATTRIBUTES["warmth"].columns.stop)
    target, requested = values[:, columns], mask[:, columns].to(values)
    tone = lab.new_zeros(len(lab), 4)
    low, high = torch.tensor([[-3, -2, -2, -0.2], [3, 1.5, 1.5, 0.2]]).to(tone)
    for _ in range(TONE_ROUNDS):
        clipped = rgb_to_oklab(oklab_to_rgb(apply_tone(small, tone)).clamp(0, 1))
        measured = measure_color(clipped, weights)
        difference = (target - measured) * requested
        slope = (measured[:, 0] * (1 - measured[:, 0])).clamp_min(0.05)
        log_ratio = ((target + 0.01) / (measured + 0.01)).log().clamp(-1, 1) * requested
        steps = (
            difference[:, 0] / slope,
            0.8 * log_ratio[:, 1],
            0.8 * log_ratio[:, 2],
            MAX_WARMTH * difference[:, 3],
        )
        tone = (tone + torch.stack(steps, 1)).clamp(low, high)
    return tone


def solve_warp(values: Tensor, mask: Tensor, measured: Tensor) -> Tensor:
    """``(N, 2, 8, 8)``: the subject moves to the requested place and grows; else the horizon moves.

    Halfway between a shift of the whole, which shows what is beyond the edges, and a stretch of one side and
    a compression of the other, which distorts the drawing. The horizon moves by stretch and compression
    alone.
    """
    line = torch.linspace(0, 1, GRID_SIZE).to(values)
    x, y = line.expand(GRID_SIZE, -1), line[:, None].expand(-1, GRID_SIZE)
    place, size, level = (ATTRIBUTES[name].columns for name in ("subject", "subject_size", "horizon"))
    shift = SUBJECT_SHARE * (values - measured)[:, place] * mask[:, place]
    shift = shift.clamp(-MAX_SHIFT, MAX_SHIFT)[..., None, None]
    log_ratio = ((values[:, size] + 0.1) / (measured[:, size] + 0.1)).log() * mask[:, size]
    zoom = (SUBJECT_SHARE * log_ratio).exp().clamp(1 / MAX_ZOOM, MAX_ZOOM)[..., None]
    center = measured[:, place][..., None, None]
    fields = []
    for i, where in enumerate((x, y)):
        rigid = (where - shift[:, i] - center[:, i]) / zoom + center[:, i] - where
        stretched = _stretch(where, center[:, i] + shift[:, i], center[:, i]) - where
        fields.append((rigid + stretched) / 2)
    target, current = (vector[:, level][..., None] for vector in (values, measured))
    only_horizon = (mask[:, level].any(1) & ~mask[:, place].any(1))[:, None, None]
    fields[1] = fields[1] + torch.where(only_horizon, _stretch(y, target, current) - y, 0)
    return torch.stack(fields, 1)


def _stretch(where: Tensor, target: Tensor, current: Tensor) -> Tensor:
    """Where places come from if ``current`` moves to ``target`` and both edges stay."""
    target, current = target.clamp(0.1, 0.9), current.clamp(0.1, 0.9)
    return torch.where(
        where < target, where * current / target, 1 - (1 - where) * (1 - current) / (1 - target)
    )
