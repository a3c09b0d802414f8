"""What the tool ``generate`` can be told."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bottega.tools.common.tool import Settings, cli_option


class BendSettings(Settings):
    """How the drafts are bent."""

    heading: ClassVar[str] = "How the drafts are bent"

    palette: str = Field("", description='colours that the pictures are to have: "#203040,#e0c080"')
    subject: str = Field(
        "", description='where the subject is to be, across and down, each from 0 to 1: "0.3,0.6"'
    )
    wish: Path | None = Field(
        None, description="a profile file with all that is wished for; --palette and --subject override it"
    )
    strength: float = Field(1.0, ge=0, le=1, description="how far the drafts are bent")


class DraftSettings(Settings):
    """What is drawn: all that decides the pictures."""

    heading: ClassVar[str] = "What is drawn"

    model: str = Field(
        "faces", description="the generator: its name (bottega models list) or its .safetensors file"
    )
    count: int = Field(16, ge=1, le=10_000, description="how many pictures")
    seed: int = Field(
        0, ge=0, le=2**62, description="of the first picture; the next has the next seed, and so on"
    )
    like: list[str] = Field(
        [],
        description="a class that the generator knows, with a share where several are mixed: warrior, "
        "noble:0.3; may be repeated; else every picture draws its class",
    )
    attribute: list[str] = Field(
        [], description="an attribute that the generator knows, with its value: light=0.8; may be repeated"
    )
    truncation: float = Field(
        1.0, ge=0, le=2, description="below 1 the pictures are more typical and alike, above 1 stranger"
    )
    project: Path | None = Field(
        None, description="start from this picture: the nearest that the generator can draw"
    )
    project_steps: int = Field(150, ge=1, le=10_000, description="how long to look for it")
    mix: int | None = Field(
        None, ge=0, le=2**62, description="seed of the pictures that lend their manner: colours and strokes"
    )
    mix_level: int = Field(
        2, ge=1, le=7, description="where their manner begins: 1 leaves the most to them, larger ones less"
    )
    towards: int | None = Field(
        None, ge=0, le=2**62, description="draw the way from the first picture to the one of this seed"
    )

    @property
    def pictures(self) -> int:
        """How many there will be: of a picture that was found there is one, unless it is mixed or left."""
        alone = self.project is not None and self.mix is None and self.towards is None
        return 1 if alone else self.count


class GenerateSettings(BendSettings, DraftSettings):
    """A generator, what it draws, and where the drafts go."""

    heading: ClassVar[str] = "Files and machine"

    output: Path | None = Field(
        None,
        description="a folder for the pictures, a file for one picture or a sheet, a clip for a walk; else "
        "named after the model",
        json_schema_extra=cli_option(short="-o"),
    )
    sheet: bool = Field(False, description="write one sheet with all pictures, with their seeds")
    walk: float | None = Field(
        None,
        gt=0,
        le=3600,
        description="write a clip of this length: a round way through the pictures",
        json_schema_extra=cli_option(unit="seconds"),
    )
    frame_rate: float = Field(
        25.0, gt=0, le=120, description="of the clip", json_schema_extra=cli_option(unit="frames per second")
    )
    quality: int = Field(92, ge=1, le=100, description="of JPEG, WebP, AVIF files and clips; 100 is the best")
    overwrite: bool = Field(False, description="replace files that exist")
    device: str = Field("auto", description="where to draw: auto, cpu, cuda, cuda:1 or mps")
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="0 takes BOTTEGA_THREADS, OMP_NUM_THREADS, or all cores",
        json_schema_extra=cli_option(unit="processor threads"),
    )
