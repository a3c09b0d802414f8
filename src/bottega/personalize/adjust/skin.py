"""Where a picture probably shows skin, so that palettes go easy on faces."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from bottega.layers import gaussian_blur
from bottega.personalize.analysis.pixels import resize_for_analysis

SKIN_HUE = 52.0  # in OKLab, in degrees: pale, brown and dark skin differ little in hue
SKIN_HUE_SIGMAS = (20.0, 14.0)  # towards red and towards yellow
SKIN_CHROMA = (0.03, 0.15)
SKIN_LIGHTNESS = (0.38, 0.95)
COMPONENT_SIDE = 96  # shorter side in pixels at which areas are judged
MIN_LIKELIHOOD = 0.4  # of the pixels of an area
AREA_SHARES = (0.002, 0.3)
"""Of the picture. Larger areas of these colors are sand, wood or a wall, smaller ones noise."""
MAX_SKIN_SHARE = 0.36  # of the picture, in all; more is the color of the place
MIN_FILLED_SHARES = (0.35, 0.5)  # of the rectangle around an area, and of the part of a split one
MAX_BORDER_SHARES = (0.2, 0.03)  # of the outline of an area along the picture's edges, likewise
MAX_ASPECT = 3.0
OPENINGS = (1, 3, 1)
"""Iterations of the opening that separates areas: of all, of what is too large, and of its lighter part."""
MIN_LIGHTNESS_DEVIATION = 0.03  # faces have features; the evening sky and its reflection have fewer
FEATHER_SIGMA = 1.5  # in pixels of 96
Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


def skin_likelihood(lab: Tensor) -> Tensor:
    """By color alone, ``(N, 1, H, W)`` in [0, 1], of OKLab ``(N, 3, H, W)``.

    A Gaussian of hue, within soft limits of chroma and lightness.
    """
    light, a, b = lab[:, :1], lab[:, 1:2], lab[:, 2:3]
    chroma = (a.square() + b.square()).sqrt()
    hue = torch.atan2(b, a) * (180 / math.pi) - SKIN_HUE
    result = torch.exp(-(hue / torch.where(hue < 0, *SKIN_HUE_SIGMAS)).square() / 2)
    for values, (low, high), softness in ((chroma, SKIN_CHROMA, 0.008), (light, SKIN_LIGHTNESS, 0.02)):
        result = result * torch.sigmoid((values - low) / softness) * torch.sigmoid((high - values) / softness)
    return result


@torch.no_grad()
def skin_mask(lab: Tensor) -> Tensor:
    """Probable skin ``(N, 1, H, W)`` in [0, 1], with soft edges, in OKLab pictures ``(N, 3, H, W)``.

    Areas in the colors of skin, if each is compact, of the size of a face, hand or arm, and not along the
    picture's edges. An area that is too large is split by lightness, as a lit face before a brown wall is.
    It is a stand-in for a face detector: compact things in such colors, like loaves, pass as well, and skin
    in colored light does not.
    """
    small = resize_for_analysis(lab, COMPONENT_SIDE)
    likelihood = gaussian_blur(skin_likelihood(small), 1.0)
    masks = [
        torch.from_numpy(_face_like_areas(plane[0].cpu().numpy(), light.cpu().numpy()))
        for plane, light in zip(likelihood, small[:, 0], strict=True)
    ]
    areas = gaussian_blur(torch.stack(masks)[:, None].to(lab), FEATHER_SIGMA)
    return F.interpolate(areas, lab.shape[-2:], mode="bilinear", align_corners=False)


def _face_like_areas(likelihood: Plane, light: Plane) -> Plane:
    """Areas that are too large or reach the edges are split at thin places, then by lightness."""
    from scipy import ndimage

    result = np.zeros_like(likelihood)
    queue = [(likelihood > MIN_LIKELIHOOD, 0)]
    while queue:
        mask, splits = queue.pop()
        labels, count = ndimage.label(ndimage.binary_opening(mask, iterations=OPENINGS[splits]))
        for index, box in enumerate(ndimage.find_objects(labels, count), start=1):
            area = labels == index
            if area.mean() < AREA_SHARES[0]:
                continue
            # Eyes, brows and mouths belong to a face.
            face = ndimage.binary_fill_holes(ndimage.binary_dilation(area, iterations=2))
            is_part = splits == len(OPENINGS) - 1
            if _is_compact(area, box, is_part) and light[face].std() >= MIN_LIGHTNESS_DEVIATION:
                result[face] = 1
            elif not is_part:
                by_lightness = splits == len(OPENINGS) - 2
                queue.append(
                    (area & (light > _otsu_threshold(light[area])) if by_lightness else area, splits + 1)
                )
    return result if result.mean() <= MAX_SKIN_SHARE else np.zeros_like(result)


def _is_compact(area: Mask, box: tuple[slice, slice], is_part: bool) -> bool:
    from scipy import ndimage

    height, width = (part.stop - part.start for part in box)
    rim = area[0].sum() + area[-1].sum() + area[:, 0].sum() + area[:, -1].sum()
    outline = area.sum() - ndimage.binary_erosion(area).sum()
    return bool(
        area.mean() <= AREA_SHARES[1]
        and area.sum() >= MIN_FILLED_SHARES[is_part] * height * width
        and max(height, width) <= MAX_ASPECT * min(height, width)
        and rim <= MAX_BORDER_SHARES[is_part] * outline
    )


def _otsu_threshold(values: Plane) -> float:
    """The value that best separates darker from lighter ones (Otsu 1979)."""
    ordered = np.sort(values)
    count = np.arange(1, len(ordered))
    below = np.cumsum(ordered)[:-1]
    above = ordered.sum() - below
    variance = count * count[::-1] * (below / count - above / count[::-1]) ** 2
    return float(ordered[int(variance.argmax())]) if len(variance) else float("inf")
