"""What the tools ``choose …`` can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from bottega.tools.common.tool import Settings, cli_option

PROFILE: Any = Field(
    description="the profile file of your taste, such as taste.json",
    json_schema_extra=cli_option(positional=True),
)


class ProfileSettings(Settings):
    """A profile."""

    profile: Path = PROFILE


class SheetSettings(Settings):
    """How the next sheet of nine is made."""

    explore: float = Field(
        1 / 3,
        ge=0,
        le=1,
        description="share of the nine that may surprise; 0 shows only what should please most",
    )
    sheet: Path | None = Field(
        None,
        description="where the sheet goes; else <profile>-<number>.jpg beside the profile",
        json_schema_extra=cli_option(short="-o"),
    )
    height: int = Field(
        320,
        ge=64,
        le=1024,
        description="of each picture on the sheet",
        json_schema_extra=cli_option(unit="pixels"),
    )
    overwrite: bool = Field(False, description="replace what is there")


class StartSettings(SheetSettings):
    """A new profile, and what there is to choose from."""

    profile: Path = PROFILE
    pictures: Path | None = Field(
        None,
        description="the folder of pictures to choose from, with the folders in it",
        json_schema_extra=cli_option(positional=True),
    )
    model: str = Field("", description="choose from the drafts of this generator instead")
    count: int = Field(300, ge=9, le=10_000, description="how many drafts there are to choose from")
    like: str = Field("", description="only drafts of this class of the generator")
    seed: int = Field(0, ge=0, le=2**31, description="of the proposals, and of the first draft")


class NextSettings(SheetSettings):
    """The next sheet."""

    profile: Path = PROFILE
    pictures: Path | None = Field(None, description="where the folder of pictures is now, if it has moved")


class PickSettings(ProfileSettings):
    """What pleases on a sheet."""

    numbers: str = Field(
        description="the number on the sheet of the picture that pleases most, or several: 3,7",
        json_schema_extra=cli_option(positional=True),
    )
    of: int | None = Field(None, ge=1, description="number of the sheet; else the latest")


class PictureSettings(ProfileSettings):
    """One picture."""

    picture: str = Field(
        description="its number on the sheet, or its file in the folder to choose from",
        json_schema_extra=cli_option(positional=True),
    )
    of: int | None = Field(None, ge=1, description="number of the sheet; else the latest")


class RateSettings(PictureSettings):
    """A rating."""

    stars: int = Field(
        ge=1, le=5, description="from 1, poor, to 5, splendid", json_schema_extra=cli_option(positional=True)
    )


class RevokeSettings(ProfileSettings):
    """A vote to take back."""

    vote: int = Field(
        ge=1,
        description="its number, as choose votes lists it",
        json_schema_extra=cli_option(positional=True),
    )


class ScoreSettings(ProfileSettings):
    """Pictures to look at with a taste."""

    pictures: Path = Field(
        description="a folder of pictures, with the folders in it",
        json_schema_extra=cli_option(positional=True),
    )


class ExportSettings(ProfileSettings):
    """What is made of a taste."""

    liked: Path | None = Field(
        None,
        description="copy what you picked, starred or rated 4 or 5 into this new folder, to train on",
    )
    predicted: int = Field(
        0,
        ge=0,
        le=10_000,
        description="also copy so many pictures that you never saw and should like most",
    )
    condition: Path | None = Field(
        None,
        description="write what you are known to favour as a condition, for generate --wish, adjust --like",
    )
    output: Path | None = Field(
        None, description="write a copy of the profile", json_schema_extra=cli_option(short="-o")
    )
    revision: int | None = Field(
        None, ge=0, description="all this as your taste was after so many events; else as it is now"
    )
    overwrite: bool = Field(False, description="replace files that exist")
