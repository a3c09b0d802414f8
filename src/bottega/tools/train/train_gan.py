"""The tool ``train gan``: a generator from a folder of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bottega.tools.common.contact_sheet import full_rows
from bottega.tools.common.image_sources import check_pictures, file_source
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult
from bottega.tools.train.settings import TrainGanSettings, fixed_gan_settings

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.encoders import Encoder
    from bottega.generation import Generator
    from bottega.generation.training import ImageDataset
    from bottega.training import Trainer

LICENSE = "yours, as far as the pictures allow"
SHEET_COLUMNS = 8
PREVIEW_ROWS = 4
"""Without classes."""
TILE_SIZE = 128
"""Height of a picture on the sheets, in pixels."""
MIN_PICTURES = 150
"""A generator of fewer pictures often copies them."""


def _run(settings: TrainGanSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import encoders, pictures, runtime, weights
    from bottega.generation import save
    from bottega.generation.models.registry import GENERATORS
    from bottega.generation.training import best_generator, build_trainer, load_dataset_folder
    from bottega.tools.train.run import (
        choose_destination,
        note_duplicates,
        note_unreadable,
        run_training,
        save_trained_network,
        saved_summary,
        training_metadata,
    )
    from bottega.training import check_resume_settings, process_context

    settings.check()
    destination = choose_destination(settings, f"{settings.data.name or 'pictures'}-{settings.size}")
    check_resume_settings(settings, destination.folder, fixed_gan_settings())
    runtime.set_threads(settings.threads)
    dataset = load_dataset_folder(
        settings.data,
        settings.size,
        crop=settings.crop,
        classes=settings.classes,
        attributes=settings.attributes,
        on_progress=lambda done, count: reporter.progress(0.0, f"reading pictures, {done} of {count}"),
    )
    note_unreadable(dataset.pictures, reporter)
    note_duplicates(dataset.pictures, reporter)
    count = len(dataset.pictures)
    classes = f" in {len(dataset.classes)} classes" if dataset.classes else ""
    warning = "" if count >= MIN_PICTURES else " So few are often copied; see nearest.jpg."
    reporter.note(f"Training on {count} pictures{classes}.{warning}")
    context = process_context(settings.device, settings.precision)
    trainer = build_trainer(settings, dataset, destination.folder, context=context, warn=reporter.note)
    run_training(
        settings,
        trainer,
        destination,
        {**dataset.identity(), "weights of the encoder": weights.entry(settings.encoder).sha256},
        lambda: _training_samples(trainer),
        lambda path: save(best_generator(trainer)[0], path),
        reporter,
    )
    generator, measured = best_generator(trainer)
    pictures.save(_samples_by_class(generator), destination.preview)
    sheet, near = _nearest_sheet(generator, dataset, encoders.load_encoder(settings.encoder))
    nearest = pictures.save(sheet, destination.folder / "nearest.jpg")
    figures = {key: round(value, 4) for key, value in {**measured, "near_copies": near}.items()}
    metadata = {
        **training_metadata(settings, trainer),
        "pictures": count,
        "classes": list(dataset.classes),
        "attributes": list(dataset.attributes),
        "figures": figures,
    }
    files = save_trained_network(
        generator,
        GENERATORS,
        destination,
        metadata,
        kind="generator",
        summary=f"{settings.network} generator, {settings.size} × {settings.size}",
        provenance=f"Trained by its owner on {count} pictures, {metadata['steps']} steps.",
        license=LICENSE,
        figures=figures,
    )
    return ToolResult(
        f"{saved_summary(destination, trainer, metadata)} "
        f"Use it with: bottega generate --model {destination.name} --sheet sheet.png",
        files=(*files, nearest),
        details={"name": destination.name, "metadata": metadata},
    )


def _check_files(settings: TrainGanSettings) -> None:
    check_pictures(settings.data)
    if settings.attributes is not None:
        file_source(settings.attributes)


def _training_samples(trainer: Trainer) -> Tensor:
    """A sheet of the training's fixed samples with the current weights."""
    import torch

    from bottega import runtime
    from bottega.generation import Generator
    from bottega.generation.training.build_trainer import sample_grid

    generator = trainer.module.get_submodule("generator")
    assert isinstance(generator, Generator)
    with torch.no_grad():
        return _sheet(sample_grid(generator, trainer.context)(runtime.seeded_generator(0)).cpu())


def _samples_by_class(generator: Generator) -> Tensor:
    """A sheet of samples of the first seeds, with a row per class if there are classes."""
    import torch

    from bottega.generation import sample

    if not generator.classes:
        return _sheet(sample(generator, PREVIEW_ROWS * SHEET_COLUMNS))
    return _sheet(torch.cat([sample(generator, SHEET_COLUMNS, classes=name) for name in generator.classes]))


def _nearest_sheet(generator: Generator, dataset: ImageDataset, encoder: Encoder) -> tuple[Tensor, float]:
    """A sheet of samples above their nearest training pictures, and the share of near copies among 64."""
    from bottega import pictures
    from bottega.generation import sample
    from bottega.generation.training import nearest_training_images

    count = SHEET_COLUMNS
    samples = sample(generator, 8 * count)
    nearest = nearest_training_images(samples, dataset, encoder)
    rows = [list(samples[:count, None]), list(nearest.pictures[:count, None])]
    labels = [
        [f"seed {index}" for index in range(count)],
        [nearest.relative_distance(index) for index in range(count)],
    ]
    title = "Samples, and the nearest training picture of each (1: as near as those are to each other)"
    return pictures.contact_sheet(rows, labels, title=title, height=TILE_SIZE), float(
        nearest.near_duplicates.float().mean()
    )


def _sheet(samples: Tensor) -> Tensor:
    from bottega import pictures

    return pictures.contact_sheet(
        full_rows(list(samples[:, None]), SHEET_COLUMNS), height=max(TILE_SIZE, samples.shape[-1])
    )


TRAIN_GAN = Tool(
    "train gan",
    "Train a generator on a folder of pictures.",
    TrainGanSettings,
    _run,
    uses_networks=True,
    check_files=_check_files,
    examples=("train gan --data pictures/ --name mine --minutes 60",),
)
