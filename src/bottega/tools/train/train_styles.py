"""The tools ``train style``, ``train multi`` and ``train add-style``: the user's own style networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import SettingsError, WeightsError
from bottega.tools.common.image_sources import (
    BundledSource,
    FileSource,
    check_model,
    check_pictures,
    style_source,
)
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult
from bottega.tools.train.settings import (
    AddStyleSettings,
    TrainMultiSettings,
    TrainSettings,
    TrainStyleSettings,
    fixed_settings,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from bottega.tools.train.run import Destination
    from bottega.transfer.training.fit import ContentPhotos
    from bottega.transfer.training.tasks import TrainingTask

LICENSE = "yours, as far as the style and the photographs allow"
PREVIEW_PHOTO_SIZE = 320
"""Long side of the photographs on the preview, in pixels."""
PREVIEW_PHOTOS, PREVIEW_STYLES = 2, 4


def _train_style(settings: TrainStyleSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega.tools.train.run import choose_destination
    from bottega.transfer.training.tasks import default_base_weights, single_style_task

    source = style_source(settings.style)
    destination = choose_destination(settings, source.label)
    task = single_style_task(settings, _open_style(source, settings.style_size))
    base = default_base_weights(settings)
    if not base:
        reporter.note("No --base is given: this network starts from random weights.")
    kind = "fine-tuned micro network" if settings.network == "micro" else "fast network"
    metadata = {"styles": [_style_record(source)], "base": base or "random weights"}
    photographs = _read_photographs(settings.photos, reporter)
    return _train(
        settings, task, destination, photographs, metadata, f"{kind}: the style {source.label}", reporter
    )


def _train_multi(settings: TrainMultiSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega.styles import STYLES
    from bottega.tools.train.run import choose_destination
    from bottega.transfer.training.tasks import multi_style_task

    sources = [style_source(text) for text in settings.style or STYLES]
    names = [source.name if isinstance(source, BundledSource) else source.label for source in sources]
    destination = choose_destination(settings, "styles")
    task = multi_style_task(settings, names, [_open_style(source, settings.style_size) for source in sources])
    metadata = {"styles": [_style_record(source) for source in sources]}
    photographs = _read_photographs(settings.photos, reporter)
    summary = f"multi network: {', '.join(names)}"
    return _train(settings, task, destination, photographs, metadata, summary, reporter)


def _add_style(settings: AddStyleSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import encoders
    from bottega.tools.train.run import choose_destination
    from bottega.transfer.feedforward import MultiStyleNet, load
    from bottega.transfer.training.tasks import add_style_task, nearest_style

    network = load(settings.network)
    if not isinstance(network, MultiStyleNet):
        raise WeightsError(
            f"{settings.network} is not a network of several styles; train one with: train multi."
        )
    source = style_source(settings.style)
    name = settings.style_name or source.label
    if name in network.styles:
        raise SettingsError(f'{settings.network} has a style "{name}" already; give another --style-name.')
    destination = choose_destination(settings, name)
    style = _open_style(source, settings.style_size)
    photographs = _read_photographs(settings.photos, reporter)
    encoder = encoders.load_encoder(settings.encoder)
    initial = nearest_style(network, encoder, style, photographs.validation_crops(settings.size), settings)
    reporter.note(f"The new style starts from {initial}, the most similar style of the network.")
    task = add_style_task(network, name, style, initial)
    metadata = {"styles": [_style_record(source)], "base": settings.network, "initial_style": initial}
    summary = f"multi network: {', '.join(network.styles)}"
    return _train(settings, task, destination, photographs, metadata, summary, reporter)


def _check_files(settings: TrainStyleSettings | TrainMultiSettings | AddStyleSettings) -> None:
    for style in [settings.style] if isinstance(settings.style, str) else settings.style:
        style_source(style)
    if isinstance(settings, AddStyleSettings):
        check_model(settings.network)
    if settings.photos is not None:
        check_pictures(settings.photos)


def _open_style(source: FileSource | BundledSource, size: int) -> Tensor:
    """The style picture at the size of the training, ``(1, 3, H, W)``."""
    from bottega import pictures

    picture = source.open(size) if isinstance(source, BundledSource) else source.open()
    return pictures.fit(picture.pixels, size)


def _style_record(source: FileSource | BundledSource) -> dict[str, Any]:
    """What a network's file records of a style: no path, as networks are passed on."""
    if isinstance(source, BundledSource):
        return {"name": source.style, "seed": source.seed}
    return {"name": source.path.name, "sha256": source.sha256}


