"""Initialization of the micro network: normalized features, distilled from the encoder of the losses.

A style code is the statistics of the trunk's own features. Those of random filters say little about a
painting, and the decoder cannot learn what its code does not contain; so the trunk first learns, in a minute,
to predict the encoder's features (Hinton et al. 2015's distillation, of features).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.encoders import Encoder
from bottega.training import build_optimizer
from bottega.transfer.feedforward import MicroNet
from recipes.micro.config import MicroRecipe
from recipes.micro.dataset import PairBatch, PairDataset

DISTILLED_LAYERS = (
    (1, "relu1_2"),
    (1, "relu2_2"),
    (2, "relu2_2"),
    (2, "relu3_1"),
    (4, "relu3_3"),
    (6, "relu3_3"),
    (6, "relu4_1"),
    (8, "relu4_1"),
)
"""Which site's features predict which layer's, through a 1 × 1 convolution that is discarded afterwards."""

LEARNING_RATE = 2e-3
MIN_VARIANCE = 0.05
"""Added to the variance of each predicted channel."""
CALIBRATION_PICTURES = 20
"""Number of pictures on which features are normalized."""


def initialize(network: MicroNet, recipe: MicroRecipe, dataset: PairDataset, encoder: Encoder) -> None:
    """Bring a network with random weights to where its training starts.

    Depends only on the recipe and the pictures, so that a training that is killed early restarts equally.
    """
    generator = torch.Generator().manual_seed(recipe.seed + 1)
    calibration = recipe.model_copy(update={"batch": CALIBRATION_PICTURES})
    calibrate(network, dataset.draw(calibration, generator).styles)
    distill(network, recipe, dataset, encoder, generator)


@torch.no_grad()
def calibrate(network: MicroNet, pictures: Tensor) -> None:
    """Scale each site's convolution so that its features have mean 0 and deviation 1 on ``pictures``.

    Layer by layer, as each depends on those before (Mishkin and Matas 2016, arXiv 1511.06422).
    """
    for site, convolution in enumerate(network.layer_convolutions):
        if not isinstance(convolution, nn.Conv2d):
            continue
        features = _features(network, pictures)[site]
        mean, deviation = features.mean((0, 2, 3)), features.std((0, 2, 3)).clamp_min(1e-3)
        assert convolution.bias is not None
        convolution.weight.div_(deviation[:, None, None, None])
        convolution.bias.sub_(mean).div_(deviation)


def distill(
    network: MicroNet, recipe: MicroRecipe, dataset: PairDataset, encoder: Encoder, generator: torch.Generator
) -> list[float]:
    """Train the trunk to predict the encoder's features for ``recipe.pretext`` steps; returns the losses."""
    device = next(network.parameters()).device
    torch.manual_seed(recipe.seed)
    readouts = nn.ModuleList(
        nn.Conv2d(network.channels[site], encoder.channels[layer], 1) for site, layer in DISTILLED_LAYERS
    ).to(device)
    trunk = [
        convolution.parameters() for convolution in network.layer_convolutions[:-1] if convolution is not None
    ]
    adam = build_optimizer(
        "adam", [*(p for group in trunk for p in group), *readouts.parameters()], LEARNING_RATE
    )
    losses = []
    for _ in range(recipe.pretext):
        loss = _distillation_loss(network, readouts, encoder, dataset.draw(recipe, generator).to(device))
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        losses.append(float(loss.detach()))
    return losses


def _distillation_loss(
    network: MicroNet, readouts: nn.ModuleList, encoder: Encoder, pairs: PairBatch
) -> Tensor:
    """Mean squared error in units of each channel's variance, averaged over channels and layers."""
    pictures = torch.cat([pairs.contents, pairs.styles])
    with torch.autocast(pictures.device.type, torch.bfloat16):
        with torch.no_grad():
            targets = encoder(pictures, {layer for _, layer in DISTILLED_LAYERS})
        features = _features(network, pictures)
    errors = []
    for (site, layer), readout in zip(DISTILLED_LAYERS, readouts, strict=True):
        own = features[site].float()
        target = F.adaptive_avg_pool2d(targets[layer].float(), (own.shape[-2], own.shape[-1]))
        error = (readout(own) - target).square().mean((0, 2, 3))
        errors.append((error / (target.var((0, 2, 3)) + MIN_VARIANCE)).mean())
    return torch.stack(errors).mean()


def _features(network: MicroNet, pictures: Tensor) -> list[Tensor]:
    """The features of all sites, none of them moved."""
    steps = network.trunk(network.to_features(pictures))
    features = [next(steps)]
    while len(features) < len(network.channels):
        features.append(steps.send(features[-1]))
    return features
