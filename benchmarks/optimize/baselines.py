"""The plain implementation: the whole picture at its final size, float32, one scale, autograd.

As in Gatys, Ecker & Bethge (2016), with the losses of :mod:`bottega.losses` and the same weights as ours, so
that both descend the same function. Nothing of :mod:`bottega.transfer` is used.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.losses import STYLE_TERMS, content_loss, content_power, total_variation
from bottega.pictures import resize
from bottega.transfer.optimize.settings import OptimizeSettings

Callback = Callable[[Tensor, int], None]
"""Is shown a picture ``(1, 3, H, W)`` and how many evaluations of the loss and gradient led to it."""


class PlainLoss:
    """The final-size objective. The pictures of all candidates are measured by it.

    Args:
        encoder: frozen, float32.
        content: ``(1, 3, H, W)``, at the size of the result.
        style: ``(1, 3, h, w)``; shrunk to the long side that the settings ask for, never enlarged.
        settings: weights, layers and the style term.
    """

    def __init__(self, encoder: Encoder, content: Tensor, style: Tensor, settings: OptimizeSettings) -> None:
        self.encoder, self.settings = encoder, settings
        self.content_layers = _shares(settings.content_layers or dict(encoder.content_layers))
        self.style_layers = _shares(settings.style_layers or dict(encoder.style_layers))
        self.layers = {**self.content_layers, **self.style_layers}
        self.term = STYLE_TERMS[settings.style_loss]()
        with torch.no_grad():
            self.content = encoder(content, self.content_layers)
            self.powers = {n: content_power(f) for n, f in self.content.items()}
            features = encoder(
                _shrink(style, max(content.shape[-2:]) * settings.style_scale), self.style_layers
            )
            self.style = {n: self.term.mix([self.term.measure(f)], [1.0]) for n, f in features.items()}

    def __call__(self, picture: Tensor) -> Tensor:
        """A scalar for a picture ``(1, 3, H, W)``."""
        features = self.encoder(picture, self.layers)
        content = [
            share * content_loss(features[n], self.content[n], power=self.powers[n])
            for n, share in self.content_layers.items()
        ]
        style = [
            share * self.term.distance(self.term.measure(features[n]), self.style[n])
            for n, share in self.style_layers.items()
        ]
        return (
            self.settings.content_weight * torch.stack(content).sum()
            + self.settings.style_weight * torch.stack(style).sum()
            + self.settings.smoothness * total_variation(picture)
        )


def adam(
    loss: PlainLoss, start: Tensor, rate: float, iterations: int, every: int, callback: Callback
) -> None:
    """Adam at a fixed rate from ``start``, clamped to [0, 1]: what most public implementations do."""
    picture = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([picture], lr=rate)
    for iteration in range(1, iterations + 1):
        optimizer.zero_grad()
        loss(picture).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            picture.clamp_(0, 1)
        if iteration % every == 0 or iteration == iterations:
            callback(picture.detach(), iteration)


def lbfgs(loss: PlainLoss, start: Tensor, iterations: int, every: int, callback: Callback) -> None:
    """L-BFGS (history 20, strong Wolfe line search) from ``start``, as in the paper.

    Pixels may leave [0, 1] on the way; they are put back every ``every`` iterations, when the picture is
    looked at, or clamping the end alone would undo part of the descent.
    """
    picture = start.clone().requires_grad_()
    # The mean loss has gradients of 1e-7 per pixel, where torch's solver believes that it has arrived.
    scale = float(picture.numel())
    evaluations = 0

    def closure() -> Tensor:
        nonlocal evaluations
        evaluations += 1
        optimizer.zero_grad()
        value = loss(picture) * scale
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer = torch.optim.LBFGS(
        [picture],
        max_iter=every,
        max_eval=every * 5,
        history_size=20,
        line_search_fn="strong_wolfe",
        tolerance_grad=0,
        tolerance_change=0,
    )
    for _ in range(-(-iterations // every)):
        optimizer.step(closure)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            picture.clamp_(0, 1)
        callback(picture.detach(), evaluations)


def white_noise(size: int, seed: int = 0) -> Tensor:
    """``(1, 3, size, size)`` in [0, 1]."""
    noise = torch.randn((1, 3, size, size), generator=torch.Generator().manual_seed(seed))
    return (0.5 + 0.2 * noise).clamp_(0, 1)


def _shares(weights: dict[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {layer: weight / total for layer, weight in weights.items()}


def _shrink(style: Tensor, long_side: float) -> Tensor:
    height, width = style.shape[-2:]
    factor = min(1.0, long_side / max(height, width))
    return resize(style, (max(1, round(height * factor)), max(1, round(width * factor))))
