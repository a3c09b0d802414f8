"""The parameters of an adjustment, and the target that they are chosen for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from bottega.personalize.analysis.texture import OCTAVES
from bottega.personalize.condition import ATTRIBUTES

GRID_SIZE = 8  # side of the maps: local changes are smooth over an eighth of the picture
GRID_DEPTH = 4  # cells of the bilateral grid along lightness
PARAM_SHAPES: dict[str, tuple[int, ...]] = {
    "warp": (2, GRID_SIZE, GRID_SIZE),
    "detail_gains": (OCTAVES, GRID_SIZE, GRID_SIZE),
    "smoothing": (1, GRID_SIZE, GRID_SIZE),
    "bilateral_grid": (2, GRID_DEPTH, GRID_SIZE, GRID_SIZE),
    "tone": (4,),
    "strokes": (3,),
}
"""Without the batch."""

OPEN_ATTRIBUTE_WEIGHT = 0.1
"""Of an attribute that the condition leaves open: it should stay as it is, where that costs nothing else."""

_COLOR = frozenset({"tone", "bilateral_grid"})
_LAYOUT = frozenset({"warp", "bilateral_grid"})
_TEXTURE = frozenset({"detail_gains", "smoothing", "strokes"})

PARAMS_BY_ATTRIBUTE: dict[str, frozenset[str]] = {
    **dict.fromkeys(("palette", "lightness", "contrast", "saturation", "warmth"), _COLOR),
    **dict.fromkeys(("subject", "subject_size", "horizon", "symmetry", "thirds"), _LAYOUT),
    **dict.fromkeys(("empty_space", "stroke_size", "stroke_direction", "roughness", "abstraction"), _TEXTURE),
}
"""The parameters that may change for each attribute: who asks for light does not want the picture warped."""


@dataclass(frozen=True)
class AdjustmentParams:
    """What :func:`~.render.render` applies to a batch of pictures; zeros change nothing.

    Attributes:
        warp: ``(N, 2, 8, 8)``, where each place of the result comes from, x and y.
        detail_gains: ``(N, 5, 8, 8)``, of the octaves of detail, the finest first.
        smoothing: ``(N, 1, 8, 8)``, towards flat areas between edges, or away from them.
        bilateral_grid: ``(N, 2, 4, 8, 8)``, light and chroma by place and lightness: dodging and burning.
        tone: ``(N, 4)``: light, contrast, chroma, warmth.
        strokes: ``(N, 3)``: direction of strokes (two numbers), and grain.
    """

    warp: Tensor
    detail_gains: Tensor
    smoothing: Tensor
    bilateral_grid: Tensor
    tone: Tensor
    strokes: Tensor

    @classmethod
    def zeros(cls, count: int = 1, device: torch.device | str = "cpu") -> AdjustmentParams:
        """Those that change nothing."""
        return cls(*(torch.zeros(count, *shape, device=device) for shape in PARAM_SHAPES.values()))

    def map(self, function: Callable[[Tensor], Tensor]) -> AdjustmentParams:
        """With ``function`` applied to every tensor."""
        return AdjustmentParams(*(function(tensor) for tensor in self.to_dict().values()))

    def __add__(self, other: AdjustmentParams) -> AdjustmentParams:
        return AdjustmentParams(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def to_dict(self) -> dict[str, Tensor]:
        """By name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class AdjustmentTarget:
    """What each picture of a batch should become.

    Attributes:
        values: ``(N, D)``; of open attributes, what the picture already has.
        mask: ``(N, D)`` bool, what is requested.
        allowed: ``(N, 6)``, ones and zeros: the parameters that may change, in the order of PARAM_SHAPES.
    """

    values: Tensor
    mask: Tensor
    allowed: Tensor

    @property
    def attribute_weights(self) -> Tensor:
        """Of each attribute ``(N, attributes)``; those requested sum to 1."""
        requested = attribute_mask(self.mask)
        open_weights = OPEN_ATTRIBUTE_WEIGHT * (1 - requested) / requested.shape[1]
        return requested / requested.sum(1, keepdim=True).clamp_min(1) + open_weights

    def restrict(self, params: AdjustmentParams) -> AdjustmentParams:
        """With zeros for parameters that may not change."""
        pairs = zip(params.to_dict().values(), self.allowed.T, strict=True)
        return AdjustmentParams(*(t * allowed.view(-1, *[1] * (t.ndim - 1)).to(t) for t, allowed in pairs))


def make_target(requested: Tensor, mask: Tensor, current: Tensor) -> AdjustmentTarget:
    """The target for requested values ``(N, D)`` and their mask, of pictures that have ``current (N, D)``."""
    table = torch.tensor(
        [[float(name in PARAMS_BY_ATTRIBUTE[attribute]) for name in PARAM_SHAPES] for attribute in ATTRIBUTES]
    ).to(current)
    allowed = (attribute_mask(mask).to(current) @ table).clamp(0, 1)
    return AdjustmentTarget(torch.where(mask, requested, current), mask, allowed)


def attribute_mask(mask: Tensor) -> Tensor:
    """From the mask of the vector ``(…, D)`` to one number per attribute ``(…, attributes)``."""
    return torch.stack([mask[..., attribute.columns.start] for attribute in ATTRIBUTES.values()], -1).float()
