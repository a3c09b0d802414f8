"""What the tool ``workflow`` can be told."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from bottega.generate.settings import GanSettings
from bottega.tools.common.tool import Settings, cli_option
from bottega.tools.generate.settings import BendSettings


class WorkflowFiles(Settings):
    """Pictures in, a folder of results out."""

    heading: ClassVar[str] = "Files and machine"

    data: Path = Field(description="a folder of pictures to learn from; its subfolders are the classes")
    output: Path = Field(
        description="the folder for everything that is made; an unfinished one is gone on with",
        json_schema_extra=cli_option(short="-o"),
    )
    name: str = Field(
        "", description="what your shelf (bottega models list) will call the generator; else from -o"
    )
    overwrite: bool = Field(False, description="replace a generator of that name on your shelf")
    held_out: int = Field(
        10, ge=2, le=100, description="of so many pictures one is kept from training, to judge by"
    )
    drafts: int = Field(64, ge=8, le=10_000, description="how many pictures are drawn and judged")
    extractor: list[str] = Field(
        ["small", "random"], description="whose features are compared, may be repeated"
    )
    tensorboard: bool = Field(
        False, description="also write curves and samples of the training for TensorBoard"
    )
    device: str = Field("auto", description="where to compute: auto, cpu, cuda, cuda:1 or mps")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="arithmetic of the training")
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="0 takes BOTTEGA_THREADS, OMP_NUM_THREADS, or all cores",
        json_schema_extra=cli_option(unit="processor threads"),
    )


class WorkflowSettings(GanSettings, BendSettings, WorkflowFiles):
    """The four stages: what is learned, what is wished for, and where everything lies."""

    heading: ClassVar[str] = "What is learned"
