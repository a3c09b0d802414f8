"""The tool ``remake``: run the recipe inside a picture or video again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import MismatchError, PictureError, SettingsError
from bottega.picture_formats import VIDEO_SUFFIXES, format_of
from bottega.tools.common.image_sources import FileSource, Source, file_source
from bottega.tools.common.output_paths import check_not_input, check_output, format_bits
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.recipe import InputSearch, check_weights
from bottega.tools.common.tool import Tool, ToolResult
from bottega.tools.remake.settings import RemakeSettings

if TYPE_CHECKING:
    from bottega.pictures import Picture


@dataclass(frozen=True)
class _Remade:
    """A picture made again, with its new recipe and the settings of its file."""

    picture: Picture
    recipe: dict[str, Any]
    quality: int
    inputs: list[Source]
    bits: int = 8


def _run(settings: RemakeSettings, reporter: ProgressReporter) -> ToolResult:
    _check_files(settings)
    source = file_source(settings.picture)
    if source.path.suffix.lower() in VIDEO_SUFFIXES:
        from bottega.tools.remake.video import remake_video

        recipe = remake_video(settings, source, reporter)
    else:
        recipe = _remake_picture(settings, source, reporter)
    output = settings.output
    done = [f"the same pixels as {source.name}"] if settings.verify else []
    done += [] if output is None else [f"written to {output}"]
    return ToolResult(
        f"Remade: {' and '.join(done)}",
        files=() if output is None else (output,),
        details={"verified": settings.verify, "recipe": recipe},
    )


def _check_files(settings: RemakeSettings) -> None:
    file_source(settings.picture)
    for folder in settings.search:
        if not folder.is_dir():
            raise PictureError(f"The folder to search, {folder}, does not exist.")
    if not settings.verify and settings.output is None:
        raise SettingsError("Give --verify, -o remade.png, or both.")


def _remake_picture(
    settings: RemakeSettings, source: FileSource, reporter: ProgressReporter
) -> dict[str, Any]:
    """Make the picture again, write it and compare it; returns the recipe of the old one."""
    from bottega import pictures

    recipe = pictures.read_recipe(source.path)
    if recipe is None:
        raise PictureError(
            f"There is no recipe in {source.path}; only pictures that Bottega made contain one."
        )
    if settings.output is not None:
        check_output(settings.output, [source], overwrite=settings.overwrite)
    remake = {"generate": _remake_generated, "adjust": _remake_adjusted}.get(
        str(recipe.get("tool")), _remake_stylized
    )
    remade = remake(settings, source, recipe, reporter)
    if settings.output is not None:
        check_not_input(settings.output, remade.inputs)
        pictures.save(
            remade.picture, settings.output, bits=remade.bits, quality=remade.quality, recipe=remade.recipe
        )
    if settings.verify:
        _verify(source.path, remade, str(recipe.get("torch")))
    return recipe


def _remake_stylized(
    settings: RemakeSettings, source: FileSource, recipe: dict[str, Any], reporter: ProgressReporter
) -> _Remade:
    from bottega.tools.stylize.pipeline import StylizePipeline, open_method
    from bottega.tools.stylize.recipe import load_recipe

    search = InputSearch(source.path.parent, settings.search)
    restored = load_recipe(recipe, search, source.name, device=settings.device, engine=settings.engine)
    inputs = [restored.content, *restored.plan.sources]
    if settings.output is not None:
        check_not_input(settings.output, inputs)
    pipeline = StylizePipeline(restored.plan, open_method(restored.settings))
    check_weights(restored.weights, pipeline.method.weights(source.path.parent), source.name)
    picture = pipeline.run(restored.content.open(), reporter)
    new_recipe = pipeline.recipe(restored.content, _folder(settings))
    return _Remade(picture, new_recipe, restored.settings.quality, inputs, restored.settings.bits)


def _remake_generated(
    settings: RemakeSettings, source: FileSource, recipe: dict[str, Any], reporter: ProgressReporter
) -> _Remade:
    from bottega import pictures
    from bottega.tools.generate.samples import restore_samples

    settings.reject("generate", "engine")
    search = InputSearch(source.path.parent, settings.search)
    samples = restore_samples(recipe, search, source.name, reporter, settings.device)
    index = recipe.get("index")
    pixels = samples.sheet(list(samples.pictures())) if index is None else samples.picture(index)
    new_recipe = samples.recipe(_folder(settings), index)
    return _Remade(pictures.as_picture(pixels), new_recipe, samples.settings.quality, [])


def _remake_adjusted(
    settings: RemakeSettings, source: FileSource, recipe: dict[str, Any], reporter: ProgressReporter
) -> _Remade:
    from bottega.tools.adjust.adjustment import Adjustment

    settings.reject("adjust", "device", "engine")
    search = InputSearch(source.path.parent, settings.search)
    adjustment = Adjustment.from_recipe(recipe, search, source.name)
    new_recipe = adjustment.recipe(_folder(settings))
    bits = format_bits(settings.output or settings.picture, adjustment.picture.bits)
    return _Remade(adjustment.run(), new_recipe, adjustment.settings.quality, adjustment.inputs, bits)


def _folder(settings: RemakeSettings) -> Path:
    """The folder that paths in the new recipe are relative to."""
    return (settings.output or settings.picture).parent


def _verify(path: Path, remade: _Remade, torch_version: str) -> None:
    """Compare after the same encoding, so that JPEG loses the same on both sides.

    Args:
        torch_version: that made the old picture, for the message.

    Raises:
        MismatchError: sizes or pixels differ.
    """
    import torch

    from bottega import pictures

    old = pictures.load(path)
    encoded = pictures.encode(remade.picture, format_of(path), bits=remade.bits, quality=remade.quality)
    new = pictures.load(encoded)
    if (old.width, old.height) != (new.width, new.height):
        raise MismatchError(
            f"{path} is {old.width} × {old.height} pixels, its recipe makes {new.width} × {new.height}."
        )
    difference = (old.pixels - new.pixels).abs().amax(dim=1)
    maximum = float(difference.max()) * 255
    if maximum > 0:
        share = float((difference > 0).float().mean()) * 100
        hint = f" (it was made with torch {torch_version}, here is {torch.__version__})"
        raise MismatchError(
            f"{path} differs from what its recipe makes: by up to {maximum:.3g} of 255, in {share:.3g} % "
            f"of the pixels{hint if torch_version != torch.__version__ else ''}."
        )


REMAKE = Tool(
    name="remake",
    summary="Make a picture or video again from the recipe inside it, and compare.",
    settings=RemakeSettings,
    function=_run,
    check_files=_check_files,
    uses_networks=True,
    examples=(
        "remake photo-painting.png --verify",
        "remake photo-painting.png -o again.png",
    ),
)
