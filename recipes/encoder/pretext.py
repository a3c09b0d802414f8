"""Pretext tasks: each is one module with one loss that trains the encoder.

All get the features of a batch's views (see :class:`Batch`): two views of each picture, and if a task needs
them distorted ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor, nn
from torch.nn import functional as F

from recipes.encoder.distort import DISTORTIONS

DEEPEST_LAYER = "relu4_3"
DENSE_LAYERS = ("relu3_3", "relu4_3")
STYLE_LAYERS = ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_3", "relu4_1", "relu4_3")


@dataclass(frozen=True)
class Batch:
    """The input of the tasks.

    Attributes:
        features: ``(2B + S, C, h, w)`` per layer: all first views, all second views, ``S`` distorted views.
        indices: ``(B,)``, the pictures' indices in the training set.
        kinds: ``(S,)``, the distortion of each distorted view, from one.
        same_colors: whether a pair shares its colors, so that its style may be compared.
        same_place: whether a pair shows the same piece, so that its positions may be compared.
    """

    features: Mapping[str, Tensor]
    indices: Tensor
    kinds: Tensor
    same_colors: bool
    same_place: bool

    @property
    def twice(self) -> Tensor:
        """The pictures' indices for first and second views."""
        return torch.cat([self.indices, self.indices])

    @property
    def deepest(self) -> Tensor:
        """Deep features of first and second views, pooled to unit vectors ``(2B, C)``."""
        return pool_to_unit_vectors(self.features[DEEPEST_LAYER][: len(self.twice)])

    def moments(self, layer: str) -> Tensor:
        """Channel means and deviations of every view, ``(2B + S, 2C)``."""
        x = self.features[layer].float()
        return torch.cat([x.mean(dim=(2, 3)), (x.var(dim=(2, 3)) + 1e-5).sqrt()], dim=1)


def pool_to_unit_vectors(features: Tensor) -> Tensor:
    """Mean over positions, scaled to unit length: ``(N, C)``."""
    return F.normalize(features.float().mean(dim=(2, 3)), dim=1)


def contrastive_loss(
    first: Tensor, second: Tensor, temperature: float, others: Tensor | None = None
) -> Tensor:
    """NT-Xent (Chen et al. 2020, arXiv 2002.05709) of unit vectors ``(B, D)``, paired row by row.

    ``others (S, D)`` are further negatives.
    """
    both = torch.cat([first, second])
    count = first.shape[0]
    similar = both @ both.T / temperature
    similar.fill_diagonal_(float("-inf"))
    if others is not None:
        similar = torch.cat([similar, both @ others.T / temperature], dim=1)
    partner = torch.arange(2 * count, device=both.device).roll(count)
    return F.cross_entropy(similar, partner)


class Instance(nn.Module):
    """Every picture is its own class (Dosovitskiy et al. 2014), by a cosine classifier."""

    def __init__(self, pictures: int, width: int, temperature: float = 0.07) -> None:
        super().__init__()
        self.prototypes = nn.Parameter(torch.randn(pictures, width) * 0.1)
        self.temperature = temperature

    def forward(self, batch: Batch) -> Tensor:
        scores = batch.deepest @ F.normalize(self.prototypes, dim=1).T / self.temperature
        return F.cross_entropy(scores, batch.twice)


class TwoView(nn.Module):
    """Contrastive loss between two views of each picture, through a projection head (SimCLR)."""

    def __init__(self, width: int, temperature: float = 0.15) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Linear(width, 256), nn.ReLU(), nn.Linear(256, 96))
        self.temperature = temperature

    def forward(self, batch: Batch) -> Tensor:
        first, second = F.normalize(self.head(batch.deepest), dim=1).chunk(2)
        return contrastive_loss(first, second, self.temperature)


class StyleMoments(nn.Module):
    """Contrastive loss between two crops by each layer's channel means and deviations.

    Without a head, so that the statistics that style losses compare learn to separate styles from one another
    and from distorted versions.
    """

    def __init__(self, temperature: float = 0.15) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, batch: Batch) -> Tensor:
        pairs, losses = len(batch.twice), []
        for layer in STYLE_LAYERS:
            moments = batch.moments(layer)
            unit = F.normalize(moments - moments[:pairs].mean(0, keepdim=True), dim=1)
            first, second = unit[:pairs].chunk(2)
            losses.append(contrastive_loss(first, second, self.temperature, unit[pairs:]))
        return torch.stack(losses).mean()


