"""Put data, encoder, tasks and loop together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from bottega.encoders import VGGEncoder
from bottega.encoders.registry import small
from bottega.errors import SettingsError
from bottega.training import (
    Console,
    PictureSet,
    Step,
    Trainer,
    Trapezoid,
    build_optimizer,
    load_pictures,
    process_context,
)
from recipes.encoder.config import EncoderRecipe
from recipes.encoder.distort import distort
from recipes.encoder.pretext import (
    DEEPEST,
    STYLE_LAYERS,
    Artist,
    Batch,
    Cluster,
    Instance,
    Place,
    Spoiled,
    StyleMoments,
    TwoView,
)
from recipes.encoder.views import Drawn, Views
from recipes.split import artists, training_files


class Student(nn.Module):
    """The encoder and the heads of its tasks, in one state dict."""

    def __init__(self, recipe: EncoderRecipe, pictures: PictureSet, labels: Tensor) -> None:
        super().__init__()
        self.encoder = student_encoder(recipe)
        self.weights = recipe.tasks()
        width, count = recipe.widths[-1], len(pictures)
        widths = [self.encoder.channels[layer] for layer in STYLE_LAYERS]
        available: dict[str, Callable[[], nn.Module]] = {
            "instance": lambda: Instance(count, width),
            "two_view": lambda: TwoView(width),
            "style": StyleMoments,
            "place": Place,
            "artist": lambda: Artist(labels, widths),
            "spoiled": lambda: Spoiled(widths),
            "cluster": lambda: Cluster(count, width),
        }
        self.heads = nn.ModuleDict({name: available[name]() for name in self.weights})

    def losses(self, drawn: Drawn, numbers: Tensor, kinds: Tensor) -> dict[str, Tensor]:
        """Each task's loss, and ``"loss"``, their weighted sum; tasks that need pairs of the same colours or
        the same place count only where there are such."""
        features = self.encoder(drawn.views, {DEEPEST, *STYLE_LAYERS})
        batch = Batch(features, numbers, kinds, drawn.same_colors, drawn.same_place)
        absent = set() if drawn.same_colors else {"style", "artist"}
        absent |= set() if drawn.same_place else {"place"}
        found = {name: head(batch) for name, head in self.heads.items() if name not in absent}
        return {"loss": sum((self.weights[n] * x for n, x in found.items()), torch.zeros(())), **found}


def student_encoder(recipe: EncoderRecipe) -> VGGEncoder:
    """The small encoder with batch norm, in the recipe's widths."""
    base = small(batch_norm=True)
    if recipe.widths == base.widths:
        return base
    return VGGEncoder(
        base.name,
        recipe.widths,
        base.depths,
        content_layers=base.content_layers,
        style_layers=base.style_layers,
        padding_mode=base.padding_mode,
        batch_norm=True,
    )


def artist_labels(root: Path, files: list[Path], fewest: int = 4) -> Tensor:
    """A number for each file whose painter has at least ``fewest`` of them; -1 for the others."""
    known = artists(root)
    names = [known.get(file, "") for file in files]
    kept = sorted({name for name in names if name and names.count(name) >= fewest})
    return torch.tensor([kept.index(name) if name in kept else -1 for name in names])


def check_enough(recipe: EncoderRecipe, pictures: PictureSet, labels: Tensor) -> None:
    """Refuse what the collection is too small for.

    Raises:
        SettingsError: there are fewer pictures than a batch holds, or no painter to name.
    """
    if len(pictures) < recipe.batch:
        raise SettingsError(
            f"A batch holds {recipe.batch} different pictures, but only {len(pictures)} are there "
            "to train on; lower batch or bring more pictures."
        )
    if recipe.artist and bool((labels < 0).all()):
        raise SettingsError(
            "The task artist needs a painter with at least 4 pictures, and there is none; set artist to 0."
        )


def prepare(recipe: EncoderRecipe, root: Path, run: Path) -> tuple[Trainer, Student, PictureSet]:
    """Everything that a training needs, ready to start or to resume.

    Raises:
        SettingsError: ``root`` is not the collection, or too small for the recipe.
        PictureError: none of its pictures can be read.
    """
    pictures = load_pictures(training_files(root, recipe.clean))
    torch.manual_seed(recipe.seed)
    labels = artist_labels(root, pictures.files)
    check_enough(recipe, pictures, labels)
    student = Student(recipe, pictures, labels)
    here = process_context()
    where = here.device
    convert_conv2d_weight_memory_format(student.to(where), torch.channels_last)
    usual = Views(size=recipe.size)
    views = replace(usual, own_jitter=0.5, same_place=0.6) if recipe.place else usual
    chance = _chances(root, pictures.files)

    def step(step: Step) -> dict[str, Tensor]:
        generator = step.generator
        chosen = torch.multinomial(chance, recipe.batch, generator=generator)
        drawn = views.draw([pictures[i] for i in chosen], generator)
        pixels, kinds = drawn.views, chosen[:0]
        if recipe.spoiled:
            bad, kinds = distort(pixels[: recipe.batch], generator)
            pixels = torch.cat([pixels, bad])
        drawn = replace(drawn, views=pixels.to(where, memory_format=torch.channels_last))
        with here.autocast():
            losses = student.losses(drawn, chosen.to(where), kinds.to(where))
        step.update(losses["loss"])
        return losses

    adamw = build_optimizer("adamw", student.parameters(), recipe.rate, weight_decay=recipe.weight_decay)
    schedule = Trapezoid(recipe.steps)
    loop = Trainer(student, adamw, step, schedule, run, seed=recipe.seed, callbacks=[Console()], context=here)
    return loop, student, pictures


def _chances(root: Path, files: list[Path]) -> Tensor:
    """Photographs are few and faces many: draw the former more often, the latter less."""
    share = {"photos": 4.0, "kaokore": 0.3}
    return torch.tensor([share.get(file.relative_to(root).parts[0], 1.0) for file in files])
