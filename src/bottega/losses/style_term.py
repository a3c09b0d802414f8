"""The protocol of style terms: sums that add up over tiles, and the exact gradient through them.

A style term compares *distributions* of features, so it needs the whole picture, while a large print is
seen tile by tile. Because every term is a function of sums over positions, two passes give the exact
gradient of the whole picture in the memory of one tile::

    # pass 1, without gradient: what does the whole picture look like?
    stats = leaf(term.merge([term.measure(features(tile)) for tile in tiles]))
    loss = term.distance(stats, target)
    gradients = torch.autograd.grad(loss, stats.tensors())
    # pass 2, one tile at a time: what can this tile do about it?
    surrogate(term.measure(features(tile)), gradients).backward()

For terms whose ``merge`` adds (Gram, Wasserstein), the gradients of the merged sums are those of every
tile's own sums. Where ``merge`` concatenates (SlicedWasserstein), make each tile's statistics leaves
before merging, and hand each tile its own gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Self, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bottega.errors import PictureError, SettingsError


class Stats(Protocol):
    """What a style term remembers of one picture or tile."""

    def tensors(self) -> tuple[Tensor, ...]:
        """The tensors that depend on the features; masses depend on the mask alone and are not among them."""

    def with_tensors(self, tensors: Sequence[Tensor]) -> Self:
        """The same statistics with other tensors, in the order of :meth:`tensors`."""


# No distance is divided by less than this mean square per channel: a layer that is silent on a flat picture
# is not magnified.
SILENT = 1e-6

S = TypeVar("S", bound=Stats)
T = TypeVar("T")


class StyleTerm(Protocol[S, T]):
    """One way of comparing the features of two pictures irrespective of where in the picture they are."""

    def at_step(self, step: int) -> Self:
        """The term for one iteration: terms that look at a sample look at another one in each.

        Targets are made without it. A line search needs one step throughout.
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


def leaf(stats: S) -> S:
    """A copy whose tensors are detached from the picture and ask for gradients of their own."""
    return stats.with_tensors([tensor.detach().requires_grad_() for tensor in stats.tensors()])


def surrogate(stats: Stats, gradients: Sequence[Tensor]) -> Tensor:
    """A scalar whose ``backward()`` sends known ``gradients`` of the statistics on into the features."""
    products = [(t * g).sum() for t, g in zip(stats.tensors(), gradients, strict=True)]
    return torch.stack(products).sum()


def widened(tensor: Tensor) -> Tensor:
    """Half and bfloat16 become float32; sums over a picture need the digits."""
    return tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()


def check_mask(mask: Tensor, features: Tensor) -> Tensor:
    """Hand ``mask`` back if it fits the features.

    Raises:
        PictureError: its height or width is another, or it has more than one channel.
    """
    if mask.ndim != 4 or mask.shape[1] != 1 or mask.shape[-2:] != features.shape[-2:]:
        raise PictureError(
            f"A mask for features of {features.shape[-1]} × {features.shape[-2]} must have the shape "
            f"(1, 1, {features.shape[-2]}, {features.shape[-1]}), not {tuple(mask.shape)}."
        )
    return mask


def check_target_mass(mass: Tensor) -> None:
    """Raise PictureError where a style has no mass."""
    if float(mass) <= 0:
        raise PictureError("A style's mask is empty: there is nothing to take the style from.")


def columns_of(features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Features as ``(C, positions)``, float32 or float64, and the weights of the positions, or none.

    Raises:
        PictureError: ``features`` is not ``(1, C, h, w)``, as the statistics of two pictures must not run
            together, or the mask has another size.
    """
    if features.ndim != 4 or len(features) != 1:
        raise PictureError(
            f"Style statistics are taken of one picture at a time, (1, C, h, w), not {tuple(features.shape)}."
        )
    columns = widened(features)[0].flatten(1)
    return columns, None if mask is None else check_mask(mask, features).to(columns.dtype).flatten()


def proportions(count: int, weights: Sequence[float]) -> list[float]:
    """``weights`` scaled to the sum 1.

    Raises:
        SettingsError: not one weight per style, a negative one, or none above zero.
    """
    total = float(sum(weights))
    if len(weights) != count or count == 0:
        raise SettingsError(f"{count} styles need {count} weights (at least one), not {len(weights)}.")
    if not min(weights) >= 0 or not 0 < total < float("inf"):
        raise SettingsError(f"Style weights must be zero or more, and not all zero: {list(weights)}.")
    return [weight / total for weight in weights]


def position_sums(features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Mass, sum and sum of outer products over positions.

    Sums are float32 whatever smaller type the features have. The outer products are symmetric, so their
    gradient is one matrix product and not two, and it is taken in the features' own type and memory order;
    written in plain operations, the statistics would cost nearly as much as the encoder.

    Args:
        features: ``(1, C, h, w)``; fastest where channels lie together in memory (channels last).
        mask: ``(1, 1, h, w)`` in [0, 1], the positions' weights; none weighs all by one.

    Returns:
        ``()``, ``(C,)`` and ``(C, C)``.

    Raises:
        PictureError: features of several pictures, or a mask of another size.
    """
    if features.ndim != 4 or len(features) != 1:
        raise PictureError(
            f"Style statistics are taken of one picture at a time, (1, C, h, w), not {tuple(features.shape)}."
        )
    weights = None if mask is None else check_mask(mask, features).reshape(-1, 1)
    first, second = _Sums.apply(features, weights)  # type: ignore[no-untyped-call]
    if weights is None:
        return first.new_tensor(float(features.shape[2] * features.shape[3])), first, second
    return weights.to(first).sum(), first, second


class _Sums(torch.autograd.Function):
    """d(Σ w x xᵀ) against G is Σ w (G + Gᵀ) x dx."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
        rows = features[0].permute(1, 2, 0).flatten(0, 1)
        ctx.save_for_backward(rows, weights)
        ctx.size = features.shape[2:]
        wide = widened(rows)
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
