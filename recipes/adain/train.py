"""Put pictures, decoder, losses and loop together; write what came out.

The losses are those of Huang and Belongie (2017, equations 11 to 13): the painted picture is to have the
renormalised features again, and the style's means and deviations at the first layer of each stage. Here each
distance is divided by its target's power, so the weight between them is another one.
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

FLOOR = 0.1
"""Least power of a style per channel, so that a flat one does not outweigh all others."""


def prepare(
    recipe: AdaINRecipe, material: PairDataset, run: Path, callbacks: tuple[Callback, ...] = (Console(),)
) -> Trainer:
    """A training, ready to start or to resume.

    Raises:
        WeightsError: the encoder is unknown or not here.
    """
    here = process_context()
    network = build(recipe).to(here.device)
    convert_conv2d_weight_memory_format(network, torch.channels_last)

    def step(step: Step) -> dict[str, Tensor]:
        pairs = material.draw(recipe, step.generator).to(here.device)
        with here.autocast():
            losses = decoder_losses(recipe, network, pairs)
        step.update(losses["loss"])
        return losses

    adam = build_optimizer("adam", network.parameters(), recipe.rate)
    loop = Trainer(network, adam, step, Trapezoid(recipe.steps), run, seed=recipe.seed, context=here)
    samples = SampleSheets(sample_drawer(network), SHEET_EVERY, columns=1 + len(SHEET_STYLES))
    loop.callbacks = (*callbacks, samples)
    return loop


def build(recipe: AdaINRecipe) -> AdaINNet:
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
        goal = adain(features, channel_moments(features), channel_moments(styles[network.layer]))
    found = network.encoder(network.decode(goal, pairs.contents), layers)
    content = (found[network.layer] - goal).float().square().mean() / goal.float().square().mean()
    style = torch.stack([moment_loss(found[name], styles[name], FLOOR).mean() for name in layers]).mean()
    return {"loss": recipe.content * content + recipe.style * style, "content": content, "style": style}


def averaged(recipe: AdaINRecipe, checkpoint: Path) -> AdaINNet:
    """The moving average of the weights."""
    network = build(recipe)
    network.load_state_dict(load_checkpoint(checkpoint)["ema"])
    network.eval().requires_grad_(False)
    return network


def export(recipe: AdaINRecipe, network: AdaINNet, target: Path) -> str:
    """Write the decoder to ``target`` (safetensors); returns its sha256."""
    return save(network, target, {"recipe": recipe.model_dump(mode="json")})


def sample_drawer(network: AdaINNet, side: int = 256) -> Callable[[torch.Generator], Tensor]:
    """A row of styles, then a row for each photograph with itself first."""
    contents, looks = sheet_pictures(side)

    def draw(generator: torch.Generator) -> Tensor:
        where = next(network.parameters()).device
        codes = [network.encode(look.to(where)) for look in looks]
        rows = [torch.ones_like(contents[0]), *looks]
        for content in contents:
            rows += [content, *(network(content.to(where), [code]).cpu() for code in codes)]
        return torch.cat(rows)

    return draw
