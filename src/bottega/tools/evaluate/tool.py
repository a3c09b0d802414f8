"""The tool ``evaluate``: pictures against a reference, as one page with figures, drawings and sheets."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bottega.errors import OutputError, SettingsError
from bottega.files import check_writable_folder
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Settings, Tool, ToolResult, cli_option

if TYPE_CHECKING:
    from bottega.evaluate.report import Section


class EvaluateSettings(Settings):
    """What is compared with what, and where the page goes."""

    results: Path = Field(
        description="the folder of pictures to judge, with the folders in it",
        json_schema_extra=cli_option(positional=True),
    )
    against: Path = Field(description="the folder of real pictures: what the results should be like")
    report: Path | None = Field(
        None,
        description="the page to write, .html, and the figures beside it, .json; else <results>-report.html",
        json_schema_extra=cli_option(short="-o"),
    )
    extractor: list[str] = Field(
        ["small", "random"],
        description="whose features are compared, may be repeated: small, random, inception, vgg19, …",
    )
    palette: list[str] = Field(
        [],
        description='target palette: "#203040,#e0c080", with shares "#203040:0.3"; else the reference\'s',
    )
    size: int = Field(
        0,
        ge=0,
        le=1024,
        description="side at which sharpness and texture are compared; 0 takes that of the smaller pictures",
        json_schema_extra=cli_option(unit="pixels"),
    )
    wish: Path | None = Field(
        None, description="a profile that the results were to follow; adds the personalisation match"
    )
    form: Path | None = Field(
        None, description="write a page on which people rate the pictures, blind, instead of a report"
    )
    ratings: list[Path] = Field(
        [], description="ratings that people made on such a page (.json or .csv), may be repeated"
    )
    seed: int = Field(0, ge=0, description="of sheets, intervals and the order on a rating page")
    overwrite: bool = Field(False, description="replace the page and the figures if they exist")


def _evaluate(settings: EvaluateSettings, report: ProgressReporter) -> ToolResult:
    if settings.form is not None:
        return _form(settings)
    from bottega.evaluate.report import build_report

    target = settings.report or Path(f"{settings.results.resolve().name}-report.html")
    figures = target.with_suffix(".json")
    for path in (target, figures):
        _check(path, overwrite=settings.overwrite)
    if target.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"{target}: a report is a page; name it .html.")
    rated, told = _rated(settings.ratings)
    wished = _wished(settings)
    start = time.monotonic()

    def progress(done: int, every: int) -> None:
        left = (time.monotonic() - start) * (every - done) / done
        report.progress(done / every, f"{done} of {every} pictures", seconds_left=left)

    found = build_report(
        settings.results,
        settings.against,
        extractors=settings.extractor,
        colors=[word for words in settings.palette for word in words.replace(",", " ").split()],
        size=settings.size,
        seed=settings.seed,
        extra_sections=[*wished, *rated],
        on_progress=progress,
    )
    for reason in found.values["unreadable"].values():
        report.note(reason)
    values = {**found.values, **told}
    if wished:
        values["wish"] = [row.to_dict() for row in wished[0].rows]
    _write(target, found.html)
    _write(figures, json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    rows = tuple(
        {
            "metric": row.name,
            "results": _rounded(row.value.estimate),
            "low": _rounded(row.value.low),
            "high": _rounded(row.value.high),
            "reference": _rounded(row.reference),
        }
        for row in chain(*(section.rows for section in wished), *found.tables.values())
    )
    return ToolResult(str(target), files=(target, figures), rows=rows, details=values)


def _form(settings: EvaluateSettings) -> ToolResult:
    from bottega.evaluate.ratings import rating_form
    from bottega.evaluate.report import list_pictures

    assert settings.form is not None
    if settings.ratings:
        raise SettingsError(
            "--form makes a page to rate on and --ratings reads what was rated; give one of both."
        )
    if settings.form.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"{settings.form}: a form is a page; name it .html.")
    _check(settings.form, overwrite=settings.overwrite)
    groups = {
        "results": list_pictures(settings.results),
        "reference": list_pictures(settings.against),
    }
    _write(settings.form, rating_form(groups, seed=settings.seed))
    return ToolResult(
        f"{settings.form}: send it to those who shall rate; each sends back a file for --ratings.",
        files=(settings.form,),
    )


def _wished(settings: EvaluateSettings) -> list[Section]:
    if settings.wish is None:
        return []
    from bottega.tools.evaluate.condition_match import wish_section

    return [wish_section(settings.wish, settings.results, settings.against, settings.seed)]


def _rated(files: Sequence[Path]) -> tuple[list[Section], dict[str, Any]]:
    if not files:
        return [], {}
    from bottega.evaluate.ratings import rating_section, read_ratings, summarize_ratings

    summary = summarize_ratings(read_ratings(files))
    return [rating_section(summary)], {"ratings": summary.to_dict()}


def _check(path: Path, *, overwrite: bool) -> None:
    check_writable_folder(path.parent)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file to write.")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} already exists; choose another name, or add --overwrite to replace it.")


def _write(path: Path, text: str) -> None:
    from bottega.files import atomic_write

    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _rounded(value: float) -> float | None:
    return None if value != value else float(f"{value:.4g}")


EVALUATE = Tool(
    "evaluate",
    "Compare pictures with real ones: one page with figures, intervals and sheets.",
    EvaluateSettings,
    _evaluate,
    uses_networks=True,
)
