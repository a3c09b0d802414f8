"""What is asked of pictures, as tensors; and what may be used to reach it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.personalize.adjustment import SHAPES, Adjustment
from bottega.personalize.attributes import ATTRIBUTES

HOLD = 0.1
"""Weight of an attribute that is not asked for: it should stay as it is, where that costs nothing else."""

COLOR = frozenset({"tone", "grid"})
PLACE = frozenset({"warp", "grid"})
STROKE = frozenset({"detail", "flatten", "strokes"})

USES: dict[str, frozenset[str]] = {
    "palette": COLOR,
    "lightness": COLOR,
    "contrast": COLOR,
    "saturation": COLOR,
    "warmth": COLOR,
    "subject": PLACE,
    "subject_size": PLACE,
    "horizon": PLACE,
    "symmetry": PLACE,
    "thirds": PLACE,
    "empty_space": STROKE,
    "stroke_size": STROKE,
    "stroke_direction": STROKE,
    "roughness": STROKE,
    "abstraction": STROKE,
}
"""The parts of an adjustment that serve each attribute: nobody who asks for light wants the picture bent."""


@dataclass(frozen=True)
class Goal:
    """What is asked of each picture of a batch.

    Attributes:
        values: ``(N, D)``; where nothing is asked, what the picture already is.
        mask: ``(N, D)`` bool, what is asked.
        parts: ``(N, 6)``, ones and zeros: which parts of an adjustment may be used, in their order.
    """

    values: Tensor
    mask: Tensor
    parts: Tensor

    @property
    def weights(self) -> Tensor:
        """Of each attribute ``(N, attributes)``, adding up to one."""
        asked = asked_attributes(self.mask)
        held = HOLD * (1 - asked) / asked.shape[1]
        share = asked / asked.sum(1, keepdim=True).clamp_min(1)
        return share + held

    def allowed(self, change: Adjustment) -> Adjustment:
        """The part of a change that may be used."""
        tensors = change.tensors().values()
        return Adjustment(
            *(
                t * part.view(-1, *[1] * (t.ndim - 1)).to(t)
                for t, part in zip(tensors, self.parts.T, strict=True)
            )
        )


def goal_of(asked: Tensor, mask: Tensor, own: Tensor) -> Goal:
    """From values ``(N, D)``, their mask and what the pictures themselves read ``(N, D)``."""
    attributes = asked_attributes(mask)
    table = torch.tensor([[float(part in USES[name]) for part in SHAPES] for name in ATTRIBUTES]).to(own)
    return Goal(torch.where(mask, asked, own), mask, (attributes.to(own) @ table).clamp(0, 1))


def asked_attributes(mask: Tensor) -> Tensor:
    """From the mask of the vector ``(…, D)`` to one number per attribute ``(…, attributes)``."""
    return torch.stack([mask[..., attribute.part.start] for attribute in ATTRIBUTES.values()], -1).float()
