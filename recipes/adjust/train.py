"""The training of the adjustment network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from bottega import pictures
from bottega.layers import rgb_to_oklab
from bottega.personalize import AdjustmentNet, Condition, adjust, analyze, analyze_condition
from bottega.personalize.adjust.optimize import adjustment_losses
from bottega.personalize.adjust.pipeline import AdjustmentState
from bottega.personalize.adjust.render import render
from bottega.personalize.analysis.pixels import resize_for_analysis
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
from recipes.adjust.data import random_batch

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
    recipe: AdjustRecipe,
    dataset: PictureSet,
    run: Path,
    callbacks: tuple[Callback, ...] = (Console(),),
) -> Trainer:
    """A training, ready to start or to resume."""
    context = process_context()
    network = build(recipe).to(context.device)

    def step(step: Step) -> dict[str, Tensor]:
        batch, requested, mask = (
            each.to(context.device) for each in random_batch(dataset, recipe, step.generator)
        )
        losses = step_losses(
            network, AdjustmentState.initialize(batch, requested, mask), recipe.network_steps
        )
        step.update(losses["loss"])
        return losses

    adam = build_optimizer("adam", network.parameters(), recipe.rate)
    trainer = Trainer(
        network,
        adam,
        step,
        Trapezoid(recipe.steps, recipe.warmup),
        run,
        seed=recipe.seed,
        context=context,
        ema_decay=recipe.average,
    )
    trainer.callbacks = (
        *callbacks,
        SampleSheets(sample_drawer(network), SHEET_EVERY, columns=1 + len(SHEET) + 1),
    )
    return trainer


def step_losses(network: AdjustmentNet, state: AdjustmentState, count: int) -> dict[str, Tensor]:
    """The mean losses after each of some network steps, and ``last``, the match after the last one.

    Each step learns to continue from the parameters of the one before, which are constant to it.
    """
    params, target = state.params, state.target
    lab, measured = state.render_and_analyze()
    steps: list[dict[str, Tensor]] = []
    for _ in range(count):
        params = params.map(Tensor.detach)
        params = params + network(lab, target, measured, params)
        rendering = render(state.lab, params)
        new = analyze(rendering.picture)
        steps.append(adjustment_losses(target, params, rendering, new))
        lab, measured = rgb_to_oklab(rendering.picture.detach()), new.detach()
    losses = {name: torch.stack([step[name].mean() for step in steps]).mean() for name in steps[0]}
    return {**losses, "last": steps[-1]["match"].mean()}


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
    """Renders the sample photographs, adjusted by the network alone; they are not in the training data."""
    contents = [_square(pictures.photograph(name).pixels) for name in pictures.PHOTOGRAPHS]

    def draw(generator: torch.Generator) -> Tensor:
        rows = []
        for content, other in zip(contents, reversed(contents), strict=True):
            conditions = (*SHEET, analyze_condition(other))
            rows += [content, *(adjust(content, c, network=network, optimizer_steps=0) for c in conditions)]
        return torch.cat(rows)

    return draw


def _square(picture: Tensor) -> Tensor:
    small = resize_for_analysis(picture, SHEET_SIDE)
    left = (small.shape[-1] - SHEET_SIDE) // 2
    return small[..., left : left + SHEET_SIDE]
