"""The training of the adjustment network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from bottega import pictures
from bottega.layers import rgb_to_oklab
from bottega.personalize import AdjustmentNet, Condition, adjust, read, read_condition
from bottega.personalize.refine import shortfall
from bottega.personalize.render import render
from bottega.personalize.seen import seen
from bottega.personalize.steering import Steering, begin
from bottega.training import (
    Callback,
    Console,
    PictureSet,
    SampleSheets,
    Step,
    Trainer,
    Trapezoid,
    build_optimizer,
    load_checkpoint,
    process_context,
)
from recipes.adjust.config import AdjustRecipe
from recipes.adjust.material import draw

SHEET_EVERY = 200
SHEET_SIDE = 192
SHEET = (
    Condition.model_validate({"palette": "#203040:2,#e0c080:1"}),
    Condition(lightness=0.35, warmth=-0.1),
    Condition(subject=(0.3, 0.4)),
    Condition(roughness=0.65, abstraction=0.25),
    Condition(empty_space=0.6, abstraction=0.6),
)


def prepare(
    recipe: AdjustRecipe, material: PictureSet, run: Path, callbacks: tuple[Callback, ...] = (Console(),)
) -> Trainer:
    """A training, ready to start or to resume."""
    here = process_context()
    network = build(recipe).to(here.device)

    def step(step: Step) -> dict[str, Tensor]:
        shown, asked, mask = (each.to(here.device) for each in draw(material, recipe, step.generator))
        losses = rounds(network, begin(shown, asked, mask), recipe.rounds)
        step.update(losses["loss"])
        return losses

    adam = build_optimizer("adam", network.parameters(), recipe.rate)
    loop = Trainer(
        network,
        adam,
        step,
        Trapezoid(recipe.steps, recipe.warmup),
        run,
        seed=recipe.seed,
        context=here,
        ema_decay=recipe.average,
    )
    loop.callbacks = (
        *callbacks,
        SampleSheets(sample_drawer(network), SHEET_EVERY, columns=1 + len(SHEET) + 1),
    )
    return loop


def rounds(network: AdjustmentNet, steering: Steering, count: int) -> dict[str, Tensor]:
    """The mean shortfall after each of some rounds, and ``last``, its match after the last one.

    Every round learns to go on from wherever the one before came to; that is taken as given.
    """
    base, goal, now = steering.base, steering.goal, steering.adjustment
    lab, got = steering.seen_and_read()
    found: list[dict[str, Tensor]] = []
    for _ in range(count):
        now = now.map(Tensor.detach)
        now = now + network(lab, goal, got, now)
        rendered = render(base, now)
        read_again = read(rendered.picture)
        found.append(shortfall(goal, now, rendered, read_again))
        lab, got = rgb_to_oklab(rendered.picture.detach()), read_again.detach()
    losses = {name: torch.stack([parts[name].mean() for parts in found]).mean() for name in found[0]}
    return {**losses, "last": found[-1]["match"].mean()}


def build(recipe: AdjustRecipe) -> AdjustmentNet:
    """The network with its first weights."""
    torch.manual_seed(recipe.seed)
    return AdjustmentNet(recipe.width, recipe.blocks)


def averaged(recipe: AdjustRecipe, checkpoint: Path) -> AdjustmentNet:
    """The moving average of the weights."""
    network = build(recipe)
    network.load_state_dict(load_checkpoint(checkpoint)["ema"])
    return network.eval().requires_grad_(False)


def sample_drawer(network: AdjustmentNet) -> Callable[[torch.Generator], Tensor]:
    """Draws the demonstration photographs, adjusted by the network alone; no training sees them."""
    contents = [_square(pictures.photograph(name).pixels) for name in pictures.PHOTOGRAPHS]

    def draw(generator: torch.Generator) -> Tensor:
        rows = []
        for content, other in zip(contents, reversed(contents), strict=True):
            wanted = (*SHEET, read_condition(other))
            rows += [content, *(adjust(content, c, network=network, refine=0) for c in wanted)]
        return torch.cat(rows)

    return draw


def _square(picture: Tensor) -> Tensor:
    small = seen(picture, SHEET_SIDE)
    left = (small.shape[-1] - SHEET_SIDE) // 2
    return small[..., left : left + SHEET_SIDE]
