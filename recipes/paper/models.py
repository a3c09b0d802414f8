"""The models of the tables: each trained on the same pictures for the same time, and saved in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bottega.generation import Generator
from bottega.generation.training import GanSettings, best_generator, build_trainer, load_dataset
from bottega.training import Trainer, check_resume_settings
from bottega.training.checkpoint import SETTINGS_FILE
from recipes.paper.config import PaperRecipe
from recipes.paper.sets import PictureSplit
from recipes.paper.stylegan import StyleGenerator

FIXED = ("size", "width", "batch", "minutes", "steps", "seed")


@dataclass(frozen=True)
class Model:
    """One model.

    Attributes:
        title: in the table.
        settings: where it differs from the common ones.
        classes: whether it is conditional.
        build: a generator instead of the one that the settings describe.
    """

    title: str
    settings: dict[str, Any]
    classes: bool = False
    build: Callable[[PaperRecipe, int], Generator] | None = None


def _style_generator(recipe: PaperRecipe, latent: int) -> Generator:
    torch.manual_seed(recipe.seed)
    return StyleGenerator(recipe.size, latent, recipe.width)


# The classic networks with the losses and rates of their papers.
CLASSIC = {"loss": "non-saturating", "rate": 2e-4, "discriminator_rate": 2e-4, "augment": []}

# The paper's loss and residual discriminator; its rate of 2e-3 is for equalized weights, and diverged here.
STYLEGAN = {"loss": "non-saturating", "rate": 2e-4, "discriminator_rate": 8e-4}

MODELS: dict[str, Model] = {
    "bottega": Model("Bottega (few-shot)", {"network": "fewshot"}, classes=True),
    "dcgan": Model("DCGAN", {"network": "dcgan", **CLASSIC}),
    "cgan": Model("conditional DCGAN", {"network": "cdcgan", **CLASSIC}, classes=True),
    "vae": Model("VAE", {"network": "vae", "rate": 1e-3}),
    "stylegan": Model(
        "StyleGAN2-shaped, small",
        {"network": "fewshot", "projector": "", "r1": 0.1, **STYLEGAN},
        build=_style_generator,
    ),
}


def train_generator(
    name: str, recipe: PaperRecipe, split: PictureSplit, run_dir: Path
) -> tuple[Generator, int]:
    """The generator of this name, trained now or by an earlier call, and its number of steps.

    Raises:
        SettingsError: the folder holds a training with other settings.
    """
    trainer = _train(MODELS[name], recipe, split, run_dir)
    return best_generator(trainer)[0], trainer.global_step


def _train(model: Model, recipe: PaperRecipe, split: PictureSplit, run_dir: Path) -> Trainer:
    """The finished training of a model."""
    classes = model.classes and len(split.training) > 1
    network = model.settings["network"]
    settings = GanSettings(
        **{
            **model.settings,
            "network": "dcgan" if network == "cdcgan" and not classes else network,
            "size": recipe.size,
            "width": recipe.width,
            "batch": recipe.batch,
            "minutes": recipe.minutes,
            "steps": recipe.steps,
            "seed": recipe.seed,
        }
    )
    files = split.training if classes else {"": split.files}
    check_resume_settings(recipe, run_dir, FIXED)
    dataset = load_dataset(files, recipe.size)
    generator = None if model.build is None else model.build(recipe, settings.latent)
    trainer = build_trainer(settings, dataset, run_dir, generator=generator)
    (run_dir / SETTINGS_FILE).write_text(recipe.model_dump_json(indent=2) + "\n", encoding="utf-8")
    trainer.resume()
    trainer.train()
    return trainer
