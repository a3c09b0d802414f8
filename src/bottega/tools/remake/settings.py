"""The settings of ``remake``. Importing this never loads torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from bottega.errors import SettingsError
from bottega.tools.common.tool import Settings, cli_option


class RemakeSettings(Settings):
    """The file, where its inputs are, and what to do with the new result."""

    picture: Path = Field(
        description="a picture or video that Bottega made, with its recipe inside",
        json_schema_extra=cli_option(positional=True),
    )
    search: list[Path] = Field(
        [], description="a folder to search for the inputs, with all folders inside; may be repeated"
    )
    verify: bool = Field(
        False, description="compare the pixels with those of the file; exit code 7 if they differ"
    )
    output: Path | None = Field(
        None, description="the file to write the new result to", json_schema_extra=cli_option(short="-o")
    )
    device: str | None = Field(
        None, description="run on cpu, cuda or mps instead of the recorded device; pixels may differ"
    )
    engine: Literal["auto", "torch", "openvino"] | None = Field(
        None, description="run the network on another engine than the recorded one; pixels may differ"
    )
    overwrite: bool = Field(False, description="replace the output if it exists; inputs are never replaced")

    def reject(self, tool: str, *options: str) -> None:
        """Reject options that would have no effect on a result of a tool.

        Raises:
            SettingsError: one of them is given.
        """
        for name in options:
            if getattr(self, name) is not None:
                raise SettingsError(
                    f"{self.picture} was made by {tool}, which has no --{name}; leave it out."
                )
