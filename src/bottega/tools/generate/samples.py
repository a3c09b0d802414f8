"""What ``generate`` draws: codes from seeds, a picture, or a mixture; and the pictures of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega import encoders, generate, pictures, runtime
from bottega.errors import SettingsError
from bottega.generate import Generator
from bottega.personalize import Condition
from bottega.tools.common.image_sources import file_source
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.recipe import recipe_header, weights_record
from bottega.tools.generate.condition import wish_record
from bottega.tools.generate.parsing import shares_of, values_of
from bottega.tools.generate.settings import GenerateSettings

KEPT = (
    *("count", "seed", "like", "attribute", "truncation", "project_steps", "mix", "mix_level", "towards"),
    *("palette", "subject", "strength", "sheet", "quality"),
)
"""Settings that a recipe keeps, where they are not the usual ones; files stand in it by themselves."""


@dataclass(frozen=True)
class Drafts:
    """Codes to be drawn, with what their files and captions say.

    Attributes:
        codes: ``(count, levels, W)``.
        names: of each picture: its seed, or its place on the way.
        recipe: of all of them, without what is each one's own.
    """

    generator: Generator
    codes: Tensor
    names: tuple[str, ...]
    recipe: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.codes)

    def pictures(self) -> Iterator[Tensor]:
        """Each ``(1, 3, size, size)``, one after the other."""
        for batch in generate.synthesize_batches(self.generator, self.codes):
            yield from batch.cpu()[:, None]

    def picture(self, number: int) -> Tensor:
        """One of them, ``(1, 3, size, size)``, to the bit as among all."""
        return next(islice(self.pictures(), number, None))

    def recipe_of(self, number: int) -> dict[str, Any]:
        """The recipe of one picture."""
        return {**self.recipe, "draft": self.names[number], "number": number}


def make_drafts(
    settings: GenerateSettings, folder: Path, report: ProgressReporter, wish: Condition | None = None
) -> Drafts:
    """Load the generator and find the codes.

    Args:
        wish: what the drafts will be bent to, for their recipe.
        folder: where the pictures will lie; their recipes say paths as seen from there.

    Raises:
        WeightsError: no such generator.
        SettingsError: settings that it cannot follow.
        PictureError: the picture to start from cannot be read.
    """
    generator = generate.load(settings.model).to(runtime.select_device(settings.device))
    shares, values = shares_of(settings.like, generator.classes), values_of(settings.attribute)

    def seeded(seed: int, count: int) -> Tensor:
        return generate.sample_codes(generator, count, seed, shares, settings.truncation, values)

    count = 1 if settings.towards is not None else settings.count
    if settings.project is None:
        codes = seeded(settings.seed, count)
        names = [str(settings.seed + number) for number in range(count)]
    else:
        codes = _projected(settings, generator, report)
        codes = codes.expand(count if settings.mix is not None else 1, -1, -1)
        names = [settings.project.stem] * len(codes)
    if settings.mix is not None:
        lent = seeded(settings.mix, len(codes))
        codes = generate.mix_styles(generator, codes, lent, settings.mix_level)
        names = [f"{name}-{settings.mix + number}" for number, name in enumerate(names)]
    if settings.towards is not None:
        codes, names = _way(settings, codes, seeded(settings.towards, 1), names[0])
    return Drafts(generator, codes, tuple(names), _recipe(settings, folder, wish))


def _way(settings: GenerateSettings, first: Tensor, last: Tensor, name: str) -> tuple[Tensor, list[str]]:
    if settings.count < 2:
        raise SettingsError(
            "A way from one picture to another has 2 pictures or more; give a larger --count."
        )
    steps = torch.linspace(0, 1, settings.count, device=first.device).view(-1, 1, 1)
    names = [f"{name}-to-{settings.towards}-{number:03d}" for number in range(settings.count)]
    return torch.lerp(first[:1], last, steps), names


def _projected(settings: GenerateSettings, generator: Generator, report: ProgressReporter) -> Tensor:
    assert settings.project is not None
    where = next(generator.parameters()).device
    found = generate.project(
        generator,
        file_source(settings.project).open().pixels.to(where),
        encoder=encoders.load_encoder().to(where),
        steps=settings.project_steps,
        classes=shares_of(settings.like, generator.classes),
        on_progress=lambda done, count: report.progress(done / count, "looking for the picture"),
    )
    return found.code


def _recipe(settings: GenerateSettings, folder: Path, wish: Condition | None) -> dict[str, Any]:
    project = settings.project
    return {
        **recipe_header("generate"),
        "model": weights_record(settings.model, folder),
        **({} if project is None else {"project": file_source(project).record(folder)}),
        **wish_record(wish, folder),
        "settings": settings.model_dump(
            mode="json", include=set(KEPT), exclude_none=True, exclude_defaults=True
        ),
    }


def sheet_of(drafts: Drafts, tiles: list[Tensor], columns: int) -> Tensor:
    """A sheet with all of them, each with its name."""
    rows = [tiles[first : first + columns] for first in range(0, len(tiles), columns)]
    labels = [list(drafts.names[first : first + columns]) for first in range(0, len(tiles), columns)]
    return pictures.contact_sheet(rows, labels, height=max(tiles[0].shape[-2], 128))
