"""How much pictures of a batch differ: by this a discriminator sees that a generator draws too much alike.

After Karras et al. 2018 ("Progressive Growing of GANs", minibatch standard deviation).
"""

from __future__ import annotations

import torch
from torch import Tensor

GROUP = 4
"""Pictures whose deviation is taken together."""


def group_deviation(features: Tensor) -> Tensor:
    """One channel ``(N, 1, h, w)``: mean deviation of each number over neighbours in the batch.

    Groups are :data:`GROUP` pictures in a row; the last one is smaller where the batch is no multiple. Real
    and made ones that are judged together stay apart where there are a multiple of each.
    """
    found = []
    for part in torch.split(features.float(), GROUP):
        deviation = (part.var(0, correction=0) + 1e-8).sqrt().mean()
        found.append(deviation.expand(len(part), 1, *features.shape[2:]))
    return torch.cat(found).to(features.dtype)
