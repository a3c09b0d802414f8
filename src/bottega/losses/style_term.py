"""The protocol of style terms: sums that add up over tiles, and the exact gradient through them.

A style term compares *distributions* of features, so it needs the whole picture, while a large print is
processed in tiles. Because every term is a function of sums over positions, two passes give the exact
gradient of the whole picture in the memory of one tile::

    # pass 1, without gradient: statistics of the whole picture
    stats = leaf(term.merge([term.measure(features(tile)) for tile in tiles]))
    loss = term.distance(stats, target)
    gradients = torch.autograd.grad(loss, stats.tensors())
    # pass 2, one tile at a time: the gradient of its pixels
    surrogate(term.measure(features(tile)), gradients).backward()

For terms whose ``merge`` adds (Gram, Wasserstein), the gradients of the merged sums are those of every
tile's own sums. Where ``merge`` concatenates (SlicedWasserstein), make each tile's statistics leaves
before merging, and give each tile its own gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import reduce
from operator import add
from typing import Any, Protocol, Self, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bottega.errors import PictureError
from bottega.layers.moments import check_mask, upcast


class Stats(Protocol):
    """The statistics of one picture or tile."""

    def tensors(self) -> tuple[Tensor, ...]:
        """The tensors that depend on the features (masses depend on the mask alone)."""

    def with_tensors(self, tensors: Sequence[Tensor]) -> Self:
        """The same statistics with other tensors, in the order of :meth:`tensors`."""


# No distance is divided by less than this mean square per channel, so that a layer that is almost zero on a
# flat picture is not amplified.
MIN_POWER = 1e-6

S = TypeVar("S", bound=Stats)
T = TypeVar("T")
SummedStatsType = TypeVar("SummedStatsType", bound="SummedStats")


class StyleTerm(Protocol[S, T]):
    """A distance between the features of two pictures that ignores their positions."""

    def at_step(self, step: int) -> Self:
        """The term for one iteration: terms that sample positions or directions draw other ones in each.

        Targets are computed without it. A line search needs the same step throughout.
        """

    def measure(self, features: Tensor, mask: Tensor | None = None) -> S:
        """Sums over the positions of ``features (1, C, h, w)``, weighted by ``mask (1, 1, h, w)`` in [0, 1].

        Float32 whatever smaller type the features have; float64 for float64.
        """

    def merge(self, stats: Sequence[S]) -> S:
        """The statistics of several tiles as if they had been one picture."""

    def mix(self, stats: Sequence[S], weights: Sequence[float]) -> T:
        """The target for several styles, mixed in proportion to ``weights`` (any scale, not all zero).

        A strength slider is a mixture with the content's own statistics:
        ``mix([content, style], [1 - strength, strength])``.
        """

    def distance(self, stats: S, target: T) -> Tensor:
        """A scalar, differentiable in ``stats.tensors()``: 0 for equal statistics, 1 for all zeros."""


@dataclass(frozen=True)
class SummedStats:
    """Base of statistics that are sums over positions, so that tiles add up; subclasses add tensors."""

    mass: Tensor  # ()

    def tensors(self) -> tuple[Tensor, ...]:
        return tuple(getattr(self, field.name) for field in fields(self)[1:])

    def with_tensors(self, tensors: Sequence[Tensor]) -> Self:
        return type(self)(self.mass, *tensors)

    def __add__(self, other: Self) -> Self:
        pairs = zip(self.tensors(), other.tensors(), strict=True)
        return type(self)(self.mass + other.mass, *(a + b for a, b in pairs))


class SummedTerm:
    """Base of style terms with :class:`SummedStats`, which use all positions in every iteration."""

    def at_step(self, step: int) -> Self:
        return self

    def merge(self, stats: Sequence[SummedStatsType]) -> SummedStatsType:
        return reduce(add, stats)


def leaf(stats: S) -> S:
    """A copy whose tensors are detached from the picture and require gradients of their own."""
    return stats.with_tensors([tensor.detach().requires_grad_() for tensor in stats.tensors()])


def surrogate(stats: Stats, gradients: Sequence[Tensor]) -> Tensor:
    """A scalar whose ``backward()`` propagates ``gradients`` of the statistics to the features."""
    products = [(t * g).sum() for t, g in zip(stats.tensors(), gradients, strict=True)]
    return torch.stack(products).sum()


def check_style_mass(mass: Tensor) -> None:
    """Raise PictureError where a style has no mass."""
    if float(mass) <= 0:
        raise PictureError("The mask of a style is empty.")


def check_single_picture(features: Tensor) -> None:
    """Raise PictureError unless ``features`` is ``(1, C, h, w)``: statistics of two pictures must not mix."""
    if features.ndim != 4 or len(features) != 1:
        raise PictureError(
            f"Style statistics need the features of one picture, (1, C, h, w), not {tuple(features.shape)}."
        )


def position_sums(features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Mass, sum and sum of outer products over positions.

    Sums are float32 whatever smaller type the features have. The outer products are symmetric, so their
    gradient is one matrix product instead of two, in the features' own type and memory order; with plain
    autograd, the statistics would cost nearly as much as the encoder.

    Args:
        features: ``(1, C, h, w)``; fastest where channels lie together in memory (channels last).
        mask: ``(1, 1, h, w)`` in [0, 1], the positions' weights; ``None`` weighs all by one.

    Returns:
        ``()``, ``(C,)`` and ``(C, C)``.

    Raises:
        PictureError: features of several pictures, or a mask of another size.
    """
    check_single_picture(features)
    weights = None if mask is None else check_mask(mask, features).reshape(-1, 1)
    first, second = _PositionSums.apply(features, weights)  # type: ignore[no-untyped-call]
    if weights is None:
        return first.new_tensor(float(features.shape[2] * features.shape[3])), first, second
    return weights.to(first).sum(), first, second


class _PositionSums(torch.autograd.Function):
    """d(Σ w x xᵀ) against G is Σ w (G + Gᵀ) x dx."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
        rows = features[0].permute(1, 2, 0).flatten(0, 1)
        ctx.save_for_backward(rows, weights)
        ctx.size = features.shape[2:]
        wide = upcast(rows)
        weighted = wide if weights is None else wide * weights.to(wide)
        return weighted.sum(0), weighted.T @ wide

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, first: Tensor, second: Tensor) -> tuple[Tensor, None]:
        rows, weights = ctx.saved_tensors
        gradient = torch.addmm(first.to(rows), rows, (second + second.T).to(rows))
        if weights is not None:
            gradient = gradient * weights.to(gradient)
        return gradient.view(*ctx.size, -1).permute(2, 0, 1)[None], None
