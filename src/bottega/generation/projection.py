"""Find the code of a picture (GAN inversion), so that it can be varied and mixed like a generated one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.errors import PictureError, SettingsError
from bottega.evaluation.extractors import center_square
from bottega.generation.models.generator import Classes, Generator
from bottega.generation.sampling import sample_codes, synthesize_batches
from bottega.losses import normalized_content_loss

CANDIDATES = 64
"""Random pictures; the nearest is the start."""
LEARNING_RATE = 0.05
PIXEL_WEIGHT = 4.0
"""Weight of the squared error of pixels, relative to that of features."""
START_WEIGHT = 0.02
"""Weight of the squared distance to the start, in units of the candidates' variance: codes far away give
meaningless pictures."""


@dataclass(frozen=True)
class Projection:
    """A picture in the latent space of a generator.

    Attributes:
        code: ``(1, levels, style_dim)``.
        picture: generated from the code, ``(1, 3, size, size)``.
        distance: between both pictures, by features and pixels; 0 is equal.
    """

    code: Tensor
    picture: Tensor
    distance: float


def project(
    generator: Generator,
    picture: Tensor,
    *,
    encoder: Encoder,
    steps: int = 150,
    classes: Classes = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Projection:
    """The code of the nearest picture, by gradient descent on features and pixels.

    Abdal et al. 2019, section 3. Differs: starts from the nearest of 64 random pictures, and is held near it.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1]; its center square is used.
        encoder: of the features that are compared.
        steps: of Adam.
        classes: the class to start in; None tries all.

    Raises:
        PictureError: not one picture.
        SettingsError: unknown class, or no steps.
    """
    if picture.ndim != 4 or picture.shape[:2] != (1, 3):
        raise PictureError(f"One picture (1, 3, H, W) can be projected, not {tuple(picture.shape)}.")
    if steps < 1:
        raise SettingsError(f"The number of projection steps is {steps}; use 1 or more.")
    distance = _Distance(encoder, center_square(picture, generator.size))
    candidates = sample_codes(generator, CANDIDATES, 0, classes)
    pictures = torch.cat(list(synthesize_batches(generator, candidates)))
    with torch.no_grad():
        start = candidates[int(distance(pictures).argmin())][None].clone()
    variance = candidates.var(0, keepdim=True).clamp_min(1e-6)
    code = start.clone().requires_grad_(True)
    adam = torch.optim.Adam([code], LEARNING_RATE)
    for step in range(steps):
        loss = distance(generator.synthesize(list(code.unbind(1)))).sum()
        from_start = ((code - start).square() / variance).mean()
        (code.grad,) = torch.autograd.grad(loss + START_WEIGHT * from_start, code)
        adam.step()
        if on_progress:
            on_progress(step + 1, steps)
    result = next(synthesize_batches(generator, code.detach()))
    with torch.no_grad():
        return Projection(code.detach(), result, float(distance(result)))


class _Distance:
    """Distance to a target by the encoder's style layers, and by pixels, ``(N,)``."""

    def __init__(self, encoder: Encoder, target: Tensor) -> None:
        self.encoder, self.target = encoder, target
        self.layers = tuple(encoder.network_style_layers)
        with torch.no_grad():
            self.target_features = encoder(target, self.layers)

    def __call__(self, pictures: Tensor) -> Tensor:
        features = self.encoder(pictures, self.layers)
        losses = [
            normalized_content_loss(features[name], self.target_features[name].expand_as(features[name]))
            for name in self.layers
        ]
        pixels = (pictures - self.target).square().mean((1, 2, 3))
        return torch.stack(losses).mean(0) + PIXEL_WEIGHT * pixels
