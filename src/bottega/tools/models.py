"""The tools ``models list``, ``show``, ``pull``, ``verify``, ``convert``, ``import`` and ``path``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pydantic import Field

from bottega.errors import BottegaError, MismatchError, SettingsError
from bottega.files import check_overwrite
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Settings, Tool, ToolResult, cli_option


class ListSettings(Settings):
    """Which weights to list."""

    installed: bool = Field(False, description="only those on this machine")


class NameSettings(Settings):
    """One set of weights."""

    name: str = Field(
        description="as bottega models list shows it", json_schema_extra=cli_option(positional=True)
    )


class VerifySettings(Settings):
    """Which weights to compare with their sha256."""

    name: str = Field(
        "",
        description="one name; without it, all on this machine",
        json_schema_extra=cli_option(positional=True),
    )


class ConvertSettings(Settings):
    """A file from elsewhere and the safetensors file to write."""

    source: Path = Field(
        description="a .pth, .pt or .safetensors file with a state dict",
        json_schema_extra=cli_option(positional=True),
    )
    output: Path = Field(
        description="the .safetensors file to write", json_schema_extra=cli_option(short="-o")
    )
    overwrite: bool = Field(False, description="replace the output if it exists")


class ImportSettings(Settings):
    """A file from elsewhere, and the name to register it under."""

    source: Path = Field(
        description="a .pth, .pt or .safetensors file with a state dict",
        json_schema_extra=cli_option(positional=True),
    )
    name: str = Field(
        description="name for commands; for a published name, the file must be the published one"
    )
    architecture: str = Field("", description="the network of the weights, such as vgg19")
    license: str = Field("not stated", description="the terms of use")
    summary: str = Field("", description="one line for the list")


def _list(settings: ListSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import weights

    rows = [
        {
            "name": entry.name,
            "origin": entry.origin,
            "installed": "yes" if weights.is_installed(entry.name) else "no",
            "size": f"{entry.size / 1e6:.1f} MB",
            "license": entry.license.partition(";")[0],
            "summary": entry.summary,
        }
        for entry in weights.entries()
        if weights.is_installed(entry.name) or not settings.installed
    ]
    return ToolResult("", rows=tuple(rows))


def _show(settings: NameSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import weights

    entry = weights.entry(settings.name)
    details = {**entry.model_dump(mode="json"), "installed": weights.is_installed(entry.name)}
    card = "" if entry.card is None else entry.card.read_text(encoding="utf-8")
    rows = [
        {"field": key, "value": _to_text(value)}
        for key, value in details.items()
        if value not in (None, [], {})
    ]
    return ToolResult(card, rows=tuple(rows), details={**details, "card": card})


def _to_text(value: Any) -> Any:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case dict():
            return ", ".join(f"{key} {item}" for key, item in value.items())
    return value


def _pull(settings: NameSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import weights

    start = time.monotonic()

    def progress(done: int, total: int) -> None:
        seconds = time.monotonic() - start
        left = seconds * (total - done) / done if done else None
        message = f"{settings.name} {done / 1e6:.0f} of {total / 1e6:.0f} MB"
        reporter.progress(done / total, message, seconds_left=left)

    path = weights.pull(settings.name, progress)
    return ToolResult(f"{settings.name} is downloaded and verified: {path}", files=(path,))


def _verify(settings: VerifySettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import weights

    names = (
        [settings.name]
        if settings.name
        else [e.name for e in weights.entries() if weights.is_installed(e.name)]
    )
    states = {}
    failed = []
    for index, name in enumerate(names):
        reporter.progress(index / len(names), name)
        try:
            weights.verify(name)
            states[name] = "intact"
        except BottegaError as error:
            states[name] = str(error)
            failed.append(name)
    rows = tuple({"name": name, "state": state} for name, state in states.items())
    mismatch = MismatchError(f"Damaged: {', '.join(failed)}.") if failed else None
    return ToolResult("" if rows else "No weights are on this machine.", rows=rows, error=mismatch)


def _convert(settings: ConvertSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import weights

    check_overwrite(settings.output, settings.overwrite, [settings.source])
    sha256 = weights.convert(settings.source, settings.output)
    return ToolResult(
        f"{settings.output} (sha256 {sha256})", files=(settings.output,), details={"sha256": sha256}
    )


def _import(settings: ImportSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import weights

    if any(entry.name == settings.name and entry.origin == "own" for entry in weights.entries()):
        raise SettingsError(f'Weights called "{settings.name}" exist already; choose another name.')
    entry = weights.import_weights(
        settings.name,
        settings.source,
        architecture=settings.architecture,
        license=settings.license,
        summary=settings.summary,
    )
    path = weights.path(entry.name)
    return ToolResult(
        f"{entry.name} is imported: {path}", files=(path,), details=entry.model_dump(mode="json")
    )


def _path(settings: NameSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega import weights

    path = weights.path(settings.name)
    return ToolResult(str(path), files=(path,))


MODELS = (
    Tool("models list", "List all known weights, on this machine or not.", ListSettings, _list),
    Tool("models show", "Show the details of one set of weights, with its card.", NameSettings, _show),
    Tool("models pull", "Download published weights and check them.", NameSettings, _pull),
    Tool("models verify", "Compare weights with their recorded sha256.", VerifySettings, _verify),
    Tool(
        "models convert",
        "Convert a .pth file to safetensors without running code from it.",
        ConvertSettings,
        _convert,
    ),
    Tool("models import", "Register weights from a file under a name.", ImportSettings, _import),
    Tool("models path", "Print the file of one set of weights.", NameSettings, _path),
)
