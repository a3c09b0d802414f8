"""``stylize --compare``: one picture by every method that is usable here, side by side on a sheet."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import OutputError, SettingsError, WeightsError
from bottega.tools.common.contact_sheet import split_rows
from bottega.tools.common.image_sources import Source, TrainedSource, content_source
from bottega.tools.common.output_paths import check_output
from bottega.tools.common.progress import ProgressReporter, SubProgress
from bottega.tools.common.tool import ToolResult, configure
from bottega.tools.stylize.methods import METHODS, Method
from bottega.tools.stylize.methods.feedforward import architecture
from bottega.tools.stylize.settings import PaintSettings
from bottega.tools.stylize.sheet import HEIGHT
from bottega.tools.stylize.style_spec import PICTURES, read_plan

if TYPE_CHECKING:
    from bottega.pictures import Picture
    from bottega.tools.stylize.pipeline import Painter
    from bottega.tools.stylize.tool import StylizeSettings

SIZE = 512
"""Long side of the pictures where none is asked for: that of the slowest method."""

LARGEST_ROW = 3
NOT_HERE = ("method", "sheet", "state")


def compare(settings: StylizeSettings, report: ProgressReporter) -> ToolResult:
    """Paint one picture by all methods; the sheet is the result.

    A method without a network is named in a note. ``--model`` names that of the method that it was trained
    for.

    Raises:
        SettingsError: a setting that says what a single picture would be.
        WeightsError: no method is usable.
    """
    from bottega import pictures

    for name in NOT_HERE:
        if name in settings.model_fields_set:
            raise SettingsError(f"--compare shows all methods on one sheet; leave --{name} away.")
    if settings.content.is_dir():
        raise SettingsError(f"--compare takes one picture, and {settings.content} is a folder.")
    if settings.model is not None and architecture(settings.model) not in METHODS:
        raise WeightsError(f"{settings.model} is no network that paints; leave --model away.")
    content = content_source(settings.content)
    output = settings.output or Path(f"{content.label}-compared.png")
    if output.is_dir():
        raise OutputError(f"{output} is a folder; name the file of the sheet.")
    before = content.open()
    painters = _painters(settings, report)
    inputs: list[Source] = [content]
    for painter in painters.values():
        inputs += painter.plan.sources
    check_output(output, inputs, overwrite=settings.overwrite)
    rows = []
    tiles: list[Picture] = []
    for number, (name, painter) in enumerate(painters.items()):
        report.progress(number / len(painters), name)
        start = time.monotonic()
        tiles.append(
            painter.paint(
                before, SubProgress(report, number / len(painters), (number + 1) / len(painters), name)
            )
        )
        rows.append({"method": name, "seconds": round(time.monotonic() - start, 2)})
    captions = [f"{row['method']}, {row['seconds']:.3g} s" for row in rows]
    first, labels = _originals(before, next(iter(painters.values())))
    rows_of = [first, *split_rows(tiles, LARGEST_ROW)]
    sheet = pictures.sheet(rows_of, [labels, *split_rows(captions, LARGEST_ROW)], height=HEIGHT)
    pictures.save(sheet, output, quality=settings.quality)
    return ToolResult(str(output), files=(output,), rows=tuple(rows))


def _painters(settings: StylizeSettings, report: ProgressReporter) -> dict[str, Painter]:
    """One per method that can paint this."""
    found: dict[str, Painter] = {}
    missing: dict[str, str] = {}
    for name, method in METHODS.items():
        try:
            found[name] = _painter(method, settings)
        except WeightsError as error:
            missing[name] = str(error)
    if not found:
        raise WeightsError("No method has its network here: " + " ".join(missing.values()))
    for name, reason in missing.items():
        report.note(f"Without {name}: {reason}")
    return found


def _painter(method: Method, settings: StylizeSettings) -> Painter:
    from bottega.tools.stylize.pipeline import Painter

    given = settings.model_dump(include=settings.model_fields_set & set(PaintSettings.model_fields))
    own: dict[str, Any] = {name: value for name, value in given.items() if method.honours(name)}
    if "model" in own and architecture(own["model"]) != method.name:
        del own["model"]
    stylizer = method.open(configure(PaintSettings, {"size": SIZE, **own, "method": method.name}))
    stylizer.weights(Path.cwd())  # says what is missing before any method has painted
    takes_weights = method.honours("region_style_weight")
    try:
        plan = read_plan(
            settings.style if method.honours("style") else (),
            settings.region,
            settings.leave,
            style_weights=settings.region_style_weight if takes_weights else (),
            content_weights=settings.region_content_weight if takes_weights else (),
            start=settings.start if method.honours("start") else "content",
            names=stylizer.names,
            only_style=stylizer.only_style,
        )
    except SettingsError as error:
        if stylizer.names is PICTURES:
            raise
        # What names a picture to the others need not be a style that this network knows.
        raise WeightsError(str(error)) from None
    return Painter(plan, stylizer.asked, stylizer)


def _originals(before: Picture, painter: Painter) -> tuple[list[Any], list[str]]:
    """The first row: the photograph and every style once."""
    styles = {
        choice.source.name: (picture, choice.source.label)
        for choice, picture in zip(painter.plan.styles, painter.style_pictures, strict=True)
        if not isinstance(choice.source, TrainedSource)
    }
    tiles = [before, *(picture for picture, _ in styles.values())]
    return tiles, ["photograph", *(label for _, label in styles.values())]
