"""Pretext tasks: what the encoder is asked to do so that it learns to see. Each is one module, one loss.

All get the features of two views of the same ``B`` pictures, ``(2B, C, h, w)`` per layer, first all first
views and then all second views, and the pictures' numbers ``(B,)`` in the training set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor, nn
from torch.nn import functional as F

Features = Mapping[str, Tensor]

DEEPEST = "relu4_3"
STYLE_LAYERS = ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_3", "relu4_1", "relu4_3")


def pooled(features: Tensor) -> Tensor:
    """Mean over positions, scaled to unit length: ``(N, C)``."""
    return F.normalize(features.float().mean(dim=(2, 3)), dim=1)


def contrast(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """NT-Xent (Chen et al. 2020, arXiv 2002.05709) of ``(B, D)`` unit vectors that belong together row by row."""
    both = torch.cat([first, second])
    count = first.shape[0]
    similar = both @ both.T / temperature
    similar.fill_diagonal_(float("-inf"))
    partner = torch.arange(2 * count, device=both.device).roll(count)
    return F.cross_entropy(similar, partner)


class Instance(nn.Module):
    """Every picture is its own class (Dosovitskiy et al. 2014), by a cosine classifier."""

    def __init__(self, pictures: int, width: int, temperature: float = 0.07) -> None:
        super().__init__()
        self.prototypes = nn.Parameter(torch.randn(pictures, width) * 0.1)
        self.temperature = temperature

    def forward(self, features: Features, numbers: Tensor) -> Tensor:
        scores = pooled(features[DEEPEST]) @ F.normalize(self.prototypes, dim=1).T / self.temperature
        return F.cross_entropy(scores, torch.cat([numbers, numbers]))


class TwoView(nn.Module):
    """Two views of one picture find each other among the batch, through a projection head."""

    def __init__(self, width: int, temperature: float = 0.15) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Linear(width, 256), nn.ReLU(), nn.Linear(256, 96))
        self.temperature = temperature

    def forward(self, features: Features, numbers: Tensor) -> Tensor:
        first, second = F.normalize(self.head(pooled(features[DEEPEST])), dim=1).chunk(2)
        return contrast(first, second, self.temperature)


class StyleMoments(nn.Module):
    """Two crops of one picture find each other by each layer's channel means and deviations alone.

    There is no head between: the very statistics that style losses compare are made to tell manners apart.
    """

    def __init__(self, temperature: float = 0.15) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, features: Features, numbers: Tensor) -> Tensor:
        losses = []
        for layer in STYLE_LAYERS:
            x = features[layer].float()
            moments = torch.cat([x.mean(dim=(2, 3)), (x.var(dim=(2, 3)) + 1e-5).sqrt()], dim=1)
            unit = F.normalize(moments - moments.mean(0, keepdim=True), dim=1)
            losses.append(contrast(*unit.chunk(2), self.temperature))
        return torch.stack(losses).mean()


class Artist(nn.Module):
    """Name the painter from the style moments; pictures without one (label -1) do not count."""

    def __init__(self, labels: Tensor, widths: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("labels", labels)
        self.head = nn.Linear(2 * sum(widths), int(labels.max()) + 1)

    def forward(self, features: Features, numbers: Tensor) -> Tensor:
        moments = []
        for layer in STYLE_LAYERS:
            x = features[layer].float()
            moments += [x.mean(dim=(2, 3)), (x.var(dim=(2, 3)) + 1e-5).sqrt()]
        wanted = self.get_buffer("labels")[torch.cat([numbers, numbers])]
        if bool((wanted < 0).all()):
            return self.head.weight.sum() * 0
        return F.cross_entropy(self.head(torch.cat(moments, dim=1)), wanted, ignore_index=-1)


class Cluster(nn.Module):
    """Pseudo-labels by k-means over a memory of deep features (Caron et al. 2018, DeepCluster)."""

    def __init__(self, pictures: int, width: int, clusters: int = 128, every: int = 100) -> None:
        super().__init__()
        self.register_buffer("memory", torch.zeros(pictures, width))
        self.register_buffer("labels", torch.randint(clusters, (pictures,)))
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.head = nn.Linear(width, clusters)
        self.clusters, self.every = clusters, every

    def forward(self, features: Features, numbers: Tensor) -> Tensor:
        unit = pooled(features[DEEPEST])
        self._remember(unit.detach(), numbers)
        wanted = self.get_buffer("labels")[torch.cat([numbers, numbers])]
        return F.cross_entropy(self.head(unit) * 10, wanted)

    @torch.no_grad()
    def _remember(self, unit: Tensor, numbers: Tensor) -> None:
        memory, labels, calls = (self.get_buffer(name) for name in ("memory", "labels", "calls"))
        first, second = unit.chunk(2)
        memory[numbers] = (first + second) / 2
        calls += 1
        if int(calls) % self.every:
            return
        means = MiniBatchKMeans(self.clusters, random_state=0, n_init=1, batch_size=1024)
        labels.copy_(torch.from_numpy(means.fit_predict(memory.cpu().numpy())))
        # New clusters have nothing to do with the old ones: start the head at their centres.
        self.head.weight.copy_(torch.from_numpy(means.cluster_centers_))
        self.head.bias.zero_()