class DenseContrast(nn.Module):
    """Dense contrast between equal positions in other colors (Wang et al. 2021, arXiv 2011.09157).

    Features on a coarse grid, minus their mean over the batch, are compared without a head; all other cells
    of all pictures are negatives. Unlike there, both views show the same crop, so cells pair up by position.
    """

    def __init__(self, grid: int = 5, temperature: float = 0.1) -> None:
        super().__init__()
        self.grid, self.temperature = grid, temperature

    def forward(self, batch: Batch) -> Tensor:
        losses = []
        for layer in DENSE_LAYERS:
            features = batch.features[layer][: len(batch.twice)].float()
            cells = F.adaptive_avg_pool2d(features, self.grid).flatten(2).mT.flatten(0, 1)
            unit = F.normalize(cells - cells.mean(0, keepdim=True), dim=1)
            first, second = unit.chunk(2)
            losses.append(contrastive_loss(first, second, self.temperature))
        return torch.stack(losses).mean()


class ArtistClassifier(nn.Module):
    """Classify the artist from the style moments; pictures without one (label -1) are ignored."""

    def __init__(self, labels: Tensor, widths: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("labels", labels)
        self.head = nn.Linear(2 * sum(widths), int(labels.max()) + 1)

    def forward(self, batch: Batch) -> Tensor:
        target = self.get_buffer("labels")[batch.twice]
        if bool((target < 0).all()):
            return self.head.weight.sum() * 0
        moments = torch.cat([batch.moments(layer) for layer in STYLE_LAYERS], dim=1)
        return F.cross_entropy(self.head(moments[: len(target)]), target, ignore_index=-1)


class DistortionClassifier(nn.Module):
    """Classify from each layer's style moments how a picture was distorted, or that it was not."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(2 * width, len(DISTORTIONS) + 1) for width in widths)

    def forward(self, batch: Batch) -> Tensor:
        pairs = len(batch.twice)
        target = torch.cat([torch.zeros_like(batch.twice), batch.kinds])
        # Undistorted pictures are many: together they weigh as much as one distortion.
        balance = torch.ones(len(DISTORTIONS) + 1, device=target.device)
        balance[0] = len(batch.kinds) / len(DISTORTIONS) / pairs
        losses = [
            F.cross_entropy(head(batch.moments(layer)), target, weight=balance)
            for head, layer in zip(self.heads, STYLE_LAYERS, strict=True)
        ]
        return torch.stack(losses).mean()


class Cluster(nn.Module):
    """Pseudo-labels by k-means over a memory of deep features (Caron et al. 2018, DeepCluster)."""

    def __init__(self, pictures: int, width: int, clusters: int = 128, every: int = 100) -> None:
        super().__init__()
        clusters = min(clusters, pictures)  # k-means needs a picture for each
        self.register_buffer("memory", torch.zeros(pictures, width))
        self.register_buffer("labels", torch.randint(clusters, (pictures,)))
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.head = nn.Linear(width, clusters)
        self.clusters, self.every = clusters, every

    def forward(self, batch: Batch) -> Tensor:
        unit = batch.deepest
        self._update_memory(unit.detach(), batch.indices)
        target = self.get_buffer("labels")[batch.twice]
        return F.cross_entropy(self.head(unit) * 10, target)

    @torch.no_grad()
    def _update_memory(self, unit: Tensor, indices: Tensor) -> None:
        memory, labels, calls = (self.get_buffer(name) for name in ("memory", "labels", "calls"))
        first, second = unit.chunk(2)
        memory[indices] = (first + second) / 2
        calls += 1
        if int(calls) % self.every:
            return
        means = MiniBatchKMeans(self.clusters, random_state=0, n_init=1, batch_size=1024)
        labels.copy_(torch.from_numpy(means.fit_predict(memory.cpu().numpy())))
        # New clusters do not correspond to the old ones: start the head at their centers.
        self.head.weight.copy_(torch.from_numpy(means.cluster_centers_))
        self.head.bias.zero_()
