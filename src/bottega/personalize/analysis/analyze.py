"""All attributes of pictures, as vectors or as conditions."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from bottega.errors import PictureError
from bottega.layers import rgb_to_oklab
from bottega.layers.palette import extract_palette
from bottega.personalize.analysis.color import measure_color
from bottega.personalize.analysis.composition import measure_composition
from bottega.personalize.analysis.pixels import COARSE_FACTOR, check_pictures, resize_for_analysis
from bottega.personalize.analysis.texture import measure_texture
from bottega.personalize.condition import Condition, mix_conditions


def analyze(pictures: Tensor, mask: Tensor | None = None) -> Tensor:
    """The attributes of pictures ``(N, 3, H, W)``: ``(N, D)``, in the order of the vector.

    Differentiable; of a palette the colors are, the shares are not.

    Args:
        pictures: sRGB in [0, 1], any size.
        mask: ``(N or 1, 1, H, W)`` in [0, 1], where color and texture are measured; composition is always
            that of the whole picture.

    Raises:
        PictureError: wrong shapes, or a mask that is black.
    """
    check_pictures(pictures, mask)
    lab = rgb_to_oklab(resize_for_analysis(pictures))
    weights = None if mask is None else resize_for_analysis(mask.to(lab))
    coarse = avg_pool2d(lab, COARSE_FACTOR)
    coarse_weights = None if weights is None else avg_pool2d(weights, COARSE_FACTOR)
    return torch.cat(
        [
            extract_palette(coarse, coarse_weights).flatten(1),
            measure_color(lab, weights),
            measure_composition(coarse),
            measure_texture(lab[:, :1], weights),
        ],
        1,
    )


@torch.no_grad()
def analyze_condition(picture: Tensor, mask: Tensor | None = None) -> Condition:
    """Every measurable attribute of a picture ``(1, 3, H, W)``; :func:`~.style.embed_style` measures style.

    Raises:
        PictureError: as :func:`analyze`, or several pictures.
    """
    if len(picture) != 1:
        raise PictureError(f"Expected one picture (1, 3, H, W), not {len(picture)}.")
    return Condition.from_vector(analyze(picture.float(), mask)[0])


def mean_condition(pictures: Iterable[Tensor]) -> Condition:
    """What pictures have in common: the mean of their conditions.

    Args:
        pictures: each ``(1, 3, H, W)`` of any size.

    Raises:
        PictureError: no picture at all.
    """
    conditions = [analyze_condition(picture) for picture in pictures]
    if not conditions:
        raise PictureError("There are no pictures to analyze.")
    return mix_conditions(conditions)
