"""Losses of an adjustment, and their minimization by gradient descent."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.layers import edge_orientation
from bottega.personalize.adjust.parameters import AdjustmentParams, AdjustmentTarget
from bottega.personalize.adjust.render import MAX_DISPLACEMENT, Rendering, render, source_places
from bottega.personalize.analysis.analyze import analyze
from bottega.personalize.analysis.pixels import resize_for_analysis
from bottega.personalize.match import attribute_distances

LEARNING_RATES = {
    "warp": 0.01,
    "detail_gains": 0.08,
    "smoothing": 0.08,
    "bilateral_grid": 0.015,
    "tone": 0.02,
    "strokes": 0.08,
}

BETAS = (0.8, 0.95)  # of Adam: shorter than usual, as there are few steps
STRUCTURE_WEIGHT = 1.0  # relative to the mean distance of attributes in their scales
REGULARIZATION_WEIGHT = 0.3

TOTAL_VARIATION_WEIGHTS = {"warp": 60.0, "detail_gains": 1.0, "smoothing": 1.0, "bilateral_grid": 2.0}
"""Of squared differences between neighboring cells."""

CURVATURE_WEIGHT = 600.0  # of squared second differences of the warp, which are zero for shifts and zooms
SIZE_WEIGHTS = {"detail_gains": 0.1, "smoothing": 0.1, "bilateral_grid": 0.5, "strokes": 0.1}
"""Of mean squares."""

GAMUT_WEIGHT = 4.0


def optimize(
    lab: Tensor,
    params: AdjustmentParams,
    target: AdjustmentTarget,
    steps: int,
    region: Tensor | None = None,
) -> AdjustmentParams:
    """The best parameters of some steps of Adam on the loss of :func:`adjustment_losses`.

    Args:
        lab: ``(N, 3, H, W)`` in OKLab, at the size of analysis.
        region: ``(N or 1, 1, H, W)``, where something may change.
    """
    tensors = {name: value.detach().clone().requires_grad_() for name, value in params.to_dict().items()}
    optimizers = [_Adam(tensor, LEARNING_RATES[name]) for name, tensor in tensors.items()]
    best, best_loss = params, torch.full((len(lab),), torch.inf, device=lab.device)
    with torch.enable_grad():
        for step in range(steps + 1):
            current = target.restrict(AdjustmentParams(**tensors))
            rendering = render(lab, current, region)
            loss = adjustment_losses(target, current, rendering, analyze(rendering.picture, region))["loss"]
            is_better = loss.detach() < best_loss
            best_loss = torch.where(is_better, loss.detach(), best_loss)
            best = _select(is_better, current, best)
            if step < steps:
                gradients = torch.autograd.grad(loss.sum(), list(tensors.values()))
                for optimizer, gradient in zip(optimizers, gradients, strict=True):
                    optimizer.step(gradient)
    return best


class _Adam:
    """Adam (Kingma and Ba 2015) on one tensor; importing torch's own takes seconds."""

    def __init__(self, values: Tensor, learning_rate: float) -> None:
        self.values, self.learning_rate, self.count = values, learning_rate, 0
        self.mean, self.square = torch.zeros_like(values), torch.zeros_like(values)

    @torch.no_grad()
    def step(self, gradient: Tensor) -> None:
        self.count += 1
        self.mean.lerp_(gradient, 1 - BETAS[0])
        self.square.lerp_(gradient.square(), 1 - BETAS[1])
        mean = self.mean / (1 - BETAS[0] ** self.count)
        square = self.square / (1 - BETAS[1] ** self.count)
        self.values -= self.learning_rate * mean / (square.sqrt() + 1e-8)


def _select(use_first: Tensor, first: AdjustmentParams, second: AdjustmentParams) -> AdjustmentParams:
    """Row by row, detached."""
    pairs = zip(first.to_dict().values(), second.to_dict().values(), strict=True)
    return AdjustmentParams(
        *(torch.where(use_first.view(-1, *[1] * (a.ndim - 1)), a.detach(), b.detach()) for a, b in pairs)
    )


def adjustment_losses(
    target: AdjustmentTarget, params: AdjustmentParams, rendering: Rendering, measured: Tensor
) -> dict[str, Tensor]:
    """Each ``(N,)``: ``match``, ``structure``, ``regularization``, and their weighted sum ``loss``.

    Args:
        measured: ``(N, D)``, the attributes of ``rendering.picture``.
    """
    match = (attribute_distances(target.values, measured) * target.attribute_weights).sum(1)
    structure = structure_loss(rendering.picture.mean(1, keepdim=True), rendering.structure[:, :1])
    regularization = regularization_loss(params, rendering)
    loss = match + STRUCTURE_WEIGHT * structure + REGULARIZATION_WEIGHT * regularization
    return {"match": match, "structure": structure, "regularization": regularization, "loss": loss}


def structure_loss(light: Tensor, reference: Tensor) -> Tensor:
    """``(N,)``: 1 − agreement of edge orientations between lightness planes ``(N, 1, H, W)``.

    A differentiable form of :func:`bottega.evaluation.edge_agreement` (sigma 1.5 at the size of analysis).
    """
    orientation, expected = (
        edge_orientation(resize_for_analysis(plane), 1.5) for plane in (light, reference)
    )
    strength = (expected.square().sum(1, keepdim=True) + 1e-12).sqrt()
    cosine = (orientation * expected).sum(1, keepdim=True)
    cosine = cosine / ((orientation.square().sum(1, keepdim=True) + 1e-12).sqrt() * strength + 1e-9)
    return 1 - (strength * cosine).sum((1, 2, 3)) / strength.sum((1, 2, 3)).clamp_min(1e-9)


def regularization_loss(params: AdjustmentParams, rendering: Rendering) -> Tensor:
    """``(N,)``: unevenness and size of the parameters, colors outside sRGB, and places from beyond the
    edges."""
    tensors = params.to_dict()
    source = source_places(rendering.displacement)
    beyond = (source - source.clamp(0, 1)).abs().mean((1, 2, 3)) / MAX_DISPLACEMENT
    loss = GAMUT_WEIGHT * rendering.gamut_excess + beyond
    for name, weight in TOTAL_VARIATION_WEIGHTS.items():
        dx, dy = tensors[name].diff(dim=-1).square(), tensors[name].diff(dim=-2).square()
        loss = loss + weight * (dx.flatten(1).mean(1) + dy.flatten(1).mean(1))
    for axis in (-1, -2):
        loss = loss + CURVATURE_WEIGHT * params.warp.diff(n=2, dim=axis).square().flatten(1).mean(1)
    for name, weight in SIZE_WEIGHTS.items():
        loss = loss + weight * tensors[name].square().flatten(1).mean(1)
    return loss
