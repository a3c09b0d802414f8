"""The pictures of ``generate``: codes from seeds, a projected picture or a mixture; and their recipes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega import encoders, generation, pictures, runtime
from bottega.errors import BottegaError, PictureError, SettingsError
from bottega.generation import Generator
from bottega.generation.sampling import mix_styles, sample_codes, synthesize_batches
from bottega.tools.common.contact_sheet import full_rows
from bottega.tools.common.image_sources import content_source
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.recipe import InputSearch, find_weights, recipe_header, weights_record
from bottega.tools.common.tool import configure
from bottega.tools.generate.condition import Adjuster, restore_adjuster
from bottega.tools.generate.settings import GenerateSettings

RECORDED_SETTINGS = (
    *("count", "seed", "class_name", "attribute", "truncation", "project_steps", "mix", "mix_level"),
    *("towards", "palette", "subject", "strength", "quality"),
)
"""The settings in a recipe, where they differ from the default; files stand in it by themselves."""
MIN_SHEET_TILE = 128
"""Height of a picture on the sheet, in pixels."""


@dataclass(frozen=True)
class Samples:
    """Pictures to generate.

    Attributes:
        codes: ``(count, levels, style_dim)``.
        names: of each picture: its seed, or its index in an interpolation.
        settings: that made them, for their recipes.
    """

    generator: Generator
    codes: Tensor
    names: tuple[str, ...]
    adjuster: Adjuster
    settings: GenerateSettings

    def __len__(self) -> int:
        return len(self.codes)

    def pictures(self) -> Iterator[Tensor]:
        """The adjusted pictures ``(1, 3, H, W)``, one after the other."""
        for batch in synthesize_batches(self.generator, self.codes):
            for picture in batch.cpu()[:, None]:
                yield self.adjuster(picture)

    def picture(self, index: int) -> Tensor:
        """One picture ``(1, 3, H, W)``, bit-identical to the one among all."""
        batches = synthesize_batches(self.generator, self.codes)
        raw = (picture for batch in batches for picture in batch.cpu()[:, None])
        return self.adjuster(next(islice(raw, index, None)))

    def sheet(self, tiles: Sequence[Tensor]) -> Tensor:
        """A nearly square contact sheet of all pictures with their names."""
        columns = math.ceil(math.sqrt(len(self)))
        height = max(tiles[0].shape[-2], MIN_SHEET_TILE)
        return pictures.contact_sheet(
            full_rows(tiles, columns), full_rows(self.names, columns), height=height
        )

    def recipe(self, folder: Path, index: int | None = None) -> dict[str, Any]:
        """The recipe of a file in ``folder``: of one picture, or of all on a sheet or in a walk."""
        settings = self.settings
        recipe = {
            **recipe_header("generate"),
            "model": weights_record(settings.model, folder),
            **self.adjuster.record(folder),
            "settings": settings.model_dump(
                mode="json", include=set(RECORDED_SETTINGS), exclude_none=True, exclude_defaults=True
            ),
        }
        if settings.project is not None:
            recipe["project"] = content_source(settings.project).record(folder)
        return recipe if index is None else {**recipe, "name": self.names[index], "index": index}


def make_samples(settings: GenerateSettings, adjuster: Adjuster, reporter: ProgressReporter) -> Samples:
    """Load the generator and compute the codes.

    Raises:
        WeightsError: the generator is unknown.
        SettingsError: the generator does not support a setting.
        PictureError: the picture to project cannot be read.
    """
    generator = generation.load(settings.model).to(runtime.select_device(settings.device))
    classes = parse_classes(settings.class_name, generator.classes)
    attributes = parse_attributes(settings.attribute)

    def codes_of(seed: int, count: int) -> Tensor:
        return sample_codes(generator, count, seed, classes, settings.truncation, attributes)

    count = 1 if settings.towards is not None else settings.count
    if settings.project is None:
        codes = codes_of(settings.seed, count)
        names = [str(settings.seed + index) for index in range(count)]
    else:
        codes = _project(settings, generator, classes, reporter)
        codes = codes.expand(count if settings.mix is not None else 1, -1, -1)
        names = [settings.project.stem] * len(codes)
    if settings.mix is not None:
        codes = mix_styles(generator, codes, codes_of(settings.mix, len(codes)), settings.mix_level)
        names = [f"{name}-{settings.mix + index}" for index, name in enumerate(names)]
    if settings.towards is not None:
        if settings.count < 2:
            raise SettingsError("An interpolation (--towards) needs 2 pictures or more; raise --count.")
        steps = torch.linspace(0, 1, settings.count, device=codes.device).view(-1, 1, 1)
        codes = torch.lerp(codes[:1], codes_of(settings.towards, 1), steps)
        names = [f"{names[0]}-to-{settings.towards}-{index:03d}" for index in range(settings.count)]
    return Samples(generator, codes, tuple(names), adjuster, settings)


def restore_samples(
    recipe: Mapping[str, Any],
    search: InputSearch,
    name: str,
    reporter: ProgressReporter,
    device: str | None = None,
) -> Samples:
    """The samples of a recipe in the file ``name``.

    Args:
        search: finds the generator and the projected picture.
        device: where to run; None takes the best device, as the recipe did.

    Raises:
        MismatchError: the generator or the adjustment network has changed.
        PictureError: the recipe is damaged, or an input is missing.
    """
    try:
        values = {**recipe["settings"], "model": find_weights(recipe["model"], search, name)}
        if device is not None:
            values["device"] = device
        if "project" in recipe:
            values["project"] = search.find(recipe["project"]).path
        settings = configure(GenerateSettings, values)
        adjuster = restore_adjuster(recipe, settings.strength, search, name, reporter)
        index = recipe.get("index", 0)
        if not 0 <= index < settings.count:
            raise ValueError(f"picture {index} of {settings.count}")
    except BottegaError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PictureError(f"The recipe in {name} is incomplete or damaged ({error}).") from None
    runtime.set_threads(settings.threads)
    return make_samples(settings, adjuster, reporter)


def _project(
    settings: GenerateSettings,
    generator: Generator,
    classes: Mapping[str, float] | None,
    reporter: ProgressReporter,
) -> Tensor:
    assert settings.project is not None
    device = next(generator.parameters()).device
    return generation.project(
        generator,
        pictures.composite_on_white(content_source(settings.project).open()).to(device),
        encoder=encoders.load_encoder().to(device),
        steps=settings.project_steps,
        classes=classes,
        on_progress=lambda done, count: reporter.progress(done / count, "projecting the picture"),
    ).code


def parse_classes(texts: Sequence[str], classes: Sequence[str]) -> dict[str, float] | None:
    """Classes with their shares: ``warrior``, ``noble:0.3``; None without any.

    A part of a name stands for all classes with this part, in equal shares, where no class has exactly that
    name: ``warrior`` for ``female-warrior`` and ``male-warrior``.

    Raises:
        SettingsError: a share is not a number. The generator itself rejects unknown names.
    """
    shares: dict[str, float] = {}
    for text in texts:
        name, share = _parse_number(text, ":")
        matching = [name] if name in classes else [each for each in classes if name in each.split("-")]
        for each in matching or [name]:
            shares[each] = shares.get(each, 0.0) + share / max(1, len(matching))
    return shares or None


def parse_attributes(texts: Sequence[str]) -> dict[str, float]:
    """Attributes with their values: ``light=0.8``.

    Raises:
        SettingsError: a value is missing or not a number.
    """
    for text in texts:
        if "=" not in text:
            raise SettingsError(f'--attribute "{text}" needs a value: {text}=0.5.')
    return dict(_parse_number(text, "=") for text in texts)


def _parse_number(text: str, separator: str) -> tuple[str, float]:
    """``name:0.5``; 1 without a number."""
    name, _, number = text.partition(separator)
    try:
        value = float(number) if number else 1.0
    except ValueError:
        raise SettingsError(f'"{number}" in "{text}" must be a number: {name}{separator}0.5.') from None
    if not 0 <= value < float("inf"):
        raise SettingsError(f'The number in "{text}" must be 0 or more.')
    return name, value
