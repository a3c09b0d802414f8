"""Several discriminators at once: small pictures for composition, large ones for brushwork.

After the multi-scale discriminators of Wang et al. 2018 ("High-Resolution Image Synthesis and Semantic
Manipulation with Conditional GANs"). Differs: the discriminator of each side is what a training at that side
would have alone, so that a progressive training (Karras et al. 2018) keeps those it has. Replacing them by a
new one for the larger pictures undid what the generator had learned from the smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.generation.discriminators.base import Discriminator


class MultiscaleDiscriminator(Discriminator):
    """Classifies pictures and their reductions, with one discriminator for each side.

    Args:
        by_side: side to discriminator.
    """

    def __init__(self, by_side: Mapping[int, Discriminator]) -> None:
        super().__init__()
        self.by_side = nn.ModuleDict({str(side): by_side[side] for side in sorted(by_side)})

    def _items(self) -> Iterator[tuple[int, Discriminator]]:
        for name, discriminator in self.by_side.items():
            assert isinstance(discriminator, Discriminator)
            yield int(name), discriminator

    def extract_features(self, pictures: Tensor) -> list[Tensor]:
        """Features at all sides up to that of the pictures, small to large."""
        full, features = pictures.shape[-1], []
        for side, discriminator in self._items():
            if side <= full:
                reduced = F.avg_pool2d(pictures, full // side) if side < full else pictures
                features += discriminator.extract_features(reduced)
        return features

    def classify(self, features: Sequence[Tensor], condition: Tensor | None) -> Tensor:
        """Logits ``(N, …)`` of the discriminators for which there are features."""
        logits, first = [], 0
        for _, discriminator in self._items():
            if first < len(features):
                own = features[first : first + discriminator.feature_count]
                logits.append(discriminator.classify(own, condition))
                first += discriminator.feature_count
        return torch.cat(logits, 1)
