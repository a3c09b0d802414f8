"""Differentiable augmentation: the discriminator sees real and made pictures changed alike.

After Zhao et al. 2020 (DiffAugment: translation, colour, cutout), with the probability of Karras et al. 2020
(ADA), which rises while the discriminator knows the training pictures by heart.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError

AUGMENTATIONS = ("color", "translation", "cutout")
TRANSLATION = 0.125
"""Largest shift, as a share of the side."""
CUTOUT = 0.5
"""Side of the square that is cut out, as a share of the side."""
TARGET = 0.6
"""Mean sign of the real pictures' logits at which the probability stays; the ADA paper's value."""


class Augmentation(nn.Module):
    """Changes each picture by each kind with a probability that adapts.

    Args:
        kinds: some of :data:`AUGMENTATIONS`.
        probability: at the start; at most :attr:`highest` in time.
        span: pictures over which the probability would move from 0 to 1; 0 leaves it as it is.
    """

    highest = 0.9

    def __init__(
        self, kinds: Sequence[str] = AUGMENTATIONS, probability: float = 0.7, span: int = 50_000
    ) -> None:
        super().__init__()
        unknown = [kind for kind in kinds if kind not in AUGMENTATIONS]
        if unknown:
            raise SettingsError(f'"{unknown[0]}" is no augmentation; there are {", ".join(AUGMENTATIONS)}.')
        if not 0 <= probability <= 1:
            raise SettingsError(f"The probability of augmentation is {probability}; its range is 0 to 1.")
        self.kinds, self.span = tuple(kinds), span
        self.register_buffer("probability", torch.tensor(float(probability)))

    def forward(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """``(N, 3, H, W)`` in [0, 1]; colours may leave that range, gradients flow."""
        for kind in self.kinds:
            changed = _CHANGES[kind](pictures, generator)
            chosen = torch.rand(len(pictures), generator=generator) < float(self.get_buffer("probability"))
            pictures = torch.where(chosen.to(pictures.device).view(-1, 1, 1, 1), changed, pictures)
        return pictures

    @torch.no_grad()
    def adapt(self, real: Tensor) -> None:
        """Take in the logits of a batch of real pictures, ``(N, …)``: more where they are all above zero."""
        if self.span and self.kinds:
            sure = real.detach().sign().mean() - TARGET
            step = sure.sign() * len(real) / self.span
            self.get_buffer("probability").add_(step).clamp_(0, self.highest)


def shift(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Move each picture by up to an eighth of its side; what comes in is grey, as in the paper zero."""
    count, _, height, width = pictures.shape
    most = (round(height * TRANSLATION), round(width * TRANSLATION))
    down = torch.randint(-most[0], most[0] + 1, (count,), generator=generator)
    right = torch.randint(-most[1], most[1] + 1, (count,), generator=generator)
    padded = F.pad(pictures - 0.5, (most[1], most[1], most[0], most[0])) + 0.5
    moved = [
        padded[
            n,
            :,
            most[0] + down[n] : most[0] + down[n] + height,
            most[1] + right[n] : most[1] + right[n] + width,
        ]
        for n in range(count)
    ]
    return torch.stack(moved)


def cut_out(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Grey out one square of half the side, which may stand over the border."""
    count, _, height, width = pictures.shape
    sides = (round(height * CUTOUT), round(width * CUTOUT))
    keep = torch.ones(count, 1, height, width)
    tops = torch.randint(-sides[0] // 2, height - sides[0] // 2, (count,), generator=generator)
    lefts = torch.randint(-sides[1] // 2, width - sides[1] // 2, (count,), generator=generator)
    for n, (top, left) in enumerate(zip(tops.tolist(), lefts.tolist(), strict=True)):
        keep[n, :, max(0, top) : max(0, top + sides[0]), max(0, left) : max(0, left + sides[1])] = 0
    return (pictures - 0.5) * keep.to(pictures) + 0.5


def recolor(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Brightness by ±0.25, saturation by 0 to 2, contrast by 0.5 to 1.5 (the paper's, halved for [0, 1])."""
    light, saturation, contrast = torch.rand(3, len(pictures), 1, 1, 1, generator=generator).to(pictures)
    lit = pictures + (light - 0.5) / 2
    grey = lit.mean(1, keepdim=True)
    colored = grey + (lit - grey) * 2 * saturation
    middle = colored.mean((1, 2, 3), keepdim=True)
    return middle + (colored - middle) * (contrast + 0.5)


_CHANGES = {"color": recolor, "translation": shift, "cutout": cut_out}
