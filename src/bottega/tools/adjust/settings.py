"""Settings of the tool ``adjust``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bottega.tools.common.tool import Settings, cli_option


class AttributeSettings(Settings):
    """The requested attributes of the result; the others are free."""

    heading: ClassVar[str] = "Attributes"

    like: Path | None = Field(None, description="like this picture, or this folder of pictures")
    condition: Path | None = Field(
        None, description="a condition file (mine.condition.json); single attributes override it"
    )
    use: list[str] = Field(
        [],
        description="use only this attribute of --like or --condition: palette, lightness, ...; may be "
        "repeated",
    )
    palette: str = Field(
        "",
        description="up to six colors, by name or six digits, with shares where they differ: "
        "blue:2,gold, #203040:2,#e0c080",
    )
    lightness: float | None = Field(None, ge=0, le=1, description="0 black, 1 white")
    contrast: float | None = Field(
        None, ge=0, le=1, description="0 one tone, 1 black and white; most pictures 0.15 to 0.45"
    )
    saturation: float | None = Field(
        None, ge=0, le=1, description="0 gray, 1 the most vivid sRGB colors; most pictures below 0.25"
    )
    warmth: float | None = Field(
        None, ge=-1, le=1, description="below 0 blue, above 0 orange; most pictures -0.05 to 0.25"
    )
    subject: str = Field("", description="center of the salient area, from the top left corner: 0.3,0.6")
    subject_size: float | None = Field(
        None, ge=0, le=1, description="extent of the salient area: 0 a point, 1 the whole picture"
    )
    horizon: float | None = Field(None, ge=0, le=1, description="height of the horizon: 0 top, 1 bottom")
    symmetry: float | None = Field(
        None, ge=0, le=1, description="left against right: 1 mirrored, 0.5 unrelated"
    )
    thirds: float | None = Field(
        None, ge=0, le=1, description="saliency near the crossings of the thirds; most pictures 0.2 to 0.4"
    )
    empty_space: float | None = Field(None, ge=0, le=1, description="share of calm areas")
    stroke_size: float | None = Field(
        None, ge=0, le=1, description="size of detail; most pictures 0.5 to 0.65"
    )
    stroke_direction: str = Field(
        "",
        description="degrees of the strokes from the horizontal, counterclockwise, and how aligned they are: "
        "30,0.4",
    )
    roughness: float | None = Field(
        None, ge=0, le=1, description="strength of fine detail; most pictures 0.4 to 0.65"
    )
    abstraction: float | None = Field(
        None, ge=0, le=1, description="flat areas with few edges; most pictures 0.2 to 0.5"
    )
    style: list[str] = Field(
        [],
        description="a bundled style or a style picture, with a weight: woodcut:0.5; may be repeated",
    )


class AdjustSettings(AttributeSettings):
    """The requested attributes, the method, and the files."""

    heading: ClassVar[str] = "Pictures"

    content: Path = Field(
        description="the picture to adjust, or a sample photograph: china, flower",
        json_schema_extra=cli_option(positional=True),
    )
    mask: Path | None = Field(
        None, description="a picture of the same size: white areas may change, black ones stay"
    )
    strength: float = Field(1.0, ge=0, le=1, description="how strongly to adjust")
    skin_strength: float = Field(
        0.3,
        ge=0,
        le=1,
        description="how strongly --palette colors what is probably skin: 0 not at all, 1 like the rest",
    )
    model: str | None = Field(
        None, description="the adjustment network: its name, or its .safetensors file; else adjust"
    )
    refine: int = Field(
        24, ge=0, le=200, description="optimization steps on the analyzed result; 0 uses the network alone"
    )
    output: Path | None = Field(
        None,
        description="the file to write; else <content>-adjusted.png",
        json_schema_extra=cli_option(short="-o"),
    )
    save_condition: Path | None = Field(
        None, description="also write the requested attributes to this condition file: mine.condition.json"
    )
    quality: int = Field(92, ge=1, le=100, description="of a JPEG, WebP or AVIF; 100 is the best")
    overwrite: bool = Field(False, description="replace the output if it exists; inputs are never replaced")
