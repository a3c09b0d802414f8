"""Put pictures, network, losses and loop together; write what came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from bottega import encoders, pictures, styles
from bottega.layers import color_moments, mk_color_transfer
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
from bottega.training.augment import color_jitter
from bottega.transfer.feedforward import PhotoNet, StyleTarget, save
from recipes.micro.dataset import PairBatch, PairDataset
from recipes.photo.config import PhotoRecipe
from recipes.photo.objective import PhotoObjective

PHOTOGRAPH_WEIGHT = 10
"""Photographs are few: each is sampled that many times as often as a painting."""
SHEET_STYLES = ("swirl", "ukiyo-e", "pastel", "stained-glass")
SHEET_HEIGHT = 200
SHEET_EVERY = 250


def prepare(
    recipe: PhotoRecipe, dataset: PairDataset, run: Path, callbacks: tuple[Callback, ...] = (Console(),)
) -> Trainer:
    """A training, ready to start or to resume.

    Raises:
        WeightsError: the encoder is unknown or missing.
    """
    context = process_context()
    objective = PhotoObjective(recipe, encoders.load_encoder(recipe.encoder).to(context.device))
    network = build(recipe).to(context.device)
    convert_conv2d_weight_memory_format(network, torch.channels_last)
    mixture = mixed_dataset(dataset)

    def step(step: Step) -> dict[str, Tensor]:
        pairs = draw(mixture, recipe, step.generator).to(context.device)
        # The network is small and colors are fine: only the encoder computes in less than float32.
        stylized, cells = stylize_with_grid(network, pairs)
        with context.autocast():
            losses = objective(stylized, cells, pairs, step.generator)
        step.update(losses["loss"])
        return losses

    adam = build_optimizer("adam", network.parameters(), recipe.rate)
    loop = Trainer(network, adam, step, Trapezoid(recipe.steps), run, seed=recipe.seed, context=context)
    columns = 1 + len(pictures.PHOTOGRAPHS) + len(SHEET_STYLES)
    loop.callbacks = (*callbacks, SampleSheets(sample_drawer(network), SHEET_EVERY, columns=columns))
    return loop


def build(recipe: PhotoRecipe) -> PhotoNet:
    """The network with its first weights."""
    torch.manual_seed(recipe.seed)
    return PhotoNet()


def mixed_dataset(dataset: PairDataset) -> PairDataset:
    """Photographs and paintings, both as contents and as styles: colors are learned from all of them."""
    everything = [*PHOTOGRAPH_WEIGHT * list(dataset.contents), *dataset.styles]
    return PairDataset(everything, everything, dataset.broken)


def draw(dataset: PairDataset, recipe: PhotoRecipe, generator: torch.Generator) -> PairBatch:
    """A batch, the styles in changed colors, so that palettes are more than those of the pictures."""
    pairs = dataset.draw(recipe, generator)
    changed = color_jitter(pairs.styles, recipe.color, generator)
    return replace(pairs, styles=torch.where(pairs.same.view(-1, 1, 1, 1) > 0, pairs.styles, changed))


def stylize_with_grid(network: PhotoNet, pairs: PairBatch) -> tuple[Tensor, Tensor]:
    """The stylized contents ``(N, 3, H, W)``, and the grid of the trunk ``(N, 12, depth, h, w)``."""
    heads: list[Tensor] = []
    hook = network.head.register_forward_hook(lambda module, options, result: heads.append(result))
    try:
        code = network.encode(pairs.styles)
        affine = mk_color_transfer(color_moments(pairs.contents), code.colors, pairs.strength)
        stylized = network(pairs.contents, affine, *code.mean_std_vectors(), pairs.strength)
    finally:
        hook.remove()
    return stylized, heads[-1].float().view(len(stylized), 12, network.depth, *heads[-1].shape[2:])


def averaged_network(recipe: PhotoRecipe, checkpoint: Path) -> PhotoNet:
    """The moving average of the weights."""
    network = build(recipe)
    network.load_state_dict(load_checkpoint(checkpoint)["ema"])
    network.eval().requires_grad_(False)
    return network


def export(recipe: PhotoRecipe, network: PhotoNet, target: Path) -> str:
    """Write the network to ``target`` (safetensors); returns its sha256."""
    return save(network, target, {"recipe": recipe.model_dump(mode="json")})


def sample_drawer(network: PhotoNet, height: int = SHEET_HEIGHT) -> Callable[[torch.Generator], Tensor]:
    """Draws the demonstration photographs in each other's colors and in those of bundled styles.

    A row of styles, then a row for each photograph with itself first; no training sees any of them.
    """
    contents = [_cut(pictures.photograph(name).pixels, height) for name in pictures.PHOTOGRAPHS]
    style_pictures = [
        *contents,
        *(_cut(styles.paint(name, (2 * height, 3 * height)), height) for name in SHEET_STYLES),
    ]

    def draw(generator: torch.Generator) -> Tensor:
        where: nn.Parameter = next(network.parameters())
        targets = [StyleTarget(network.encode(picture.to(where.device))) for picture in style_pictures]
        rows = [torch.ones_like(contents[0]), *style_pictures]
        for content in contents:
            rows += [content, *(network.stylize(content.to(where.device), m).cpu() for m in targets)]
        return torch.cat(rows)

    return draw


def _cut(picture: Tensor, height: int) -> Tensor:
    """The middle in the format 3 : 2."""
    resized = pictures.resize(picture, (height, round(height * picture.shape[-1] / picture.shape[-2])))
    width = height * 3 // 2
    if resized.shape[-1] < width:
        return pictures.resize(picture, (height, width))
    left = (resized.shape[-1] - width) // 2
    return resized[..., left : left + width]
