"""The environment variables that Bottega reads, declared once; nothing else reads ``os.environ``."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bottega.errors import SettingsError

PREFIX = "BOTTEGA_"


class Environment(BaseModel):
    """Settings of the machine rather than of one picture. Each field is the variable ``BOTTEGA_<FIELD>``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_pixels: int = Field(
        100_000_000, ge=1, description="largest picture that is decoded, in pixels (width × height)"
    )
    offline: bool = Field(False, description="1 forbids every download, even one that was asked for")
    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("bottega", appauthor=False)),
        description="where downloaded and imported weights are kept",
    )
    cache: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("bottega", appauthor=False)),
        description="where things that can be made again are kept",
    )
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps: where networks run")
    precision: str = Field("auto", description="auto, fp32, bf16: arithmetic of networks")
    threads: int = Field(
        0, ge=0, description="processor threads; 0 takes OMP_NUM_THREADS, or all cores where it is not set"
    )


def environment() -> Environment:
    """Read the variables now.

    Raises:
        SettingsError: a ``BOTTEGA_`` variable has an unusable value.
    """
    values = {
        name: os.environ[PREFIX + name.upper()]
        for name in Environment.model_fields
        if os.environ.get(PREFIX + name.upper())
    }
    try:
        return Environment.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        variable = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(
            f"The environment variable {variable} is {first['input']!r}: {first['msg'].lower()}."
        ) from None


def openmp_threads() -> int | None:
    """What ``OMP_NUM_THREADS`` asks of every numerical program; ``None`` where it is not set to a number.

    A list has one number per level of nested loops; the first is ours. The OpenMP library itself complains of
    a value that is no number.
    """
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None
