"""Settings of the tool ``evaluate``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from bottega.tools.common.tool import Settings, cli_option


class EvaluateSettings(Settings):
    """The pictures to compare, and where the report goes."""

    results: Path = Field(
        description="the folder of pictures to evaluate, with its subfolders",
        json_schema_extra=cli_option(positional=True),
    )
    against: Path = Field(description="the folder of real pictures to compare with")
    report: Path | None = Field(
        None,
        description="the report to write, .html, and its values beside it, .json; else <results>-report",
        json_schema_extra=cli_option(short="-o"),
    )
    extractor: list[str] = Field(
        ["small", "random"],
        description="feature extractor to compare with; may be repeated: small, random, inception, vgg19, …",
    )
    palette: list[str] = Field(
        [],
        description='target palette: blue,gold or "#203040,#e0c080", with shares "#203040:0.3"; else the '
        "reference's",
    )
    size: int = Field(
        0,
        ge=0,
        le=1024,
        description="side at which sharpness and texture are compared; 0 takes that of the smaller pictures",
        json_schema_extra=cli_option(unit="pixels"),
    )
    condition: Path | None = Field(
        None,
        description="a condition file (mine.condition.json) that the results should follow; adds the "
        "personalization match",
    )
    form: Path | None = Field(
        None, description="write a page on which people rate the pictures blind, instead of a report"
    )
    ratings: list[Path] = Field(
        [], description="ratings that people made on such a page (.json or .csv); may be repeated"
    )
    seed: int = Field(0, ge=0, description="of sheets, intervals and the order on a rating page")
    overwrite: bool = Field(False, description="replace the report and its values if they exist")
