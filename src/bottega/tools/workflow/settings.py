"""Settings of the tool ``workflow``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from bottega.generation.settings import GanSettings
from bottega.tools.common.tool import Settings, cli_option
from bottega.tools.generate.settings import ConditionSettings


class WorkflowFiles(Settings):
    """The folder of pictures, and the folder for the results."""

    heading: ClassVar[str] = "Files and machine"

    data: Path = Field(description="a folder of pictures to train on; its subfolders are the classes")
    output: Path = Field(
        description="the folder for all results; an unfinished one is resumed",
        json_schema_extra=cli_option(short="-o"),
    )
    name: str = Field("", description="name of the generator in bottega models list; else from -o")
    overwrite: bool = Field(False, description="replace your generator of that name")
    held_out: int = Field(
        10, ge=2, le=100, description="one of this many pictures is kept from training, for the evaluation"
    )
    samples: int = Field(64, ge=8, le=10_000, description="number of generated and evaluated pictures")
    extractor: list[str] = Field(
        ["small", "random"], description="feature extractor of the evaluation; may be repeated"
    )
    tensorboard: bool = Field(
        False, description="also write curves and samples of the training for TensorBoard"
    )
    device: str = Field("auto", description="where to run: auto, cpu, cuda, cuda:1 or mps")
    precision: Literal["auto", "fp32", "bf16"] = Field("auto", description="arithmetic of the training")
    threads: int = Field(
        0,
        ge=0,
        le=1024,
        description="0 takes BOTTEGA_THREADS, OMP_NUM_THREADS, or all idle cores",
        json_schema_extra=cli_option(unit="processor threads"),
    )


class WorkflowSettings(GanSettings, ConditionSettings, WorkflowFiles):
    """The four stages: prepare, train, generate, evaluate."""

    heading: ClassVar[str] = "Training"
