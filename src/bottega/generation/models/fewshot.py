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
from bottega.generation.models.generator import Generator

START_SIDE = 4
CHANNELS = {4: 6.0, 8: 5.0, 16: 3.0, 32: 2.0, 64: 0.75, 128: 0.5, 256: 0.25, 512: 0.25}
"""Channels at each side, as a multiple of the width: coarse features are cheap, fine ones expensive."""
EXCITATION_SOURCE = {32: 4, 64: 8, 128: 16, 256: 8, 512: 16}
"""Side of the coarse features that excite the channels at a side."""
FIRST_PICTURE_SIDE = 32
"""Side of the picture that finer levels add detail to: a larger generator starts with what a smaller one
generates, so that a training can be progressive."""
STYLE_DIM = 128
AFFINE_INIT_STD = 0.3
"""Initial standard deviation of gains and shifts, for styles of standard deviation one."""
CLASS_INIT_STD = 0.5
"""Initial standard deviation of class embeddings, where noise has one: classes must not dominate it."""


def _upsample(picture: Tensor) -> Tensor:
    """Twice the side."""
    return F.interpolate(picture, scale_factor=2.0, mode="bilinear", align_corners=False)


class Excitation(nn.Module):
    """Gates the channels of fine features by coarse ones (skip-layer excitation, equation 2 of the paper)."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(coarse, fine, START_SIDE)
        self.gate = nn.Conv2d(fine, fine, 1)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """``fine`` times one factor in (0, 1) per channel."""
        small = F.adaptive_avg_pool2d(coarse, START_SIDE)
        return fine * torch.sigmoid(self.gate(F.leaky_relu(self.squeeze(small), 0.1)))


class StyledBlock(nn.Module):
    """Twice the side: upsample, convolve, normalize, gain and shift by the style, gated linear unit."""

    def __init__(self, incoming: int, outgoing: int, style: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(incoming, 2 * outgoing, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(2 * outgoing, affine=False)
        self.affine = nn.Linear(style, 4 * outgoing)
        nn.init.normal_(self.affine.weight, 0.0, AFFINE_INIT_STD * style**-0.5)
        nn.init.zeros_(self.affine.bias)

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """``(N, incoming, h, w)`` and ``(N, style)`` to ``(N, outgoing, 2h, 2w)``."""
        upsampled = F.interpolate(features, scale_factor=2, mode="nearest")
        x = self.norm(self.convolution(upsampled))
        gain, shift = self.affine(style).to(x.dtype)[:, :, None, None].chunk(2, 1)
        return F.glu(torch.addcmul(x + shift, x, gain), dim=1)


class FewShotGenerator(Generator):
    """The generator described above.

    Args:
        size: as in :class:`~bottega.generation.Generator`.
        latent: likewise.
        classes: likewise.
        attributes: likewise.
        width: half the channels at a side of 32; 24 gives 1.5 M parameters at 64².
    """

    has_mapping = True

    def __init__(
        self,
        size: int = 64,
        latent: int = 128,
        classes: Sequence[str] = (),
        attributes: Sequence[str] = (),
        width: int = 32,
        class_weights: Sequence[float] = (),
    ) -> None:
        super().__init__(size, latent, classes, attributes, class_weights)
        if width < 4 or width % 4:
            raise SettingsError(f"The width of a few-shot generator is {width}; use a multiple of 4.")
        self.width = width
        sides = [side for side in CHANNELS if side <= size]
        channels = {side: int(width * CHANNELS[side]) for side in sides}
        self.levels = len(sides)
        self.embedding = nn.Linear(self.condition_dim, STYLE_DIM, bias=False) if self.condition_dim else None
        self.mapping = nn.Sequential(
            nn.Linear(latent + (STYLE_DIM if self.condition_dim else 0), STYLE_DIM),
            nn.LeakyReLU(0.2),
            nn.Linear(STYLE_DIM, STYLE_DIM),
        )
        # Without bias and with a norm, so that pictures differ in composition from the first step on.
        self.start = nn.Linear(STYLE_DIM, 2 * channels[START_SIDE] * START_SIDE**2, bias=False)
        self.first = nn.BatchNorm2d(2 * channels[START_SIDE], affine=False)
        self.blocks = nn.ModuleDict(
            {
                str(side): StyledBlock(channels[side // 2], channels[side], STYLE_DIM)
                for side in sides
                if side > START_SIDE
            }
        )
        self.excitations = nn.ModuleDict(
            {
                str(side): Excitation(channels[EXCITATION_SOURCE[side]], channels[side])
                for side in sides
                if side in EXCITATION_SOURCE
            }
        )
        self.pictures = nn.ModuleDict(
            {
                str(side): nn.Conv2d(channels[side], 3, 3, padding=1)
                for side in sides
                if side >= FIRST_PICTURE_SIDE
            }
        )
        self._init_weights()

    def _init_weights(self) -> None:
        """Weights that preserve the variance of the noise; torch's defaults shrink it."""
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, 0.0, CLASS_INIT_STD)
        for name, convolution in self.pictures.items():
            if int(name) > FIRST_PICTURE_SIDE:
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
    def style_dim(self) -> int:
        return STYLE_DIM

    def map_style(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        self.join(z, condition)
        # Noise on a sphere: only its direction matters (Karras et al. 2018).
        noise = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        if self.embedding is not None and condition is not None:
            noise = torch.cat([noise, self.embedding(condition.to(z))], 1)
        return self.mapping(noise)

    @property
    def sides(self) -> tuple[int, ...]:
        return tuple(int(name) for name in self.pictures)

    def synthesize(self, styles: Sequence[Tensor]) -> Tensor:
        x = self.start(F.leaky_relu(styles[0], 0.2)).unflatten(1, (-1, START_SIDE, START_SIDE))
        x = F.glu(self.first(x.contiguous(memory_format=torch.channels_last)), dim=1)
        features, picture = {START_SIDE: x}, None
        for style, (name, block) in zip(styles[1:], self.blocks.items(), strict=False):
            x, side = block(x, style), int(name)
            if name in self.excitations:
                x = self.excitations[name](features[EXCITATION_SOURCE[side]], x)
            features[side] = x
            if name in self.pictures:
                detail = self.pictures[name](x)
                picture = detail if picture is None else detail + _upsample(picture)
        assert picture is not None
        return torch.sigmoid(2 * picture).float()

    def adapt_mapping(self, base: FewShotGenerator) -> dict[str, Tensor]:
        """The first layer of ``base``'s mapping, adapted if only one of both generators is conditional.

        If ``base`` alone is conditional, its mean condition goes into the bias; if this one alone is, its
        condition keeps the weights that are here.
        """
        own, other = self.mapping[0], base.mapping[0]
        assert isinstance(own, nn.Linear)
        assert isinstance(other, nn.Linear)
        weight, bias = other.weight.detach(), other.bias.detach()
        if base.embedding is not None and self.embedding is None:
            bias = bias + weight[:, base.latent :] @ base.embedding.weight.detach().mean(1)
            weight = weight[:, : base.latent]
        elif base.embedding is None and self.embedding is not None:
            weight = torch.cat([weight, own.weight.detach()[:, self.latent :]], 1)
        return {"mapping.0.weight": weight, "mapping.0.bias": bias}
