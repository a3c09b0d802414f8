"""The tool ``evaluate`` and :func:`bottega.evaluation`: pictures against a reference, with metrics."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import OutputError, SettingsError
from bottega.files import check_overwrite, write_file
from bottega.tools.common.image_sources import check_pictures, file_source
from bottega.tools.common.output_paths import unused_path
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult, configure
from bottega.tools.evaluate.settings import EvaluateSettings

if TYPE_CHECKING:
    from bottega.evaluation import Interval
    from bottega.evaluation.report import MetricRow, Section
    from bottega.personalize import Condition

MATCH = "personalization match"
"""The metric that ``--condition`` adds."""


@dataclass(frozen=True)
class EvaluationResult:
    """A report; notebooks show its page.

    Attributes:
        html: the self-contained page.
        verdict: what the values say in plain sentences, with their limits.
        rows: a row per metric: its value, the ends of its interval, and the value of the reference.
        values: everything, as plain values for JSON.
        unreadable: why files were left out.
    """

    html: str
    verdict: str
    rows: tuple[dict[str, Any], ...]
    values: dict[str, Any]
    unreadable: tuple[str, ...] = ()

    def save(self, path: str | Path) -> tuple[Path, Path]:
        """Write the page, and its values to a .json file beside it.

        Raises:
            OutputError: the name does not end in .html, or a file cannot be written.
        """
        page = Path(path)
        _check_page(page)
        values = page.with_suffix(".json")
        write_file(page, self.html)
        write_file(values, json.dumps(self.values, ensure_ascii=False, indent=1) + "\n")
        return page, values

    def _repr_html_(self) -> str:
        return self.html


def _run(settings: EvaluateSettings, reporter: ProgressReporter) -> ToolResult:
    if settings.form is not None:
        return _write_form(settings)
    page = settings.report or Path(f"{settings.results.resolve().name}-report.html")
    if settings.report is None and not settings.overwrite:
        page = unused_path(page, ".json")
    _check_page(page)
    for path in (page, page.with_suffix(".json")):
        check_overwrite(path, settings.overwrite)
    result = _evaluate(settings, reporter)
    for reason in result.unreadable:
        reporter.note(reason)
    summary = f"{page}: {result.verdict}"
    return ToolResult(summary, files=result.save(page), rows=result.rows, details=result.values)


def _check_files(settings: EvaluateSettings) -> None:
    for folder in (settings.results, settings.against):
        check_pictures(folder)
    for file in (*settings.ratings, *([] if settings.condition is None else [settings.condition])):
        file_source(file)
    page = settings.form or settings.report
    if page is not None:
        _check_page(page)
        check_overwrite(page, settings.overwrite)


def _check_page(path: Path) -> None:
    if path.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"{path}: the page must end in .html.")


def _evaluate(settings: EvaluateSettings, reporter: ProgressReporter) -> EvaluationResult:
    from bottega.evaluation.report import build_report

    rating_sections, ratings = _ratings(settings.ratings)
    match_sections = [] if settings.condition is None else [_match_section(settings)]
    start = time.monotonic()

    def progress(done: int, count: int) -> None:
        left = (time.monotonic() - start) * (count - done) / done
        reporter.progress(done / count, f"{done} of {count} pictures", seconds_left=left)

    report = build_report(
        settings.results,
        settings.against,
        extractors=settings.extractor,
        colors=[color for text in settings.palette for color in text.replace(",", " ").split()],
        size=settings.size,
        seed=settings.seed,
        extra_sections=[*match_sections, *rating_sections],
        on_progress=progress,
    )
    values = {**report.values, **ratings}
    if match_sections:
        values["condition"] = [row.to_dict() for row in match_sections[0].rows]
    rows = chain(*(section.rows for section in match_sections), *report.tables.values())
    unreadable = tuple(report.values["unreadable"].values())
    return EvaluationResult(report.html, report.verdict, tuple(_row(row) for row in rows), values, unreadable)


def _row(row: MetricRow) -> dict[str, Any]:
    return {
        "metric": row.name,
        "results": _round(row.value.estimate),
        "low": _round(row.value.low),
        "high": _round(row.value.high),
        "reference": _round(row.reference),
    }


def _round(value: float) -> float | None:
    return None if value != value else float(f"{value:.4g}")


def _write_form(settings: EvaluateSettings) -> ToolResult:
    from bottega.evaluation.ratings import rating_form
    from bottega.evaluation.report import list_pictures

    assert settings.form is not None
    if settings.ratings:
        raise SettingsError("--form makes a rating page and --ratings reads ratings; give only one.")
    _check_page(settings.form)
    check_overwrite(settings.form, settings.overwrite)
    groups = {
        "results": list_pictures(settings.results),
        "reference": list_pictures(settings.against),
    }
    write_file(settings.form, rating_form(groups, seed=settings.seed))
    return ToolResult(
        f"{settings.form}: send it to the raters; each sends back a file for --ratings.",
        files=(settings.form,),
    )


def _ratings(files: Sequence[Path]) -> tuple[list[Section], dict[str, Any]]:
    """The section of the report about people's ratings, and its values."""
    if not files:
        return [], {}
    from bottega.evaluation.ratings import rating_section, read_ratings, summarize_ratings

    summary = summarize_ratings(read_ratings(files))
    return [rating_section(summary)], {"ratings": summary.to_dict()}


