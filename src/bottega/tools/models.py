"""The tools ``models list``, ``show``, ``pull``, ``verify``, ``convert``, ``import`` and ``path``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bottega.errors import BottegaError, MismatchError, OutputError, SettingsError
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Settings, Tool, ToolResult, cli_option

if TYPE_CHECKING:
    from bottega.weights import Entry


class ListSettings(Settings):
    """Which weights to list."""

    here: bool = Field(False, description="only those that are on this machine")


class NameSettings(Settings):
    """One set of weights."""

    name: str = Field(
        description="as bottega models list shows it", json_schema_extra=cli_option(positional=True)
    )


class VerifySettings(Settings):
    """Which weights to read and compare."""

    name: str = Field(
        "",
        description="one name; without it, all that are here",
        json_schema_extra=cli_option(positional=True),
    )


class ConvertSettings(Settings):
    """A foreign file and the safetensors file to write."""

    source: Path = Field(
        description="a .pth, .pt or .safetensors file with a state dict",
        json_schema_extra=cli_option(positional=True),
    )
    output: Path = Field(
        description="the .safetensors file to write", json_schema_extra=cli_option(short="-o")
    )
    overwrite: bool = Field(False, description="replace the output if it exists")


class ImportSettings(Settings):
    """A foreign file and the name that it gets on the artist's own shelf."""

    source: Path = Field(
        description="a .pth, .pt or .safetensors file with a state dict",
        json_schema_extra=cli_option(positional=True),
    )
    name: str = Field(
        description="what commands will call it; for a published name, exactly its published file"
    )
    architecture: str = Field("", description="the network that the weights fit, such as vgg19")
    licence: str = Field("not stated", description="on what terms they may be used")
    summary: str = Field("", description="one line for the list")


def _list(settings: ListSettings, report: ProgressReporter) -> ToolResult:
    from bottega import weights

    shown = [entry for entry in weights.entries() if weights.is_here(entry.name) or not settings.here]
    return ToolResult("", rows=tuple(_row(entry) for entry in shown))


def _row(entry: Entry) -> dict[str, Any]:
    from bottega import weights

    return {
        "name": entry.name,
        "shelf": entry.shelf,
        "here": "yes" if weights.is_here(entry.name) else "no",
        "size": f"{entry.size / 1e6:.1f} MB",
        "licence": entry.licence.partition(";")[0],
        "summary": entry.summary,
    }


def _show(settings: NameSettings, report: ProgressReporter) -> ToolResult:
    from bottega import weights

    entry = weights.entry(settings.name)
    facts = {**entry.model_dump(mode="json"), "here": weights.is_here(entry.name)}
    card = "" if entry.card is None else entry.card.read_text(encoding="utf-8")
    rows = tuple(
        {"fact": key, "value": _shown(value)} for key, value in facts.items() if value not in (None, [], {})
    )
    return ToolResult(card, rows=rows, details={**facts, "card": card})


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return value


def _pull(settings: NameSettings, report: ProgressReporter) -> ToolResult:
    from bottega import weights

    start = time.monotonic()

    def progress(here: int, whole: int) -> None:
        elapsed = time.monotonic() - start
        left = elapsed * (whole - here) / here if here else None
        report.progress(
            here / whole, f"{settings.name} {here / 1e6:.0f} of {whole / 1e6:.0f} MB", seconds_left=left
        )

    path = weights.pull(settings.name, progress)
    return ToolResult(f"{settings.name} is here and whole: {path}", files=(path,))


def _verify(settings: VerifySettings, report: ProgressReporter) -> ToolResult:
    from bottega import weights

    names = (
        [settings.name] if settings.name else [e.name for e in weights.entries() if weights.is_here(e.name)]
    )
    rows = []
    failed = []
    for number, name in enumerate(names):
        report.progress(number / len(names), name)
        try:
            weights.verify(name)
            rows.append({"name": name, "state": "whole"})
        except BottegaError as error:
            rows.append({"name": name, "state": str(error)})
            failed.append(name)
    mismatch = MismatchError(f"Not whole: {', '.join(failed)}.") if failed else None
    return ToolResult("" if rows else "There are no weights here.", rows=tuple(rows), error=mismatch)


def _convert(settings: ConvertSettings, report: ProgressReporter) -> ToolResult:
    from bottega import weights

    if settings.output.exists() and settings.source.exists() and settings.output.samefile(settings.source):
        raise OutputError(f"{settings.output} is the input and is never overwritten; choose another name.")
    if settings.output.exists() and not settings.overwrite:
        raise OutputError(f"{settings.output} already exists; choose another name, or add --overwrite.")
    sha256 = weights.convert(settings.source, settings.output)
    return ToolResult(
        f"{settings.output} (sha256 {sha256})", files=(settings.output,), details={"sha256": sha256}
    )


def _import(settings: ImportSettings, report: ProgressReporter) -> ToolResult:
    from bottega import weights

    if any(entry.name == settings.name and entry.shelf == "own" for entry in weights.entries()):
        raise SettingsError(f'There are weights called "{settings.name}" already; choose another name.')
    entry = weights.adopt(
        settings.name,
        settings.source,
        architecture=settings.architecture,
        licence=settings.licence,
        summary=settings.summary,
    )
    path = weights.path(entry.name)
    return ToolResult(
        f"{entry.name} is on your shelf: {path}", files=(path,), details=entry.model_dump(mode="json")
    )


def _path(settings: NameSettings, report: ProgressReporter) -> ToolResult:
    from bottega import weights

    path = weights.path(settings.name)
    return ToolResult(str(path), files=(path,))


MODELS = (
    Tool("models list", "List the weights that are known, here or not.", ListSettings, _list),
    Tool("models show", "Show what is known about one set of weights, with its card.", NameSettings, _show),
    Tool("models pull", "Fetch published weights from their publisher and check them.", NameSettings, _pull),
    Tool("models verify", "Read weights again and compare their sha256.", VerifySettings, _verify),
    Tool(
        "models convert",
        "Turn a foreign .pth file into safetensors; nothing in it is run.",
        ConvertSettings,
        _convert,
    ),
    Tool(
        "models import", "Put weights of your own, or carried here, on your shelf.", ImportSettings, _import
    ),
    Tool("models path", "Print where the file of some weights is.", NameSettings, _path),
)
