"""Looks at pictures large and small: small for what is where, large for how it is painted.

After the multi-scale discriminators of Wang et al. 2018 ("High-Resolution Image Synthesis and Semantic
Manipulation with Conditional GANs"). Differs: the part for a side is what would judge pictures of that side
alone, so a training whose pictures grow (Karras et al. 2018) keeps the parts that it has. A new one for the
larger pictures, by itself, undid what the generator had learned from the smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.generate.discriminators.projected import ProjectedDiscriminator
from bottega.generate.discriminators.residual import ResidualDiscriminator

Part = ProjectedDiscriminator | ResidualDiscriminator


class PyramidDiscriminator(nn.Module):
    """Judges pictures, and their reductions, by one part for each side.

    Args:
        parts: by side.
    """

    apart = False

    def __init__(self, parts: Mapping[int, Part]) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({str(side): parts[side] for side in sorted(parts)})

    def _each(self) -> Iterator[tuple[int, Part]]:
        for name, part in self.parts.items():
            assert isinstance(part, Part)
            yield int(name), part

    def look(self, pictures: Tensor) -> list[Tensor]:
        """What the parts see, small to large; those for larger pictures than these see nothing."""
        full, seen = pictures.shape[-1], []
        for side, part in self._each():
            if side <= full:
                seen += part.look(F.avg_pool2d(pictures, full // side) if side < full else pictures)
        return seen

    def judge(self, features: Sequence[Tensor], condition: Tensor | None) -> Tensor:
        """Logits ``(N, …)`` of the parts that saw something."""
        logits, first = [], 0
        for _, part in self._each():
            if first < len(features):
                logits.append(part.judge(features[first : first + part.views], condition))
                first += part.views
        return torch.cat(logits, 1)

    def forward(self, pictures: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits ``(N, …)`` of pictures ``(N, 3, side, side)``, whose side is that of a part."""
        return self.judge(self.look(pictures), condition)
