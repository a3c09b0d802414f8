"""Build the trainer of the decoder, and export the result.

The losses are those of Huang and Belongie (2017, equations 11 to 13): the result is to have the
AdaIN features, and the style's means and deviations at the first layer of each stage. Here each
distance is divided by its target's power, so the weight between them differs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils import convert_conv2d_weight_memory_format

from bottega.layers import adain, channel_moments
from bottega.losses import moment_loss
from bottega.training import (
    Callback,
    Console,
    SampleSheets,
    Step,
    Trainer,
    Trapezoid,
    build_optimizer,
    load_checkpoint,
    process_context,
)
from bottega.transfer.feedforward import AdaINNet, save
from recipes.adain.config import AdaINRecipe
from recipes.micro.dataset import PairBatch, PairDataset
from recipes.micro.train import SHEET_EVERY, SHEET_STYLES, sheet_pictures

MIN_POWER = 0.1
"""Least power of a style per channel, so that a flat one does not outweigh all others."""


def build_trainer(
    recipe: AdaINRecipe, dataset: PairDataset, run: Path, callbacks: tuple[Callback, ...] = (Console(),)
) -> Trainer:
    """A training, ready to start or to resume.

    Raises:
        WeightsError: the encoder is unknown or not downloaded.
    """
    context = process_context()
    network = build_network(recipe).to(context.device)
    convert_conv2d_weight_memory_format(network, torch.channels_last)

    def train_step(step: Step) -> dict[str, Tensor]:
        pairs = dataset.draw(recipe, step.generator).to(context.device)
        with context.autocast():
            losses = decoder_losses(recipe, network, pairs)
        step.update(losses["loss"])
        return losses

    adam = build_optimizer("adam", network.parameters(), recipe.rate)
    trainer = Trainer(
        network, adam, train_step, Trapezoid(recipe.steps), run, seed=recipe.seed, context=context
    )
    samples = SampleSheets(sample_drawer(network), SHEET_EVERY, columns=1 + len(SHEET_STYLES))
    trainer.callbacks = (*callbacks, samples)
    return trainer


def build_network(recipe: AdaINRecipe) -> AdaINNet:
    """The network with its first weights."""
    torch.manual_seed(recipe.seed)
    return AdaINNet(recipe.encoder)


def decoder_losses(recipe: AdaINRecipe, network: AdaINNet, pairs: PairBatch) -> dict[str, Tensor]:
    """``"content"``, ``"style"`` and their weighted sum ``"loss"``."""
    layers = [name for name in network.encoder.layers if name.endswith("_1")]
    layers = layers[: layers.index(network.layer) + 1]
    with torch.no_grad():
        features = network.features(pairs.contents)
        styles = network.encoder(pairs.styles, layers)
        target = adain(features, channel_moments(features), channel_moments(styles[network.layer]))
    output_features = network.encoder(network.decode(target, pairs.contents), layers)
    content = (
        output_features[network.layer] - target
    ).float().square().mean() / target.float().square().mean()
    style = torch.stack(
        [moment_loss(output_features[name], styles[name], MIN_POWER).mean() for name in layers]
    ).mean()
    return {"loss": recipe.content * content + recipe.style * style, "content": content, "style": style}


def load_averaged_network(recipe: AdaINRecipe, checkpoint: Path) -> AdaINNet:
    """The network with the moving average of the weights."""
    network = build_network(recipe)
    network.load_state_dict(load_checkpoint(checkpoint)["ema"])
    network.eval().requires_grad_(False)
    return network


def export(recipe: AdaINRecipe, network: AdaINNet, target: Path) -> str:
    """Write the decoder to ``target`` (safetensors); returns its sha256."""
    return save(network, target, {"recipe": recipe.model_dump(mode="json")})


def sample_drawer(network: AdaINNet, side: int = 256) -> Callable[[torch.Generator], Tensor]:
    """A row of styles, then a row for each photograph with itself first."""
    contents, styles = sheet_pictures(side)

    def draw(generator: torch.Generator) -> Tensor:
        where = next(network.parameters()).device
        codes = [network.encode(style.to(where)) for style in styles]
        rows = [torch.ones_like(contents[0]), *styles]
        for content in contents:
            rows += [content, *(network(content.to(where), [code]).cpu() for code in codes)]
        return torch.cat(rows)

    return draw
