"""Adjusting pixels: warp, then tone, then texture; differentiable throughout."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import oklab_to_rgb, slice_grid
from bottega.personalize.adjust.infill import fill_with_patches
from bottega.personalize.adjust.parameters import AdjustmentParams
from bottega.personalize.adjust.skin import skin_mask
from bottega.personalize.analysis.color import WARM_HUE
from bottega.personalize.analysis.composition import saliency
from bottega.personalize.analysis.pixels import pixel_coordinates, resize_for_analysis
from bottega.personalize.analysis.texture import detail_octaves

MAX_DISPLACEMENT = 0.35  # of the warp, in sides of the picture
MIRROR_FADE = 0.08  # at this distance beyond the edge, in sides, the mirrored picture is entirely blurred
MIRROR_BLUR_SIDE = 24  # shorter side in pixels of the picture that is enlarged for that
SALIENCY_SIDE = 64  # shorter side in pixels at which saliency is measured
SUBJECT_SALIENCE = 2.0  # relative to the mean; places that draw the eye so much are not repeated
MIN_SKIN = 0.3  # of the mask of skin, for the same purpose; such places need only the mean saliency
MIN_LIGHTNESS = 0.005  # curves stop at this distance from lightness 0 and 1, where they are infinitely steep
MAX_LIGHT_SHIFT, MAX_LOG_CHROMA_GAIN = 1.5, 1.0
"""Of the bilateral grid: shift of the curve of lightness, and logarithm of the gain of chroma."""

MAX_LOG_DETAIL_GAIN = 1.4  # four times as strong, or a quarter
EDGE_VARIANCE = 0.002  # variance of lightness at which the guided filter keeps half of the variation
FILTER_RADIUS = 3  # of the guided filter, in pixels of 192
MAX_GRAIN = 0.06  # deviation of the strongest grain, in lightness
MAX_STROKE_GAIN = 2.0
"""By which the strongest turn lengthens strokes that run its way, and shortens those across it."""

STROKE_LENGTH = 7  # in pixels, of 192, over which strokes are averaged


@dataclass(frozen=True)
class Rendering:
    """Adjusted pictures.

    Attributes:
        picture: ``(N, 3, H, W)``, sRGB in [0, 1].
        structure: the original under the same warp, in OKLab: what the result should still show.
        displacement: ``(N, 2, H, W)``.
        gamut_excess: mean distance of colors outside sRGB before they were clipped, ``(N,)``.
    """

    picture: Tensor
    structure: Tensor
    displacement: Tensor
    gamut_excess: Tensor


def render(
    lab: Tensor, params: AdjustmentParams, mask: Tensor | None = None, *, fill: bool = False
) -> Rendering:
    """Adjust pictures in OKLab ``(N, 3, H, W)``, of any size.

    Args:
        mask: ``(N or 1, 1, H, W)`` in [0, 1]: outside nothing changes.
        fill: show patches of the picture, not its mirror image, where the warp reaches beyond the edges;
            slower, and without gradients.
    """
    displacement = displacement_field(params.warp, *lab.shape[-2:])
    if mask is not None:
        displacement = displacement * mask
    structure = warp_picture(lab, displacement)
    if fill:
        structure = _fill_uncovered(structure, displacement)
    adjusted = apply_bilateral_grid(apply_tone(structure, params.tone), params.bilateral_grid)
    adjusted = apply_texture(adjusted, params)
    if mask is not None:
        adjusted = structure + mask * (adjusted - structure)
    rgb = oklab_to_rgb(adjusted)
    clipped = rgb.clamp(0, 1)
    excess = F.l1_loss(rgb, clipped, reduction="none").mean((1, 2, 3))
    return Rendering(clipped, structure, displacement, excess)


# Warp. ----------------------------------------------------------------------------------------------------


def displacement_field(warp: Tensor, height: int, width: int) -> Tensor:
    """Where each pixel comes from, less where it is: ``(N, 2, H, W)`` in sides of the picture."""
    field = F.interpolate(warp, (height, width), mode="bicubic", align_corners=True)
    return MAX_DISPLACEMENT * torch.tanh(field / MAX_DISPLACEMENT)


def warp_picture(picture: Tensor, displacement: Tensor) -> Tensor:
    """The picture ``(N, C, H, W)`` with every pixel from its place plus ``displacement (N, 2, H, W)``.

    Beyond the edges the picture is mirrored and increasingly blurred: without a second subject, and without
    streaks.
    """
    source = source_places(displacement)

    def sample(planes: Tensor) -> Tensor:
        return F.grid_sample(
            planes, 2 * source - 1, mode="bilinear", padding_mode="reflection", align_corners=False
        )

    sharp = sample(picture)
    beyond = distance_beyond_edges(source)
    if not bool((beyond > 0).any()):
        return sharp
    scale = MIRROR_BLUR_SIDE / min(picture.shape[-2:])
    size = [max(1, round(side * scale)) for side in picture.shape[-2:]]
    blurred = sample(F.interpolate(picture, size, mode="area"))
    return torch.lerp(sharp, blurred, (beyond / MIRROR_FADE).clamp(0, 1))


def source_places(displacement: Tensor) -> Tensor:
    """``(N, H, W, 2)``, x and y in sides of the picture."""
    x, y = pixel_coordinates(displacement)
    return torch.stack([x + displacement[:, 0], y + displacement[:, 1]], -1)


def distance_beyond_edges(source: Tensor) -> Tensor:
    """``(N, 1, H, W)`` in sides, of places ``(N, H, W, 2)``."""
    return (source - source.clamp(0, 1)).abs().amax(-1, keepdim=True).permute(0, 3, 1, 2)


def _fill_uncovered(warped: Tensor, displacement: Tensor) -> Tensor:
    """With patches where the warp reaches beyond the edges; the subject and faces are not repeated."""
    holes = distance_beyond_edges(source_places(displacement)) > 0
    if not bool(holes.any()):
        return warped
    small = resize_for_analysis(warped, SALIENCY_SIDE)
    salience = saliency(small) * small[0, 0].numel()
    salience = F.interpolate(salience, warped.shape[-2:], mode="bilinear", align_corners=False)
    avoided = (salience > SUBJECT_SALIENCE) | ((salience > 1) & (skin_mask(warped) > MIN_SKIN))
    filled = warped.clone()
    for i in range(len(warped)):
        filled[i : i + 1] = fill_with_patches(warped[i : i + 1], holes[i : i + 1], avoided[i : i + 1])
    return filled


# Tone. ----------------------------------------------------------------------------------------------------


def apply_tone(lab: Tensor, tone: Tensor) -> Tensor:
    """OKLab ``(N, 3, H, W)`` by ``tone (N, 4)``: l, c, s, w.

    Lightness becomes σ(e^c · logit L + l), which keeps the order of tones and ends at black and white; chroma
    e^s · (a, b) + w · (cos 60°, sin 60°), a shift along the axis that warmth is measured on and no other: one
    across it would be a cheap way to saturation, and turn everything pink.
    """
    light, log_contrast, log_chroma, warmth = tone[:, :, None, None].to(lab).unbind(1)
    inside = lab[:, 0].clamp(MIN_LIGHTNESS, 1 - MIN_LIGHTNESS)
    lightness = torch.sigmoid(log_contrast.exp() * torch.logit(inside) + light) + (lab[:, 0] - inside)
    gain = log_chroma.exp()
    a = lab[:, 1] * gain + warmth * math.cos(WARM_HUE)
    b = lab[:, 2] * gain + warmth * math.sin(WARM_HUE)
    return torch.stack([lightness, a, b], 1)


def apply_bilateral_grid(lab: Tensor, grid: Tensor) -> Tensor:
    """OKLab by ``grid (N, 2, depth, rows, columns)``, looked up by lightness and place: dodging and burning.

    The first channel shifts the curve of lightness, the second is the logarithm of a gain of chroma. Hues
    stay: local changes of hue, by a network or along a gradient, paint rainbows.
    """
    changes = slice_grid(grid, lab[:, :1].clamp(0, 1).contiguous())
    light = MAX_LIGHT_SHIFT * torch.tanh(changes[:, :1] / MAX_LIGHT_SHIFT)
    gain = (MAX_LOG_CHROMA_GAIN * torch.tanh(changes[:, 1:] / MAX_LOG_CHROMA_GAIN)).exp()
    inside = lab[:, :1].clamp(MIN_LIGHTNESS, 1 - MIN_LIGHTNESS)
    lightness = torch.sigmoid(torch.logit(inside) + light) + (lab[:, :1] - inside)
    return torch.cat([lightness, lab[:, 1:] * gain], 1)


# Texture. -------------------------------------------------------------------------------------------------


def apply_texture(lab: Tensor, params: AdjustmentParams) -> Tensor:
    """OKLab ``(N, 3, H, W)`` with its detail adjusted.

    Computed at the size of analysis; larger pictures take over the change, and what is finer than that
    follows the finest octave.
    """
    small = resize_for_analysis(lab)
    changed, gain = _apply_texture_small(small, params)
    if small.shape == lab.shape:
        return changed

    def enlarge(planes: Tensor) -> Tensor:
        return F.interpolate(planes, lab.shape[-2:], mode="bilinear", align_corners=False)

    return lab + enlarge(changed - small) + (enlarge(gain) - 1) * (lab - enlarge(small))


def _apply_texture_small(lab: Tensor, params: AdjustmentParams) -> tuple[Tensor, Tensor]:
    """The picture at the size of analysis, and the gain of its finest octave ``(N, 1, H, W)``."""
    size = lab.shape[-2:]

    def enlarge(planes: Tensor, align_corners: bool = True) -> Tensor:
        return F.interpolate(planes, size, mode="bilinear", align_corners=align_corners)

    flat = lab + torch.tanh(enlarge(params.smoothing)) * (guided_filter(lab) - lab)
    grain = MAX_GRAIN * torch.tanh(params.strokes[:, 2:, None, None]) * canvas_grain(*size).to(flat)
    result = torch.cat([flat[:, :1] + grain, flat[:, 1:]], 1)
    gains = (MAX_LOG_DETAIL_GAIN * torch.tanh(params.detail_gains / MAX_LOG_DETAIL_GAIN)).exp()
    finest = enlarge(gains[:, :1])
    for i, octave in enumerate(detail_octaves(result)):
        gain = enlarge(gains[:, i : i + 1])
        result = result + (gain - 1) * (enlarge(octave, align_corners=False) if i else octave)
    return result + stroke_rotation(result - box_blur(result, 2), params.strokes[:, :2]), finest


def guided_filter(lab: Tensor) -> Tensor:
    """Areas flat, edges kept: the guided filter with lightness as its guide (He, Sun and Tang 2013)."""
    light = lab[:, :1]
    means = box_blur(torch.cat([lab, light.square()], 1), FILTER_RADIUS)
    variance = (means[:, 3:] - means[:, :1].square()).clamp_min(0)
    edges = box_blur(variance / (variance + EDGE_VARIANCE), FILTER_RADIUS)
    return means[:, :3] + edges * (lab - means[:, :3])


def box_blur(planes: Tensor, radius: int) -> Tensor:
    """Means over squares of ``2 · radius + 1`` pixels, less at the edges."""
    return F.avg_pool2d(planes, 2 * radius + 1, 1, radius, count_include_pad=False)


def stroke_rotation(fine: Tensor, direction: Tensor) -> Tensor:
    """What to add to a picture so that the strokes of its fine detail ``(N, C, H, W)`` turn.

    Means along four directions keep strokes that run so; those along ``direction (N, 2)`` (cos 2φ, sin 2φ)
    are added, those across it subtracted, in all channels: lightness alone would leave fringes of color.
    """
    level, rising, upright, falling = _directional_means(fine)
    cos2, sin2 = (MAX_STROKE_GAIN * torch.tanh(direction))[..., None, None, None].unbind(1)
    return cos2 * (level - upright) + sin2 * (rising - falling)


def canvas_grain(height: int, width: int) -> Tensor:
    """Noise of unit deviation, ``(1, 1, H, W)``, the same for the same size."""
    generator = torch.Generator().manual_seed(7)
    noise = torch.randn(1, 1, height, width, generator=generator)
    coarse = torch.randn(1, 1, (height + 1) // 2, (width + 1) // 2, generator=generator)
    coarse = F.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
    noise = box_blur(noise, 1) * 2 + coarse
    return noise / noise.std()


def _directional_means(fine: Tensor) -> tuple[Tensor, ...]:
    """Along 0°, 45°, 90° and 135° (counterclockwise) over STROKE_LENGTH pixels, each ``(N, C, H, W)``."""
    diagonal = torch.eye(STROKE_LENGTH).to(fine) / STROKE_LENGTH
    level = torch.zeros_like(diagonal)
    level[STROKE_LENGTH // 2] = 1 / STROKE_LENGTH
    kernels = torch.stack([level, diagonal.flip(1), level.T, diagonal])[:, None]
    planes = F.pad(fine.flatten(0, 1)[:, None], (STROKE_LENGTH // 2,) * 4, mode="reflect")
    return F.conv2d(planes, kernels).view(*fine.shape[:2], 4, *fine.shape[2:]).unbind(2)
