"""The default generator for small art sets: light, conditional, with skip-layer excitation.

After Liu et al. 2021 ("Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image
Synthesis"): gated linear units, and coarse features that excite channels of fine ones. Differs: noise and
condition first become a style vector, which sets gain and shift of every batch norm (as in BigGAN), so that
classes mix, styles mix by level and truncation works; the first features come from a linear layer, not from a
transposed convolution; no noise is injected, so a seed is a picture; every size from 32 on adds to the
enlarged picture of the size below (Karras et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.errors import SettingsError
from bottega.generate.models.generator import Generator

START = 4
CHANNELS = {4: 6.0, 8: 5.0, 16: 3.0, 32: 2.0, 64: 0.75, 128: 0.5, 256: 0.25, 512: 0.25}
"""Channels at each side, as a multiple of the width: coarse features are cheap, fine ones dear."""
EXCITED_BY = {32: 4, 64: 8, 128: 16, 256: 8, 512: 16}
"""Which coarse features excite the channels at a side."""
COARSEST = 32
"""Side of the picture that the finer ones add detail to: a larger generator begins with what a smaller one
draws, and the size of its training can grow."""
STYLE = 128
AFFINE = 0.3
"""Deviation of gains and shifts at the start, where those of styles are one."""
CLASS = 0.5
"""Deviation of a class's numbers at the start, where those of noise are one: classes must not drown it."""


def _enlarged(picture: Tensor) -> Tensor:
    """Twice the side."""
    return F.interpolate(picture, scale_factor=2.0, mode="bilinear", align_corners=False)


class Excitation(nn.Module):
    """Gates the channels of fine features by coarse ones (skip-layer excitation, equation 2 of the paper)."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(coarse, fine, START)
        self.gate = nn.Conv2d(fine, fine, 1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """``fine`` times one factor in (0, 1) per channel."""
        small = F.adaptive_avg_pool2d(coarse, START)
        return fine * torch.sigmoid(self.gate(F.leaky_relu(self.squeeze(small), 0.1)))


class StyledBlock(nn.Module):
    """Twice the size: enlarge, convolve, normalise, gain and shift by the style, gated linear unit."""

    def __init__(self, incoming: int, outgoing: int, style: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(incoming, 2 * outgoing, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(2 * outgoing, affine=False)
        self.affine = nn.Linear(style, 4 * outgoing)
        nn.init.normal_(self.affine.weight, 0.0, AFFINE * style**-0.5)
        nn.init.zeros_(self.affine.bias)

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """``(N, incoming, h, w)`` and ``(N, style)`` to ``(N, outgoing, 2h, 2w)``."""
        enlarged = F.interpolate(features, scale_factor=2, mode="nearest")
        x = self.norm(self.convolution(enlarged))
        gain, shift = self.affine(style).to(x.dtype)[:, :, None, None].chunk(2, 1)
        return F.glu(torch.addcmul(x + shift, x, gain), dim=1)


class FewShotGenerator(Generator):
    """See the module.

    Args:
        size, latent, classes, attributes: as in :class:`~bottega.generate.Generator`.
        width: half the channels at a side of 32; 24 gives 1.5 M parameters at 64².
    """

    def __init__(
        self,
        size: int = 64,
        latent: int = 128,
        classes: Sequence[str] = (),
        attributes: Sequence[str] = (),
        width: int = 32,
    ) -> None:
        super().__init__(size, latent, classes, attributes)
        if width < 4 or width % 4:
            raise SettingsError(f"The width of a few-shot generator is a multiple of 4, not {width}.")
        self.width = width
        sides = [side for side in CHANNELS if side <= size]
        channels = {side: int(width * CHANNELS[side]) for side in sides}
        self.levels = len(sides)
        self.embedding = nn.Linear(self.conditions, STYLE, bias=False) if self.conditions else None
        self.mapping = nn.Sequential(
            nn.Linear(latent + (STYLE if self.conditions else 0), STYLE),
            nn.LeakyReLU(0.2),
            nn.Linear(STYLE, STYLE),
        )
        # Without bias, and normalised, so that from the first step on pictures differ in what is where.
        self.start = nn.Linear(STYLE, 2 * channels[START] * START**2, bias=False)
        self.first = nn.BatchNorm2d(2 * channels[START], affine=False)
        self.blocks = nn.ModuleDict(
            {
                str(side): StyledBlock(channels[side // 2], channels[side], STYLE)
                for side in sides
                if side > START
            }
        )
        self.excitations = nn.ModuleDict(
            {
                str(side): Excitation(channels[EXCITED_BY[side]], channels[side])
                for side in sides
                if side in EXCITED_BY
            }
        )
        self.pictures = nn.ModuleDict(
            {str(side): nn.Conv2d(channels[side], 3, 3, padding=1) for side in sides if side >= COARSEST}
        )
        self._spread()

    def _spread(self) -> None:
        """Weights that keep the deviation of the noise: the usual ones shrink it, and pictures look alike."""
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, 0.0, CLASS)
        for name, convolution in self.pictures.items():
            if int(name) > COARSEST:
                for weights in convolution.parameters():
                    nn.init.zeros_(weights)
        for layer in (*self.mapping, self.start):
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight, 0.2)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    @property
    def configuration(self) -> dict[str, Any]:
        return {**super().configuration, "width": self.width}

    @property
    def style_length(self) -> int:
        return STYLE

    def style_of(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        self.joined(z, condition)
        # Noise on a sphere: its length says nothing, its direction everything (Karras et al. 2018).
        noise = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        if self.embedding is not None and condition is not None:
            noise = torch.cat([noise, self.embedding(condition.to(z))], 1)
        return self.mapping(noise)

    @property
    def sides(self) -> tuple[int, ...]:
        return tuple(int(name) for name in self.pictures)

    def synthesise(self, styles: Sequence[Tensor]) -> Tensor:
        x = self.start(F.leaky_relu(styles[0], 0.2)).unflatten(1, (-1, START, START))
        x = F.glu(self.first(x.contiguous(memory_format=torch.channels_last)), dim=1)
        features, drawn = {START: x}, None
        for style, (name, block) in zip(styles[1:], self.blocks.items(), strict=False):
            x, side = block(x, style), int(name)
            if name in self.excitations:
                x = self.excitations[name](features[EXCITED_BY[side]], x)
            features[side] = x
            if name in self.pictures:
                detail = self.pictures[name](x)
                drawn = detail if drawn is None else detail + _enlarged(drawn)
        assert drawn is not None
        return torch.sigmoid(2 * drawn).float()

    def fitted_mapping(self, base: FewShotGenerator) -> dict[str, Tensor]:
        """The mapping's first layer as another generator has it, though only one of both knows conditions.

        A condition that the base knows and this one does not is taken at its mean, and goes into the bias;
        one that only this one knows begins with the weights that are here.
        """
        first, other = self.mapping[0], base.mapping[0]
        assert isinstance(first, nn.Linear)
        assert isinstance(other, nn.Linear)
        own, theirs, bias = first.weight.detach(), other.weight.detach(), other.bias.detach()
        if base.embedding is not None and self.embedding is None:
            bias = bias + theirs[:, base.latent :] @ base.embedding.weight.detach().mean(1)
            theirs = theirs[:, : base.latent]
        elif base.embedding is None and self.embedding is not None:
            theirs = torch.cat([theirs, own[:, self.latent :]], 1)
        return {"mapping.0.weight": theirs, "mapping.0.bias": bias}
