"""Settings of the tools ``choose …``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from bottega.tools.common.tool import Settings, cli_option

PREFERENCES: Any = Field(
    description="the file of your preferences, such as likes.preferences.json",
    json_schema_extra=cli_option(positional=True),
)


class PreferencesSettings(Settings):
    """A preferences file."""

    preferences: Path = PREFERENCES


class SheetSettings(Settings):
    """How the next sheet of nine pictures is made."""

    explore: float = Field(
        1 / 3,
        ge=0,
        le=1,
        description="share of the nine that explores; 0 shows only what you should like best",
    )
    sheet: Path | None = Field(
        None,
        description="the file of the sheet; else <preferences>-<number>.jpg beside the preferences",
        json_schema_extra=cli_option(short="-o"),
    )
    height: int = Field(
        320,
        ge=64,
        le=1024,
        description="of each picture on the sheet",
        json_schema_extra=cli_option(unit="pixels"),
    )
    overwrite: bool = Field(False, description="replace files that exist")


class StartSettings(SheetSettings):
    """A new preferences file, and the candidates to choose from."""

    preferences: Path = PREFERENCES
    pictures: Path | None = Field(
        None,
        description="the folder of pictures to choose from, with its subfolders",
        json_schema_extra=cli_option(positional=True),
    )
    model: str = Field("", description="choose from pictures of this generator instead")
    count: int = Field(300, ge=9, le=10_000, description="number of generated pictures to choose from")
    class_name: list[str] = Field(
        [],
        description="a class of the generator, with a share where several are mixed: warrior, noble:0.3; may "
        "be repeated; without it, each picture has a random class",
        json_schema_extra=cli_option(name="class"),
    )
    seed: int = Field(0, ge=0, le=2**31, description="of the proposals, and of the first generated picture")


class NextSettings(SheetSettings):
    """The next sheet."""

    preferences: Path = PREFERENCES
    pictures: Path | None = Field(None, description="the folder of pictures, if it has moved")


class PickSettings(PreferencesSettings):
    """The preferred pictures of a sheet."""

    numbers: str = Field(
        description="the number on the sheet of the picture that you like best, or several: 3,7",
        json_schema_extra=cli_option(positional=True),
    )
    of: int | None = Field(None, ge=1, description="number of the sheet; else the latest")


class PictureSettings(PreferencesSettings):
    """One picture."""

    picture: str = Field(
        description="its number on the sheet, or its file in the folder to choose from",
        json_schema_extra=cli_option(positional=True),
    )
    of: int | None = Field(None, ge=1, description="number of the sheet; else the latest")


class RateSettings(PictureSettings):
    """A rating."""

    stars: int = Field(
        ge=1, le=5, description="from 1, poor, to 5, excellent", json_schema_extra=cli_option(positional=True)
    )


class RevokeSettings(PreferencesSettings):
    """A vote to revoke."""

    vote: int = Field(
        ge=1,
        description="its number in choose votes",
        json_schema_extra=cli_option(positional=True),
    )


class ScoreSettings(PreferencesSettings):
    """Pictures to score."""

    pictures: Path = Field(
        description="a folder of pictures, with its subfolders", json_schema_extra=cli_option(positional=True)
    )


class ExportSettings(PreferencesSettings):
    """What to export."""

    liked: Path | None = Field(
        None,
        description="copy the pictures that you picked, starred or rated 4 or 5 to this new folder",
    )
    predicted: int = Field(
        0,
        ge=0,
        le=10_000,
        description="with --liked, also copy this many pictures that you never saw and should like best",
    )
    save_condition: Path | None = Field(
        None,
        description="write what is known of your preferences as a condition file, for generate and adjust "
        "--condition: mine.condition.json",
    )
    output: Path | None = Field(
        None,
        description="write a copy of the preferences (copy.preferences.json)",
        json_schema_extra=cli_option(short="-o"),
    )
    revision: int | None = Field(
        None, ge=0, description="export the state after this many events; else the current one"
    )
    overwrite: bool = Field(False, description="replace files that exist")