def _read_photographs(folder: Path | None, reporter: ProgressReporter) -> ContentPhotos:
    from bottega.tools.train.run import note_unreadable
    from bottega.transfer.training.fit import load_content_photos

    if folder is None:
        reporter.note(
            "No --photos: training on random crops of the two sample photographs only. "
            "A folder of a hundred photographs or more gives a more reliable network."
        )
    pictures = load_content_photos(
        folder, lambda done, count: reporter.progress(0.0, f"reading photographs, {done} of {count}")
    )
    note_unreadable(pictures.training, reporter)
    return pictures


def _train(
    settings: TrainSettings,
    task: TrainingTask,
    destination: Destination,
    photographs: ContentPhotos,
    metadata: dict[str, Any],
    summary: str,
    reporter: ProgressReporter,
) -> ToolResult:
    """Train the network of a task, and save it with its best weights."""
    from bottega import encoders, pictures, runtime, weights
    from bottega.tools.train.run import run_training, save_trained_network, saved_summary, training_metadata
    from bottega.training import check_resume_settings, process_context
    from bottega.transfer.feedforward.registry import NETWORKS
    from bottega.transfer.training.fit import build_trainer, load_best_weights
    from bottega.transfer.training.settings import CHANGEABLE_ON_RESUME

    check_resume_settings(settings, destination.folder, fixed_settings(type(settings), CHANGEABLE_ON_RESUME))
    runtime.set_threads(settings.threads)
    context = process_context(settings.device, settings.precision)
    encoder = encoders.load_encoder(settings.encoder)
    trainer = build_trainer(settings, task, encoder, photographs, destination.folder, context=context)
    sheet = _preview(task, photographs, context.device)
    inputs = {
        "styles": " ".join(style.get("sha256", str(style)) for style in metadata["styles"]),
        "names of styles": [*getattr(task.network, "styles", ())],
        "photographs": photographs.sha256(),
        "weights of the encoder": weights.entry(settings.encoder).sha256,
    }

    def save_unfinished(path: Path) -> None:
        load_best_weights(trainer)
        weights.save_network(trainer.module, path, NETWORKS)

    run_training(settings, trainer, destination, inputs, sheet, save_unfinished, reporter)
    losses = load_best_weights(trainer)
    pictures.save(sheet(), destination.preview)
    count = len(photographs.training)
    metadata |= {
        **training_metadata(settings, trainer),
        "photographs": count,
        "losses": losses,
        "encoder": settings.encoder,
        "encoder_sha256": weights.entry(settings.encoder).sha256,
    }
    data = "the sample photographs" if settings.photos is None else f"{count} photographs"
    files = save_trained_network(
        task.network,
        NETWORKS,
        destination,
        metadata,
        kind="network",
        summary=summary,
        provenance=f"Trained by its owner on {data}, {metadata['steps']} steps, "
        f"with the encoder {settings.encoder}.",
        license=LICENSE,
        figures=losses,
    )
    method = "multi" if summary.startswith("multi") else "fast"
    return ToolResult(
        f"{saved_summary(destination, trainer, metadata)} "
        f"Use it with: bottega stylize photo.jpg --method {method} --model {destination.name}",
        files=tuple(files),
        details={"name": destination.name, "metadata": metadata},
    )


def _preview(task: TrainingTask, photographs: ContentPhotos, device: torch.device) -> Callable[[], Tensor]:
    """Draws a sheet with a row per style: the style, then pairs of photograph and result."""
    import torch

    from bottega import pictures

    count = min(PREVIEW_PHOTOS, len(photographs.held_out))
    samples = [photographs.held_out.get_readable(index) for index in range(count)]
    photos = [pictures.fit(sample[None].float() / 255, PREVIEW_PHOTO_SIZE) for sample in samples]

    def draw() -> Tensor:
        rows = []
        for index, style in enumerate(task.styles[:PREVIEW_STYLES]):
            row = [style.cpu()]
            for photo in photos:
                with torch.no_grad():
                    result = task.stylize(photo.to(device), torch.full((1,), index, device=device))
                row += [photo, result.float().clamp(0, 1).cpu()]
            rows.append(row)
        return pictures.contact_sheet(rows, height=PREVIEW_PHOTO_SIZE * 2 // 3)

    return draw


TRAIN = (
    Tool(
        "train style",
        "Train a network for one style, in twenty minutes.",
        TrainStyleSettings,
        _train_style,
        uses_networks=True,
        check_files=_check_files,
        examples=("train style --style painting.jpg --photos photos/ --name mine",),
    ),
    Tool(
        "train multi",
        "Train one network for several styles, which can also be mixed.",
        TrainMultiSettings,
        _train_multi,
        uses_networks=True,
        check_files=_check_files,
        examples=("train multi --style painting.jpg --style woodcut --photos photos/ --name two",),
    ),
    Tool(
        "train add-style",
        "Add a style to a network of several; the others do not change.",
        AddStyleSettings,
        _add_style,
        uses_networks=True,
        check_files=_check_files,
        examples=("train add-style two --style other.jpg --photos photos/ --name three",),
    ),
)
