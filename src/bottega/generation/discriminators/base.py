"""The base class of discriminators, and the minibatch standard deviation that reveals mode collapse."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

GROUP_SIZE = 4
"""Pictures whose standard deviation is taken together."""


class Discriminator(nn.Module):
    """A discriminator in two halves: fixed features, and what learns.

    The features of a fake picture are computed once and serve both the discriminator's and the generator's
    update.

    Attributes:
        separate_batches: whether real and fake pictures need batches of their own, as with batch norm.
        feature_count: number of tensors that :meth:`extract_features` returns for a picture of full size.
    """

    separate_batches = False
    feature_count = 1

    def extract_features(self, pictures: Tensor) -> list[Tensor]:
        """The input of :meth:`classify`: the pictures themselves, or a frozen encoder's features of them."""
        return [pictures]

    def classify(self, features: Sequence[Tensor], condition: Tensor | None) -> Tensor:
        """Logits ``(N, …)``; above 0 means real."""
        raise NotImplementedError

    def forward(self, pictures: Tensor, condition: Tensor | None = None) -> Tensor:
        """Logits ``(N, …)`` of pictures ``(N, 3, size, size)`` in [0, 1]."""
        return self.classify(self.extract_features(pictures), condition)


def minibatch_stddev(features: Tensor) -> Tensor:
    """One channel ``(N, 1, h, w)``: how much each picture differs from its neighbors in the batch.

    Karras et al. 2018 ("Progressive Growing of GANs"): by this a discriminator sees that a generator repeats
    itself. Groups are :data:`GROUP_SIZE` consecutive pictures; the last one may be smaller. Real and fake
    pictures in one batch are not mixed in a group if there are a multiple of the group size of each.
    """
    channels = []
    for group in torch.split(features.float(), GROUP_SIZE):
        stddev = (group.var(0, correction=0) + 1e-8).sqrt().mean()
        channels.append(stddev.expand(len(group), 1, *features.shape[2:]))
    return torch.cat(channels).to(features.dtype)
