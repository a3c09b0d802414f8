"""Differentiable augmentation: the discriminator sees real and fake pictures changed in the same way.

After Zhao et al. 2020 (DiffAugment: translation, color, cutout), with the adaptive probability of Karras et
al. 2020 (ADA), which rises while the discriminator overfits to the training pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError

MAX_SHIFT = 0.125
"""Largest translation, as a share of the side."""
CUTOUT_SIDE = 0.5
"""Side of the square that is cut out, as a share of the side."""
TARGET_REAL_SIGN = 0.6
"""Mean sign of the real pictures' logits at which the probability is stable; the ADA paper's value."""
MAX_PROBABILITY = 0.9


def translate(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Move each picture by up to an eighth of its side; what comes in is gray, as in the paper zero."""
    count, _, height, width = pictures.shape
    max_down, max_right = round(height * MAX_SHIFT), round(width * MAX_SHIFT)
    down = torch.randint(-max_down, max_down + 1, (count,), generator=generator)
    right = torch.randint(-max_right, max_right + 1, (count,), generator=generator)
    padded = F.pad(pictures - 0.5, (max_right, max_right, max_down, max_down)) + 0.5
    moved = []
    tops, lefts = (max_down + down).tolist(), (max_right + right).tolist()
    for i, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        moved.append(padded[i, :, top : top + height, left : left + width])
    return torch.stack(moved)


def cutout(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Gray out one square of half the side, which may extend over the border."""
    count, _, height, width = pictures.shape
    side_y, side_x = round(height * CUTOUT_SIDE), round(width * CUTOUT_SIDE)
    mask = torch.ones(count, 1, height, width)
    tops = torch.randint(-side_y // 2, height - side_y // 2, (count,), generator=generator)
    lefts = torch.randint(-side_x // 2, width - side_x // 2, (count,), generator=generator)
    for i, (top, left) in enumerate(zip(tops.tolist(), lefts.tolist(), strict=True)):
        mask[i, :, max(0, top) : max(0, top + side_y), max(0, left) : max(0, left + side_x)] = 0
    return (pictures - 0.5) * mask.to(pictures) + 0.5


def jitter_color(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Brightness by ±0.25, saturation by 0 to 2, contrast by 0.5 to 1.5 (the paper's, halved for [0, 1])."""
    light, saturation, contrast = torch.rand(3, len(pictures), 1, 1, 1, generator=generator).to(pictures)
    lit = pictures + (light - 0.5) / 2
    gray = lit.mean(1, keepdim=True)
    colored = gray + (lit - gray) * 2 * saturation
    mean = colored.mean((1, 2, 3), keepdim=True)
    return mean + (colored - mean) * (contrast + 0.5)


AUGMENTATIONS = {"color": jitter_color, "translation": translate, "cutout": cutout}


class DiffAugment(nn.Module):
    """Applies each kind of augmentation to each picture with a probability that adapts.

    Args:
        kinds: some of :data:`AUGMENTATIONS`.
        probability: at the start; never more than :data:`MAX_PROBABILITY` later.
        span: pictures over which the probability can move from 0 to 1; 0 keeps it constant.
    """

    def __init__(
        self, kinds: Sequence[str] = tuple(AUGMENTATIONS), probability: float = 0.7, span: int = 50_000
    ) -> None:
        super().__init__()
        for kind in kinds:
            if kind not in AUGMENTATIONS:
                raise SettingsError(f'"{kind}" is not an augmentation; use {", ".join(AUGMENTATIONS)}.')
        if not 0 <= probability <= 1:
            raise SettingsError(f"The probability of augmentation is {probability}; its range is 0 to 1.")
        self.kinds, self.span = tuple(kinds), span
        self.register_buffer("probability", torch.tensor(float(probability)))

    def forward(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """``(N, 3, H, W)`` in [0, 1]; colors may leave that range, gradients flow."""
        for kind in self.kinds:
            changed = AUGMENTATIONS[kind](pictures, generator)
            apply = torch.rand(len(pictures), generator=generator) < float(self.get_buffer("probability"))
            pictures = torch.where(apply.to(pictures.device).view(-1, 1, 1, 1), changed, pictures)
        return pictures

    @torch.no_grad()
    def adapt(self, real_logits: Tensor) -> None:
        """Adapt to the logits of real pictures, ``(N, …)``: augment more if most of them are above zero."""
        if self.span and self.kinds:
            overfitting = real_logits.detach().sign().mean() - TARGET_REAL_SIGN
            step = overfitting.sign() * len(real_logits) / self.span
            self.get_buffer("probability").add_(step).clamp_(0, MAX_PROBABILITY)
