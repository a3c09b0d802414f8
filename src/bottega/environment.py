"""The environment variables that Bottega reads; no other module reads ``os.environ``."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bottega.errors import SettingsError

PREFIX = "BOTTEGA_"


class Environment(BaseModel):
    """Settings of the machine, not of one picture. Each field is the variable ``BOTTEGA_<FIELD>``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_pixels: int = Field(
        100_000_000, ge=1, description="maximum size of a picture that is read, in pixels (width × height)"
    )
    offline: bool = Field(False, description="1 forbids every download")
    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("bottega", appauthor=False)),
        description="folder of downloaded, imported and trained weights",
    )
    cache: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("bottega", appauthor=False)),
        description="folder of cached files, which can be deleted at any time",
    )
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps: where networks run")
    precision: str = Field("auto", description="auto, fp32, bf16: arithmetic of networks")
    threads: int = Field(
        0,
        ge=0,
        description="processor threads; 0 means OMP_NUM_THREADS, or all idle cores where that is not set",
    )


def environment() -> Environment:
    """Read the variables now.

    Raises:
        SettingsError: a variable has an invalid value.
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
    """The number in ``OMP_NUM_THREADS``, or ``None``; of a list for nested loops, the first.

    The OpenMP library itself warns about a value that is not a number.
    """
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None
