"""The settings of ``stylize`` that are for clips alone. Importing this never loads torch."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from bottega.tools.common.tool import Settings, cli_option


class ClipSettings(Settings):
    """How a clip is read, kept calm and written."""

    heading: ClassVar[str] = "Clips"

    temporal: float = Field(
        1.0,
        ge=0,
        le=1,
        description="how calm a clip becomes: 0 paints every frame by itself, 1 lets noise and strokes rest",
    )
    frames: bool = Field(
        False, description="the folder is a clip, its numbered pictures are the frames; it is calm in time"
    )
    frame_rate: float = Field(
        25.0,
        gt=0,
        le=1000,
        description="of a folder of frames; films and animations know theirs",
        json_schema_extra=cli_option(unit="frames per second"),
    )
    codec: Literal["auto", "h264", "vp9", "av1"] = Field(
        "auto",
        description="of the film that is written: auto takes h264, which plays everywhere, and vp9 for "
        ".webm; --quality says how good",
    )


CLIP_SETTINGS = frozenset(ClipSettings.model_fields)
