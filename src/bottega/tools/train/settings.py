"""What the tools ``train …`` can be told: the training itself, and where everything lies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from bottega.generate.settings import GanSettings
from bottega.tools.common.tool import Settings, cli_option
from bottega.transfer.training.settings import FitSettings, ManyStyles, OneStyle


def name_from(label: str) -> str:
    """A name for the shelf: lower case, everything that is no letter or digit a hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:64]


class TrainFiles(Settings):
    """Weights out, and the folder that the work goes on from."""

    heading: ClassVar[str] = "Files and machine"

    name: str = Field(
        "",
        description="what your shelf (bottega models list) will call the network; else from -o or the style",
    )
    output: Path | None = Field(
        None,
        description="also write the network to this .safetensors file",
        json_schema_extra=cli_option(short="-o"),
    )
    overwrite: bool = Field(
        False, description="replace the output, or the network of that name on your shelf"
    )
    run: Path | None = Field(
        None, description="folder for checkpoints and previews; else <name>.training beside the output"
    )
    preview: Path | None = Field(
        None, description="where to show what has been learned so far; else preview.jpg in the run's folder"
    )
    preview_every: float = Field(
        30.0,
        ge=1,
        le=86400,
        description="time between previews",
        json_schema_extra=cli_option(unit="seconds"),
    )
    tensorboard: bool = Field(
        False, description="also write curves and samples for TensorBoard into the run's folder"
    )
    device: str = Field("auto", description="where to train: auto, cpu, cuda, cuda:1 or mps")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="arithmetic of the networks")
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="0 takes BOTTEGA_THREADS, OMP_NUM_THREADS, or all cores",
        json_schema_extra=cli_option(unit="processor threads"),
    )


class TrainPhotos(TrainFiles):
    """Photographs in, beside what all trainings want to know."""

    photos: Path | None = Field(
        None,
        description="a folder of photographs to learn on; without it, the two demonstration photographs",
    )


class TrainSettings(FitSettings, TrainPhotos):
    """Any training."""

    heading: ClassVar[str] = "Training"


class TrainGanSettings(GanSettings, TrainFiles):
    """A generator, from pictures."""

    heading: ClassVar[str] = "What is learned"

    data: Path = Field(description="a folder of pictures to learn from; its subfolders are the classes")
    attributes: Path | None = Field(
        None,
        description="a CSV table of what the pictures are like, for generate --attribute: a column file, "
        "and one of numbers for each attribute",
    )


class TrainStyleSettings(OneStyle, TrainSettings):
    """One network for one style."""

    heading: ClassVar[str] = "What is learned"

    style: str = Field(description="the picture whose manner is learned, or the name of a bundled style")


class TrainMultiSettings(ManyStyles, TrainSettings):
    """One network for several styles."""

    heading: ClassVar[str] = "What is learned"

    style: list[str] = Field(
        [], description="a picture or a bundled style; may be repeated; none takes all bundled styles"
    )


class AddStyleSettings(TrainSettings):
    """A further style for a trained network of several."""

    heading: ClassVar[str] = "What is learned"

    network: str = Field(
        description="the network of several styles to add to: its name or its .safetensors file",
        json_schema_extra=cli_option(positional=True),
    )
    style: str = Field(description="the picture whose manner is added, or the name of a bundled style")
    style_name: str = Field("", description="what the network will call the style; else from its file")
    rate: float = Field(5e-3, gt=0, le=1, description="peak learning rate of Adam")
