"""Settings of the tool ``generate``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bottega.tools.common.tool import Settings, cli_option


class ConditionSettings(Settings):
    """How the pictures are adjusted after they are generated."""

    heading: ClassVar[str] = "Adjustment"

    palette: str = Field("", description='colors of the pictures: blue,gold or "#203040,#e0c080"')
    subject: str = Field(
        "", description='position of the subject, across and down, each from 0 to 1: "0.3,0.6"'
    )
    condition: Path | None = Field(
        None, description="a condition file (mine.condition.json); --palette and --subject override it"
    )
    strength: float = Field(1.0, ge=0, le=1, description="how strongly the pictures are adjusted")


class SampleSettings(Settings):
    """What decides the pictures before they are adjusted."""

    heading: ClassVar[str] = "Pictures"

    model: str = Field(
        "faces", description="the generator: its name (bottega models list) or its .safetensors file"
    )
    count: int = Field(16, ge=1, le=10_000, description="number of pictures")
    seed: int = Field(
        0, ge=0, le=2**62, description="of the first picture; the next has the next seed, and so on"
    )
    class_name: list[str] = Field(
        [],
        description="a class of the generator, with a share where several are mixed: warrior, noble:0.3; may "
        "be repeated; without it, each picture has a random class",
        json_schema_extra=cli_option(name="class"),
    )
    attribute: list[str] = Field(
        [], description="an attribute of the generator with its value: light=0.8; may be repeated"
    )
    truncation: float = Field(
        1.0, ge=0, le=2, description="below 1 the pictures are more typical, above 1 more unusual"
    )
    project: Path | None = Field(
        None, description="start from this picture: from the most similar one that the generator can make"
    )
    project_steps: int = Field(150, ge=1, le=10_000, description="optimization steps of --project")
    mix: int | None = Field(
        None, ge=0, le=2**62, description="style mixing: take fine detail and colors from this seed"
    )
    mix_level: int = Field(
        2, ge=1, le=7, description="first level of the mixed style; lower levels change the picture more"
    )
    towards: int | None = Field(
        None, ge=0, le=2**62, description="interpolate from the first picture to the one of this seed"
    )

    @property
    def picture_count(self) -> int:
        """The number of results: one for a projected picture alone."""
        alone = self.project is not None and self.mix is None and self.towards is None
        return 1 if alone else self.count


class GenerateSettings(ConditionSettings, SampleSettings):
    """A generator, its pictures, and the files to write."""

    heading: ClassVar[str] = "Files and machine"

    output: Path | None = Field(
        None,
        description="a folder for the pictures, a file for one picture, a clip for a walk; else "
        "named after the model",
        json_schema_extra=cli_option(short="-o"),
    )
    sheet: Path | None = Field(
        None,
        description="write one contact sheet with all pictures and their seeds to this file; the single "
        "pictures too, if -o names a folder for them",
    )
    walk: float | None = Field(
        None,
        gt=0,
        le=3600,
        description="write a clip of this length: a closed walk through the pictures",
        json_schema_extra=cli_option(unit="seconds"),
    )
    frame_rate: float = Field(
        25.0, gt=0, le=120, description="of the clip", json_schema_extra=cli_option(unit="frames per second")
    )
    quality: int = Field(92, ge=1, le=100, description="of JPEG, WebP, AVIF files and clips; 100 is the best")
    overwrite: bool = Field(False, description="replace files that exist")
    device: str = Field("auto", description="where to run: auto, cpu, cuda, cuda:1 or mps")
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="0 takes BOTTEGA_THREADS, OMP_NUM_THREADS, or all idle cores",
        json_schema_extra=cli_option(unit="processor threads"),
    )
