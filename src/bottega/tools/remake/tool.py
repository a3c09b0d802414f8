"""The tool ``remake``: run the recipe inside a picture or film again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from bottega.errors import MismatchError, PictureError, SettingsError
from bottega.tools.common.image_sources import FileSource, file_source
from bottega.tools.common.output_paths import check_not_input, check_output
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.recipe import InputSearch, check_weights
from bottega.tools.common.tool import Settings, Tool, ToolResult, cli_option
from bottega.tools.stylize.methods import METHODS
from bottega.tools.stylize.methods.base import refuse_foreign
from bottega.tools.stylize.recipe import Recalled, read_back
from bottega.tools.stylize.video.formats import FILMS_IN

if TYPE_CHECKING:
    from bottega.pictures import Picture


class RemakeSettings(Settings):
    """Which picture, where its inputs are, and what to do with the new one."""

    picture: Path = Field(
        description="a picture or film that Bottega made, with its recipe inside",
        json_schema_extra=cli_option(positional=True),
    )
    search: list[Path] = Field(
        [], description="a folder to look for the inputs in, with all folders below; may be repeated"
    )
    verify: bool = Field(
        False, description="compare the pixels with the given ones; exit code 7 if they differ"
    )
    output: Path | None = Field(
        None, description="the file to write the remade picture to", json_schema_extra=cli_option(short="-o")
    )
    device: str | None = Field(
        None,
        description="run on cpu, cuda or mps instead of where the picture was made; pixels may differ",
    )
    engine: Literal["auto", "torch", "openvino"] | None = Field(
        None,
        description="run the network on another engine than the picture was made on; pixels may differ",
    )
    overwrite: bool = Field(False, description="replace the output if it exists; inputs are never replaced")


def _run(settings: RemakeSettings, report: ProgressReporter) -> ToolResult:
    if not settings.verify and settings.output is None:
        raise SettingsError("Say what to do with the remade picture: --verify, -o remade.png, or both.")
    given = file_source(settings.picture)
    if given.path.suffix.lower() in FILMS_IN:
        from bottega.tools.stylize.video.remake import remake_clip

        return remake_clip(settings, given, report)
    return _remake_picture(settings, given, report)


def _remake_picture(settings: RemakeSettings, given: FileSource, report: ProgressReporter) -> ToolResult:
    from bottega import pictures
    from bottega.tools.stylize.pipeline import Painter

    recipe = pictures.read_recipe(given.path)
    if recipe is None:
        raise PictureError(f"There is no recipe in {given.path}; only pictures that Bottega made carry one.")
    if recipe.get("tool") == "generate":
        return _remake_draft(settings, given, recipe, report)
    if recipe.get("tool") == "adjust":
        return _remake_adjusted(settings, given, recipe)
    recalled = recall(settings, given, recipe)
    content, plan, paint_settings = recalled.content, recalled.plan, recalled.settings
    if settings.output is not None:
        inputs = [given, content, *plan.sources]
        check_output(settings.output, inputs, overwrite=settings.overwrite)
    painter = Painter(plan, paint_settings)
    check_weights(recalled.weights, painter.stylizer.weights(given.path.parent), given.name)
    picture = painter.paint(content.open(), report)
    files: list[Path] = []
    if settings.output is not None:
        bits, quality = paint_settings.bits, paint_settings.quality
        new_recipe = painter.recipe(content, settings.output.parent)
        files.append(pictures.save(picture, settings.output, bits=bits, quality=quality, recipe=new_recipe))
    if settings.verify:
        _verify(given.path, picture, paint_settings.bits, paint_settings.quality, recalled.torch)
    return told(settings, given, files, recipe)


def _remake_draft(
    settings: RemakeSettings, given: FileSource, recipe: dict[str, Any], report: ProgressReporter
) -> ToolResult:
    from bottega import pictures
    from bottega.tools.remake.draft import remake_draft

    _refuse(settings, "drawn by generate", "engine")
    if settings.output is not None:
        check_output(settings.output, [given], overwrite=settings.overwrite)
    search = InputSearch(given.path.parent, settings.search)
    folder = (settings.output or given.path).parent
    drawn, asked, again = remake_draft(recipe, search, folder, given.name, report, settings.device)
    picture = pictures.as_picture(drawn)
    files: list[Path] = []
    if settings.output is not None:
        files.append(pictures.save(picture, settings.output, quality=asked.quality, recipe=again))
    if settings.verify:
        _verify(given.path, picture, 8, asked.quality, str(recipe.get("torch")))
    return told(settings, given, files, recipe)


def _remake_adjusted(settings: RemakeSettings, given: FileSource, recipe: dict[str, Any]) -> ToolResult:
    from bottega import pictures
    from bottega.tools.adjust.recipe import remake_adjusted

    _refuse(settings, "made by adjust", "device", "engine")
    if settings.output is not None:
        check_output(settings.output, [given], overwrite=settings.overwrite)
    search = InputSearch(given.path.parent, settings.search)
    folder = (settings.output or given.path).parent
    picture, quality, again, inputs = remake_adjusted(recipe, search, folder, given.name)
    files: list[Path] = []
    if settings.output is not None:
        check_not_input(settings.output, inputs)
        files.append(pictures.save(picture, settings.output, quality=quality, recipe=again))
    if settings.verify:
        _verify(given.path, picture, 8, quality, str(recipe.get("torch")))
    return told(settings, given, files, recipe)


def _refuse(settings: RemakeSettings, made: str, *options: str) -> None:
    """Refuse options that could change nothing.

    Raises:
        SettingsError: one of them was given.
    """
    for name in options:
        if getattr(settings, name) is not None:
            raise SettingsError(f"{settings.picture} was {made}, which has no --{name}; leave it out.")


def recall(settings: RemakeSettings, given: FileSource, recipe: dict[str, Any]) -> Recalled:
    """What the recipe of a picture or clip says, on the device and engine that are asked for.

    Raises:
        SettingsError, PictureError, MismatchError: see :func:`read_back`.
    """
    recalled = read_back(recipe, InputSearch(given.path.parent, settings.search), given.name)
    changed = {name: value for name in ("device", "engine") if (value := getattr(settings, name)) is not None}
    if settings.engine is not None:
        refuse_foreign(recalled.settings.methods(), ["engine"], METHODS.values())
    return replace(recalled, settings=recalled.settings.model_copy(update=changed))


def told(
    settings: RemakeSettings, given: FileSource, files: list[Path], recipe: dict[str, Any]
) -> ToolResult:
    """What was done."""
    did = " and ".join(
        ["the same pixels as " + given.name] * settings.verify + [f"written to {path}" for path in files]
    )
    return ToolResult(
        f"Remade: {did}", files=tuple(files), details={"verified": settings.verify, "recipe": recipe}
    )


def _verify(path: Path, remade: Picture, bits: int, quality: int, made_with: str) -> None:
    """Compare after the same encoding, so that what JPEG loses is lost on both sides.

    Raises:
        MismatchError: sizes or pixels differ.
    """
    import torch

    from bottega import pictures
    from bottega.pictures.formats import format_of

    given = pictures.load(path)
    encoded = pictures.encode(remade, format_of(path), bits=bits, quality=quality)
    again = pictures.load(encoded)
    if (given.width, given.height) != (again.width, again.height):
        raise MismatchError(
            f"{path} is {given.width} × {given.height} pixels, its recipe makes "
            f"{again.width} × {again.height}."
        )
    difference = (given.pixels - again.pixels).abs().amax(dim=1)
    largest = float(difference.max()) * 255
    if largest > 0:
        share = float((difference > 0).float().mean()) * 100
        hint = f" (it was made with torch {made_with}, here is {torch.__version__})"
        raise MismatchError(
            f"{path} differs from what its recipe makes: by up to {largest:.3g} of 255, in {share:.3g} % "
            f"of the pixels{hint if made_with != torch.__version__ else ''}."
        )


REMAKE = Tool(
    name="remake",
    summary="Make a picture or film again from the recipe inside it, and compare.",
    settings=RemakeSettings,
    function=_run,
    uses_networks=True,
)
