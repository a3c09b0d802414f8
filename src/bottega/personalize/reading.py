"""Reading the condition of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from bottega.errors import PictureError
from bottega.layers import rgb_to_oklab
from bottega.personalize.attributes import ATTRIBUTES, NUMBERS
from bottega.personalize.color import read_color
from bottega.personalize.composition import read_composition
from bottega.personalize.condition import Condition, mixed
from bottega.personalize.palette import read_palette
from bottega.personalize.seen import COARSE, check, seen
from bottega.personalize.texture import read_texture


def read(pictures: Tensor, mask: Tensor | None = None) -> Tensor:
    """The measured attributes of pictures ``(N, 3, H, W)``: ``(N, D)``, in the order of the vector.

    Differentiable; of a palette the colours are, the shares are not. What training and refinement look at.

    Args:
        pictures: sRGB in [0, 1], any size.
        mask: ``(N or 1, 1, H, W)`` in [0, 1], where colour and texture are read; composition is always that
            of the whole picture.

    Raises:
        PictureError: not pictures, or a mask that does not fit or is black.
    """
    check(pictures, mask)
    lab = rgb_to_oklab(seen(pictures))
    weights = None if mask is None else seen(mask.to(lab))
    coarse = avg_pool2d(lab, COARSE)
    coarse_weights = None if weights is None else avg_pool2d(weights, COARSE)
    values = torch.cat(
        [
            read_palette(coarse, coarse_weights).flatten(1),
            read_color(lab, weights),
            read_composition(coarse),
            read_texture(lab[:, :1], weights),
        ],
        1,
    )
    assert values.shape[1] == NUMBERS
    return values


@overload
def read_condition(picture: Tensor, mask: Tensor | None = None) -> Condition: ...
@overload
def read_condition(
    picture: Tensor, mask: Tensor | None = None, *, several: bool
) -> Condition | list[Condition]: ...
@torch.no_grad()
def read_condition(
    picture: Tensor, mask: Tensor | None = None, *, several: bool = False
) -> Condition | list[Condition]:
    """Measure every attribute of a picture ``(1, 3, H, W)``; styles are read by :mod:`~.style`.

    Args:
        several: hand back a list, one condition for each of ``(N, 3, H, W)``.

    Raises:
        PictureError: as :func:`read`, or several pictures where one was expected.
    """
    if not several and len(picture) != 1:
        raise PictureError(f"One picture was expected, not {len(picture)}; say several=True.")
    found = [Condition.of_vector(values) for values in read(picture.float(), mask)]
    return found if several else found[0]


def read_many(pictures: Iterable[Tensor], names: Sequence[str] = tuple(ATTRIBUTES)) -> Condition:
    """What pictures have in common ("like these"): the mean of their conditions.

    Args:
        pictures: each ``(1, 3, H, W)`` of any size.
        names: of the attributes wanted.

    Raises:
        PictureError: no picture at all.
    """
    found = [read_condition(picture).only(*names) for picture in pictures]
    if not found:
        raise PictureError("There is no picture to read.")
    return mixed(found)