def _match_section(settings: EvaluateSettings) -> Section:
    """The section about the personalization match, overall and by attribute, beside that of the reference.

    Raises:
        SettingsError: the condition file is invalid, or requests nothing that is measured.
    """
    from bottega.evaluation.report import MetricRow, Section
    from bottega.personalize import Condition

    assert settings.condition is not None
    condition = Condition.load(settings.condition)
    results = _matches(settings.results, condition, settings.seed)
    reference = _matches(settings.against, condition, settings.seed)
    rows = [
        MetricRow(
            MATCH if name == "mean" else f"{MATCH}: {name}",
            value,
            reference[name].estimate,
            "higher",
            "the mean of all attributes" if name == "mean" else "one attribute",
        )
        for name, value in results.items()
    ]
    text = (
        f"How closely each picture follows {settings.condition.name}: 1 is as requested, 0 as far as one "
        "random pair of pictures in twenty is. The reference was not made for this condition."
    )
    return Section("Condition", (text,), rows)


def _matches(folder: Path, condition: Condition, seed: int) -> dict[str, Interval]:
    from bottega.errors import PictureError
    from bottega.evaluation import personalization_match
    from bottega.evaluation.report import list_pictures
    from bottega.personalize import analyze_condition, match
    from bottega.pictures import composite_on_white, load

    measured = []
    for file in list_pictures(folder):
        try:
            measured.append(analyze_condition(composite_on_white(load(file))))
        except PictureError:  # the report itself lists unreadable files
            continue
    return personalization_match([condition] * len(measured), measured, match, seed=seed)


def evaluate(
    results: str | Path,
    against: str | Path,
    *,
    reporter: ProgressReporter | None = None,
    **settings: Any,
) -> EvaluationResult:
    """Compare a folder of pictures with a folder of real ones.

    >>> result = bottega.evaluate("generated", "photos", extractor=["small"])
    >>> result.rows[0]["metric"], result.rows[0]["results"]
    >>> result.save("report.html")

    Args:
        results: the folder of pictures to evaluate; eight or more.
        against: the folder of real pictures; eight or more.
        reporter: receives progress.
        settings: options of ``bottega evaluate``, such as ``condition="mine.condition.json"``.

    Raises:
        SettingsError: a setting is invalid.
        PictureError: a folder is missing, or too few of its pictures can be read.
        WeightsError: the weights of an extractor are missing.
    """
    values = {"results": Path(results), "against": Path(against), **settings}
    return _evaluate(configure(EvaluateSettings, values), reporter or ProgressReporter())


EVALUATE = Tool(
    "evaluate",
    "Compare pictures with real ones: a page with metrics, intervals and contact sheets.",
    EvaluateSettings,
    _run,
    uses_networks=True,
    check_files=_check_files,
    examples=("evaluate results/ --against real/ --report report.html",),
)
