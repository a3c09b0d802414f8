"""Find the code of a given picture, so that it can be varied and mixed like a drawn one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.errors import PictureError, SettingsError
from bottega.generate.models.generator import Generator
from bottega.generate.sampling import codes, drawn
from bottega.losses import normalized_content_loss
from bottega.pictures import resize

CANDIDATES = 64
"""Random pictures of which the nearest is the start."""
RATE = 0.05
PIXELS = 4.0
"""Weight of the squared error of pixels beside that of features."""
STAY = 0.02
"""Weight of the squared distance to the start, in units of its spread: codes far away draw nonsense."""


@dataclass(frozen=True)
class Projection:
    """A picture in the space of a generator.

    Attributes:
        code: ``(1, levels, W)``.
        picture: what it draws, ``(1, 3, size, size)``.
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
    like: str | Mapping[str, float] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Projection:
    """The code whose picture is nearest, by descent on features and pixels (Abdal et al. 2019, section 3).

    Differs: starts from the nearest of 64 random pictures, and is held near the start.

    Args:
        picture: ``(1, 3, H, W)`` in [0, 1]; its middle square is taken.
        encoder: that compares.
        steps: of Adam.
        like: the class to start in; None tries all.

    Raises:
        PictureError: not one picture.
        SettingsError: no such class, or no steps.
    """
    if picture.ndim != 4 or picture.shape[:2] != (1, 3):
        raise PictureError(f"One picture (1, 3, H, W) can be projected, not {tuple(picture.shape)}.")
    if steps < 1:
        raise SettingsError(f"A projection needs 1 step or more, not {steps}.")
    goal = middle_square(picture, generator.size)
    distance = _Distance(encoder, goal)
    tried = codes(generator, CANDIDATES, 0, like)
    shown = torch.cat(list(drawn(generator, tried)))
    with torch.no_grad():
        start = tried[int(distance(shown).argmin())][None].clone()
    spread = tried.var(0, keepdim=True).clamp_min(1e-6)
    code = start.clone().requires_grad_(True)
    adam = torch.optim.Adam([code], RATE)
    for step in range(steps):
        apart = distance(generator.synthesise(list(code.unbind(1)))).sum()
        away = ((code - start).square() / spread).mean()
        (code.grad,) = torch.autograd.grad(apart + STAY * away, code)
        adam.step()
        if on_progress:
            on_progress(step + 1, steps)
    found = code.detach()
    made = next(drawn(generator, found))
    with torch.no_grad():
        return Projection(found, made, float(distance(made)))


class _Distance:
    """Features at the encoder's content layers, and pixels, ``(N,)``."""

    def __init__(self, encoder: Encoder, goal: Tensor) -> None:
        self.encoder, self.goal = encoder, goal
        self.layers = tuple(encoder.network_style_layers)
        with torch.no_grad():
            self.wanted = encoder(goal, self.layers)

    def __call__(self, pictures: Tensor) -> Tensor:
        found = self.encoder(pictures, self.layers)
        wanted = {name: x.expand_as(found[name]) for name, x in self.wanted.items()}
        features = [normalized_content_loss(found[name], wanted[name]) for name in self.layers]
        pixels = (pictures - self.goal).square().mean((1, 2, 3))
        return torch.stack(features).mean(0) + PIXELS * pixels


def middle_square(picture: Tensor, size: int) -> Tensor:
    """The largest square in the middle of ``(1, 3, H, W)``, resized."""
    height, width = picture.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(picture[..., top : top + side, left : left + side], (size, size))
