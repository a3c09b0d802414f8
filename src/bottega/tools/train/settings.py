"""Settings of the tools ``train …``: the training itself, and its files."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from bottega.generation.settings import CHANGEABLE_ON_RESUME, GanSettings
from bottega.tools.common.tool import Settings, cli_option
from bottega.transfer.training.settings import FitSettings, MultiStyleSettings, SingleStyleSettings


def network_name(label: str) -> str:
    """A name for weights: lower case, with a hyphen for everything but letters and digits."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:64]


class TrainFiles(Settings):
    """The files of a training, and where it runs."""

    heading: ClassVar[str] = "Files and machine"

    name: str = Field(
        "",
        description="name of the network in bottega models list; else from -o or the style",
    )
    output: Path | None = Field(
        None,
        description="also write the network to this .safetensors file",
        json_schema_extra=cli_option(short="-o"),
    )
    overwrite: bool = Field(False, description="replace the output, or your network of that name")
    run: Path | None = Field(
        None, description="folder for checkpoints and previews; else <name>.training beside the output"
    )
    preview: Path | None = Field(
        None,
        description="where to write a preview of the results; else preview.jpg in the run's folder",
    )
    preview_every: float = Field(
        30.0,
        ge=1,
        le=86400,
        description="time between previews",
        json_schema_extra=cli_option(unit="seconds"),
    )
    tensorboard: bool = Field(
        False, description="also write curves and samples for TensorBoard to the run's folder"
    )
    device: str = Field("auto", description="where to train: auto, cpu, cuda, cuda:1 or mps")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="arithmetic of the networks")
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="0 takes BOTTEGA_THREADS, OMP_NUM_THREADS, or all idle cores",
        json_schema_extra=cli_option(unit="processor threads"),
    )


class TrainPhotos(TrainFiles):
    """The files of a training on photographs."""

    photos: Path | None = Field(
        None,
        description="a folder of photographs to train on; without it, the two sample photographs",
    )


class TrainSettings(FitSettings, TrainPhotos):
    """Any training of a style network."""

    heading: ClassVar[str] = "Training"


class TrainGanSettings(GanSettings, TrainFiles):
    """A generator, from pictures."""

    heading: ClassVar[str] = "Data"

    data: Path = Field(description="a folder of pictures to train on; its subfolders are the classes")
    attributes: Path | None = Field(
        None,
        description="a CSV table of attributes, for generate --attribute: a column file, and a column of "
        "numbers for each attribute",
    )


class TrainStyleSettings(SingleStyleSettings, TrainSettings):
    """One network for one style."""

    heading: ClassVar[str] = "Data"

    style: str = Field(description="a style picture, or the name of a bundled style")


class TrainMultiSettings(MultiStyleSettings, TrainSettings):
    """One network for several styles."""

    heading: ClassVar[str] = "Data"

    style: list[str] = Field(
        [], description="a picture or a bundled style; may be repeated; without it, all bundled styles"
    )


class AddStyleSettings(TrainSettings):
    """A new style for a trained network of several."""

    heading: ClassVar[str] = "Data"

    network: str = Field(
        description="the network of several styles to add to: its name or its .safetensors file",
        json_schema_extra=cli_option(positional=True),
    )
    style: str = Field(description="the style picture to add, or the name of a bundled style")
    style_name: str = Field("", description="name of the style in the network; else from its file")
    rate: float = Field(5e-3, gt=0, le=1, description="peak learning rate of Adam")


UNRECORDED_PATHS = {"data", "attributes"}
"""Paths may change between runs, and stand in no file that is passed on."""


def recorded_settings(settings: type[TrainFiles]) -> set[str]:
    """The settings that a network's file records: all but files and machine."""
    return settings.model_fields.keys() - TrainPhotos.model_fields.keys() - UNRECORDED_PATHS


def fixed_settings(settings: type[TrainFiles], changeable: Collection[str]) -> list[str]:
    """The settings that a resumed training must have in common with its first run."""
    return sorted(recorded_settings(settings) - set(changeable))


def fixed_gan_settings() -> list[str]:
    """:func:`fixed_settings` of ``train gan``."""
    return fixed_settings(TrainGanSettings, CHANGEABLE_ON_RESUME)
