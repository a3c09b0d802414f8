"""Where the micro network's training starts: from features in units of one, that know what the losses know.

A style code is the statistics of the trunk's own features. Those of random filters say little about a
painting, and the painting half of the network can learn nothing that its code does not tell; so the trunk
first learns, in a minute, to tell what the encoder sees (Hinton et al. 2015's distillation, of features).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.encoders import Encoder
from bottega.training import build_optimizer
from bottega.transfer.feedforward import MicroNet
from recipes.micro.config import MicroRecipe
from recipes.micro.material import Material, Pairs

TOLD = (
    (1, "relu1_2"),
    (1, "relu2_2"),
    (2, "relu2_2"),
    (2, "relu3_1"),
    (4, "relu3_3"),
    (6, "relu3_3"),
    (6, "relu4_1"),
    (8, "relu4_1"),
)
"""Which site's features tell which layer's, through a 1 × 1 convolution that is thrown away afterwards."""

RATE = 2e-3
QUIET = 0.05
"""Added to the variance of each channel that is to be told."""
LOOKED_AT = 20
"""Pictures by which the features get their units."""


def start(network: MicroNet, recipe: MicroRecipe, material: Material, encoder: Encoder) -> None:
    """Bring a network with random weights to where its training starts.

    Depends on nothing but the recipe and the pictures, so that a training that is killed early starts alike.
    """
    generator = torch.Generator().manual_seed(recipe.seed + 1)
    drawn = recipe.model_copy(update={"batch": LOOKED_AT})
    calibrate(network, material.draw(drawn, generator).styles)
    teach(network, recipe, material, encoder, generator)


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


def teach(
    network: MicroNet, recipe: MicroRecipe, material: Material, encoder: Encoder, generator: torch.Generator
) -> list[float]:
    """Let the trunk learn to tell the encoder's features, for ``recipe.pretext`` steps; its losses."""
    device = next(network.parameters()).device
    torch.manual_seed(recipe.seed)
    readouts = nn.ModuleList(
        nn.Conv2d(network.channels[site], encoder.channels[layer], 1) for site, layer in TOLD
    ).to(device)
    trunk = [
        convolution.parameters() for convolution in network.layer_convolutions[:-1] if convolution is not None
    ]
    adam = build_optimizer("adam", [*(p for group in trunk for p in group), *readouts.parameters()], RATE)
    losses = []
    for _ in range(recipe.pretext):
        loss = _told(network, readouts, encoder, material.draw(recipe, generator).to(device))
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        losses.append(float(loss.detach()))
    return losses


def _told(network: MicroNet, readouts: nn.ModuleList, encoder: Encoder, pairs: Pairs) -> Tensor:
    """Mean squared error in units of each channel's variance, averaged over channels and layers."""
    pictures = torch.cat([pairs.contents, pairs.styles])
    with torch.autocast(pictures.device.type, torch.bfloat16):
        with torch.no_grad():
            seen = encoder(pictures, {layer for _, layer in TOLD})
        features = _features(network, pictures)
    errors = []
    for (site, layer), readout in zip(TOLD, readouts, strict=True):
        mine = features[site].float()
        goal = F.adaptive_avg_pool2d(seen[layer].float(), (mine.shape[-2], mine.shape[-1]))
        apart = (readout(mine) - goal).square().mean((0, 2, 3))
        errors.append((apart / (goal.var((0, 2, 3)) + QUIET)).mean())
    return torch.stack(errors).mean()


def _features(network: MicroNet, pictures: Tensor) -> list[Tensor]:
    """The features of all sites, none of them moved."""
    steps = network.trunk(network.to_features(pictures))
    found = [next(steps)]
    while len(found) < len(network.channels):
        found.append(steps.send(found[-1]))
    return found
