"""Between blocks of pixels and what the micro network's trunk works on: their cosine coefficients.

Bytes stay bytes for as long as possible; a few thousand blocks at a time become numbers, go through all the
operations while they are in the processor's cache, and are bytes again. Nothing here knows of engines, and
nothing is rounded to less than float32.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bottega.layers.blocks import NUMBERS, ORDER, SIDE, bordered, enlarged, row_bands
from bottega.transfer.networks import MicroNet
from bottega.transfer.networks.micro import COLORS, MIDDLE, SPREAD
from bottega.transfer.onepass.colors import Map, recolored


class Waves:
    """A network's own transforms, in the order of our blocks."""

    def __init__(self, network: MicroNet) -> None:
        analysis = network.analysis[:, ORDER, 0, 0].float()
        self.analysis = (analysis / SPREAD).T.contiguous()
        self.start = -MIDDLE / SPREAD * analysis.sum(1)
        self.synthesis = torch.zeros(NUMBERS, NUMBERS)
        self.synthesis[COLORS:] = network.synthesis[ORDER, :, 0, 0].float().T
        self.tones = network.tones[:, :, 0, 0].float().T

    def seen(self, blocks: Tensor, map: Map | None, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Blocks ``(h, w, 48)`` in new colours: their coefficients, likewise, and means ``(h, w, 3)``."""
        coefficients = torch.empty(blocks.shape, dtype=dtype)
        means = torch.empty(*blocks.shape[:2], COLORS)
        for rows in row_bands(blocks):
            band = recolored(blocks[rows].reshape(-1, NUMBERS), map)
            means[rows] = band.view(-1, SIDE**2, COLORS).mean(1).view(means[rows].shape)
            coefficients[rows] = torch.addmm(self.start, band, self.analysis).view(blocks[rows].shape)
        return coefficients, means

    def finish(
        self,
        blocks: Tensor,
        map: Map | None,
        means: Tensor,
        result: Tensor,
        factors: Tensor,
        shares: Sequence[Tensor] | None,
        painted: Tensor,
    ) -> None:
        """What :meth:`MicroNet.finish` does, into ``painted (h, w, 48)``: bytes, or floats in [0, 1].

        Args:
            blocks, map, means: of the content, see :meth:`seen`.
            result: the trunk's, ``(h, w, 48)``.
            factors: ``(K, 2)``, the gates, and how much of the fine detail is added.
            shares: the masks as blocks, ``(h, w, 48)`` each; none for the whole picture, where K is 1.
        """
        tones = bordered(result[..., :COLORS].float() @ self.tones)
        smooth = bordered(means)
        drawn, detail = (float(factor) for factor in factors[0])
        both = drawn * tones - detail * smooth
        for rows in row_bands(blocks):
            colored = recolored(blocks[rows].reshape(-1, NUMBERS), map)
            more = result[rows].reshape(-1, NUMBERS).float()
            if shares is None:
                band = torch.addmm(colored, more, self.synthesis, beta=1 + detail, alpha=drawn)
                band += enlarged(both, rows)
            else:
                maps = [share[rows].reshape(-1, NUMBERS) for share in shares]
                opened, sharper = (_mixed(maps, factors[:, number]) for number in range(2))
                band = colored + opened * torch.addmm(enlarged(tones, rows), more, self.synthesis)
                band += sharper * (colored - enlarged(smooth, rows))
            _store(band.clamp_(0, 1), painted[rows])

    def recolor(self, blocks: Tensor, map: Map | None, painted: Tensor) -> None:
        """Where nothing but colours moves."""
        for rows in row_bands(blocks):
            band = recolored(blocks[rows].reshape(-1, NUMBERS), map)
            _store(band.clone() if map is None else band, painted[rows])


def _mixed(shares: Sequence[Tensor], factors: Tensor) -> Tensor:
    return torch.stack([factor * share for factor, share in zip(factors, shares, strict=True)]).sum(0)


def _store(band: Tensor, painted: Tensor) -> None:
    if painted.dtype == torch.uint8:
        band.mul_(255).add_(0.5)
    painted.copy_(band.view(painted.shape))
