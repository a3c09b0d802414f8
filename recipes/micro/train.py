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
from recipes.micro.material import Material
from recipes.micro.objective import Objective
from recipes.micro.painters import Painter, build_painter
from recipes.micro.start import start

SHEET_STYLES = ("woodcut", "impasto", "pointillism", "watercolour")
SHEET_SIDE = 320
SHEET_EVERY = 500


def prepare(
    recipe: MicroRecipe, material: Material, run: Path, callbacks: tuple[Callback, ...] = (Console(),)
) -> Trainer:
    """A training, ready to start or to resume.

    Raises:
        WeightsError: the encoder is unknown or not here.
    """
    here = process_context()
    objective = Objective(recipe, encoders.load_encoder(recipe.encoder).to(here.device))
    painter = build_painter(recipe)
    if isinstance(painter.network, MicroNet) and not (run / "last.pt").exists():
        start(painter.network, recipe, material, encoders.load_encoder(recipe.encoder))
    painter.to(here.device)
    convert_conv2d_weight_memory_format(painter, torch.channels_last)

    def step(step: Step) -> dict[str, Tensor]:
        pairs = material.draw(recipe, step.generator).to(here.device)
        with here.autocast():
            code = painter.encode(pairs.styles)
            painted = painter(pairs.contents, code, pairs.strength)
            following = painter(pairs.following, code, pairs.strength)
            losses = objective(painted, following, pairs, step.generator)
        step.update(losses["loss"])
        return losses

    adam = build_optimizer("adam", painter.parameters(), recipe.rate, betas=(0.9, 0.99))
    loop = Trainer(painter, adam, step, Trapezoid(recipe.steps), run, seed=recipe.seed, context=here)
    samples = SampleSheets(sample_drawer(painter), SHEET_EVERY, columns=1 + len(SHEET_STYLES))
    loop.callbacks = (*callbacks, samples)
    return loop


def averaged_painter(recipe: MicroRecipe, checkpoint: Path) -> Painter:
    """The moving average of the weights."""
    painter = build_painter(recipe)
    painter.load_state_dict(load_checkpoint(checkpoint)["ema"])
    return painter.eval().requires_grad_(False)


def export(recipe: MicroRecipe, painter: Painter, target: Path) -> str:
    """Write the network of ``painter`` to ``target`` (safetensors); returns its sha256."""
    facts = {"recipe": recipe.model_dump(mode="json")}
    if isinstance(painter.network, MicroNet):
        return save(painter.network, target, facts)
    return weights.save_file(target, painter.network.state_dict(), {**facts, "architecture": recipe.network})


def sample_drawer(painter: Painter, side: int = SHEET_SIDE) -> Callable[[torch.Generator], Tensor]:
    """Draws the demonstration photographs in bundled styles, neither of which any training sees.

    A row of styles, then a row for each photograph with itself first; painted by the very call that trains.
    """
    contents, painted_styles = sheet_pictures(side)

    def draw(generator: torch.Generator) -> Tensor:
        where = next(painter.parameters()).device
        full = torch.ones(1, 1, device=where)
        codes = [painter.encode(style.to(where)) for style in painted_styles]
        rows = [torch.ones_like(contents[0]), *painted_styles]
        for content in contents:
            rows += [content, *(painter(content.to(where), code, full).cpu() for code in codes)]
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
