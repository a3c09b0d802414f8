"""How near a picture comes to a condition."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.layers.palette import MAX_PALETTE_COLORS, palette_emd, soft_palette_emd
from bottega.personalize.condition import ATTRIBUTES, Condition


@dataclass(frozen=True)
class Match:
    """Of each attribute of a condition, in [0, 1]: 1 is exact, 0 as far away as one random pair of pictures
    in twenty is."""

    attributes: dict[str, float]

    @property
    def mean(self) -> float:
        """Over the attributes, all alike."""
        return sum(self.attributes.values()) / len(self.attributes)


def match(requested: Condition, measured: Condition) -> Match:
    """1 − min(1, distance / scale) for each attribute that is requested.

    The distance is Euclidean, between palettes the earth mover's in OKLab; the scale is the attribute's
    (:data:`~bottega.personalize.ATTRIBUTES`).

    Raises:
        SettingsError: nothing measurable is requested, or it was not measured.
    """
    if not requested.attribute_names:
        raise SettingsError("The condition has no measurable attribute, so nothing can match it.")
    target, values = requested.to_vector()[0], measured.to_vector()[0]
    matches = {}
    for name in requested.attribute_names:
        if getattr(measured, name) is None:
            raise SettingsError(f"The {name} is requested but not measured.")
        attribute = ATTRIBUTES[name]
        one, other = target[attribute.columns], values[attribute.columns]
        if name == "palette":
            distance = palette_emd(one.view(MAX_PALETTE_COLORS, 4), other.view(MAX_PALETTE_COLORS, 4))
        else:
            distance = float((one - other).norm())
        matches[name] = 1 - min(1.0, distance / attribute.scale)
    return Match(matches)


def attribute_distances(requested: Tensor, measured: Tensor) -> Tensor:
    """Of each attribute, in units of its scale: ``(N, attributes)``, from vectors ``(N, D)``. Differentiable.

    As in :func:`match`, but not limited to 1, and between palettes under a regularized plan.
    """
    distances = []
    for name, attribute in ATTRIBUTES.items():
        target, values = requested[:, attribute.columns], measured[:, attribute.columns]
        if name == "palette":
            distance = soft_palette_emd(
                values.reshape(-1, MAX_PALETTE_COLORS, 4), target.reshape(-1, MAX_PALETTE_COLORS, 4)
            )
        else:
            distance = ((target - values).square().sum(1) + 1e-12).sqrt()
        distances.append(distance / attribute.scale)
    return torch.stack(distances, 1)
