"""Put pictures, network, losses and loop together; write what came out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.utils import convert_conv2d_weight_memory_format

from bottega import encoders, pictures, styles, weights
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
from bottega.transfer.feedforward import MicroNet, save
from recipes.micro.config import MicroRecipe
from recipes.micro.dataset import PairDataset
from recipes.micro.model import StylizationModel, build_model
from recipes.micro.objective import Objective
from recipes.micro.pretraining import initialize

SHEET_STYLES = ("woodcut", "impasto", "pointillism", "watercolour")
SHEET_SIDE = 320
SHEET_EVERY = 500


def prepare(
    recipe: MicroRecipe, dataset: PairDataset, run: Path, callbacks: tuple[Callback, ...] = (Console(),)
) -> Trainer:
    """A training, ready to start or to resume.

    Raises:
        WeightsError: the encoder is unknown or missing.
    """
    context = process_context()
    objective = Objective(recipe, encoders.load_encoder(recipe.encoder).to(context.device))
    model = build_model(recipe)
    if isinstance(model.network, MicroNet) and not (run / "last.pt").exists():
        initialize(model.network, recipe, dataset, encoders.load_encoder(recipe.encoder))
    model.to(context.device)
    convert_conv2d_weight_memory_format(model, torch.channels_last)

    def step(step: Step) -> dict[str, Tensor]:
        pairs = dataset.draw(recipe, step.generator).to(context.device)
        with context.autocast():
            code = model.encode(pairs.styles)
            stylized = model(pairs.contents, code, pairs.strength)
            following = model(pairs.following, code, pairs.strength)
            losses = objective(stylized, following, pairs, step.generator)
        step.update(losses["loss"])
        return losses

    adam = build_optimizer("adam", model.parameters(), recipe.rate, betas=(0.9, 0.99))
    loop = Trainer(model, adam, step, Trapezoid(recipe.steps), run, seed=recipe.seed, context=context)
    samples = SampleSheets(sample_drawer(model), SHEET_EVERY, columns=1 + len(SHEET_STYLES))
    loop.callbacks = (*callbacks, samples)
    return loop


def averaged_model(recipe: MicroRecipe, checkpoint: Path) -> StylizationModel:
    """The moving average of the weights."""
    model = build_model(recipe)
    model.load_state_dict(load_checkpoint(checkpoint)["ema"])
    return model.eval().requires_grad_(False)


def export(recipe: MicroRecipe, model: StylizationModel, target: Path) -> str:
    """Write the network of ``painter`` to ``target`` (safetensors); returns its sha256."""
    metadata = {"recipe": recipe.model_dump(mode="json")}
    if isinstance(model.network, MicroNet):
        return save(model.network, target, metadata)
    return weights.save_file(target, model.network.state_dict(), {**metadata, "architecture": recipe.network})


def sample_drawer(model: StylizationModel, side: int = SHEET_SIDE) -> Callable[[torch.Generator], Tensor]:
    """Draws the demonstration photographs in bundled styles, neither of which any training sees.

    A row of styles, then a row for each photograph with itself first; by the very call that trains.
    """
    contents, style_pictures = sheet_pictures(side)

    def draw(generator: torch.Generator) -> Tensor:
        where = next(model.parameters()).device
        full = torch.ones(1, 1, device=where)
        codes = [model.encode(style.to(where)) for style in style_pictures]
        rows = [torch.ones_like(contents[0]), *style_pictures]
        for content in contents:
            rows += [content, *(model(content.to(where), code, full).cpu() for code in codes)]
        return torch.cat(rows)

    return draw


def sheet_pictures(side: int) -> tuple[list[Tensor], list[Tensor]]:
    """What sheets of samples show: squares of the demonstration photographs, and bundled styles."""
    contents = [_square(pictures.photograph(name).pixels, side) for name in pictures.PHOTOGRAPHS]
    return contents, [styles.paint(name, (side, side)) for name in SHEET_STYLES]


def _square(picture: Tensor, side: int) -> Tensor:
    short = min(picture.shape[-2:])
    top, left = (picture.shape[-2] - short) // 2, (picture.shape[-1] - short) // 2
    return pictures.resize(picture[..., top : top + short, left : left + short], (side, side))
