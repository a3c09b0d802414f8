"""The personalisation match: how near what was read lies to what was asked."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.personalize.attributes import ATTRIBUTES, SWATCHES
from bottega.personalize.condition import Condition
from bottega.personalize.movers import exact_distance, soft_distance


@dataclass(frozen=True)
class Match:
    """Per attribute that was asked for, in [0, 1]: 1 is as asked, 0 is as far apart as one pair in twenty
    is."""

    attributes: dict[str, float]

    @property
    def mean(self) -> float:
        """Over the attributes, all alike."""
        return sum(self.attributes.values()) / len(self.attributes)


def match(asked: Condition, got: Condition) -> Match:
    """1 − min(1, distance / span) for each attribute that was asked for.

    The distance is that of the numbers (Euclidean where there are two), of palettes the earth mover's in
    OKLab; the span is the attribute's (:data:`~bottega.personalize.ATTRIBUTES`).

    Raises:
        SettingsError: nothing measurable was asked for, or it was not read.
    """
    if not asked.asked:
        raise SettingsError("The condition asks for nothing that is measured, so nothing can match it.")
    wanted, found = asked.vector()[0], got.vector()[0]
    matches = {}
    for name in asked.asked:
        if getattr(got, name) is None:
            raise SettingsError(f"The {name} was asked for but not read.")
        attribute = ATTRIBUTES[name]
        ours, theirs = wanted[attribute.part], found[attribute.part]
        if name == "palette":
            distance = exact_distance(ours.view(SWATCHES, 4), theirs.view(SWATCHES, 4))
        else:
            distance = float((ours - theirs).norm())
        matches[name] = 1 - min(1.0, distance / attribute.span)
    return Match(matches)


def distances(asked: Tensor, got: Tensor) -> Tensor:
    """Of each attribute, in units of its span: ``(N, attributes)``. Differentiable; for training and
    refinement.

    As in :func:`match`, without its cut at 1 and with palettes by a regularised plan.

    Args:
        asked, got: ``(N, D)``, in the order of the vector.
    """
    found = []
    for name, attribute in ATTRIBUTES.items():
        ours, theirs = asked[:, attribute.part], got[:, attribute.part]
        if name == "palette":
            apart = soft_distance(theirs.reshape(-1, SWATCHES, 4), ours.reshape(-1, SWATCHES, 4))
        else:
            apart = ((ours - theirs).square().sum(1) + 1e-12).sqrt()
        found.append(apart / attribute.span)
    return torch.stack(found, 1)
