"""Build the trainer of the encoder from data, network and tasks."""

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
    DEEPEST_LAYER,
    STYLE_LAYERS,
    ArtistClassifier,
    Batch,
    Cluster,
    DenseContrast,
    DistortionClassifier,
    Instance,
    StyleMoments,
    TwoView,
)
from recipes.encoder.views import ViewBatch, Views
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
            "place": DenseContrast,
            "artist": lambda: ArtistClassifier(labels, widths),
            "spoiled": lambda: DistortionClassifier(widths),
            "cluster": lambda: Cluster(count, width),
        }
        self.heads = nn.ModuleDict({name: available[name]() for name in self.weights})

    def losses(self, batch_views: ViewBatch, indices: Tensor, kinds: Tensor) -> dict[str, Tensor]:
        """Each task's loss, and ``"loss"``, their weighted sum; tasks that need pairs of the same colors or
        the same place only count in such batches."""
        features = self.encoder(batch_views.views, {DEEPEST_LAYER, *STYLE_LAYERS})
        batch = Batch(features, indices, kinds, batch_views.same_colors, batch_views.same_place)
        absent = set() if batch_views.same_colors else {"style", "artist"}
        absent |= set() if batch_views.same_place else {"place"}
        losses = {name: head(batch) for name, head in self.heads.items() if name not in absent}
        return {"loss": sum((self.weights[n] * x for n, x in losses.items()), torch.zeros(())), **losses}


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


def artist_labels(root: Path, files: list[Path], min_pictures: int = 4) -> Tensor:
    """A class index for each file whose artist has at least ``min_pictures`` of them; -1 for the others."""
    artist_by_file = artists(root)
    names = [artist_by_file.get(file, "") for file in files]
    classes = sorted({name for name in names if name and names.count(name) >= min_pictures})
    return torch.tensor([classes.index(name) if name in classes else -1 for name in names])


def check_enough(recipe: EncoderRecipe, pictures: PictureSet, labels: Tensor) -> None:
    """Check that the collection is large enough.

    Raises:
        SettingsError: there are fewer pictures than a batch holds, or no artist with enough pictures.
    """
    if len(pictures) < recipe.batch:
        raise SettingsError(
            f"A batch needs {recipe.batch} different pictures, but the collection has only "
            f"{len(pictures)}; lower batch or add pictures."
        )
    if recipe.artist and bool((labels < 0).all()):
        raise SettingsError("The task artist needs an artist with at least 4 pictures; set artist to 0.")


def build_trainer(recipe: EncoderRecipe, root: Path, run: Path) -> tuple[Trainer, Student, PictureSet]:
    """The trainer, network and pictures, ready to start or to resume.

    Raises:
        SettingsError: ``root`` is not the collection, or too small for the recipe.
        PictureError: none of its pictures can be read.
    """
    pictures = load_pictures(training_files(root, recipe.clean))
    torch.manual_seed(recipe.seed)
    labels = artist_labels(root, pictures.files)
    check_enough(recipe, pictures, labels)
    student = Student(recipe, pictures, labels)
    context = process_context()
    convert_conv2d_weight_memory_format(student.to(context.device), torch.channels_last)
    views = Views(size=recipe.size)
    if recipe.place:
        views = replace(views, own_jitter=0.5, same_place=0.6)
    sampling_weights = _sampling_weights(root, pictures.files)

    def train_step(step: Step) -> dict[str, Tensor]:
        generator = step.generator
        indices = torch.multinomial(sampling_weights, recipe.batch, generator=generator)
        batch_views = views.draw([pictures.pictures[i] for i in indices], generator)
        pixels, kinds = batch_views.views, indices[:0]
        if recipe.spoiled:
            distorted, kinds = distort(pixels[: recipe.batch], generator)
            pixels = torch.cat([pixels, distorted])
        batch_views = replace(batch_views, views=pixels.to(context.device, memory_format=torch.channels_last))
        with context.autocast():
            losses = student.losses(batch_views, indices.to(context.device), kinds.to(context.device))
        step.update(losses["loss"])
        return losses

    adamw = build_optimizer("adamw", student.parameters(), recipe.rate, weight_decay=recipe.weight_decay)
    schedule = Trapezoid(recipe.steps)
    trainer = Trainer(
        student,
        adamw,
        train_step,
        schedule,
        run,
        seed=recipe.seed,
        callbacks=[Console()],
        context=context,
    )
    return trainer, student, pictures


def _sampling_weights(root: Path, files: list[Path]) -> Tensor:
    """Photographs are few and faces many: sample the former more often, the latter less."""
    weights = {"photos": 4.0, "kaokore": 0.3}
    return torch.tensor([weights.get(file.relative_to(root).parts[0], 1.0) for file in files])
