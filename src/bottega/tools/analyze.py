"""The tool ``analyze`` and :func:`bottega.analyze`: the measured attributes of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bottega.errors import SettingsError
from bottega.tools.adjust.condition import analyze_path, analyze_picture, parse_weighted
from bottega.tools.common.image_sources import check_like, content_source, file_source
from bottega.tools.common.output_paths import check_json_output
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Settings, Tool, ToolResult, cli_option

if TYPE_CHECKING:
    from bottega.personalize import Condition


class AnalyzeSettings(Settings):
    """The picture to analyze, and where the result goes."""

    picture: Path = Field(
        description="a picture, a folder of pictures (their common attributes), a condition file, "
        "or a sample photograph: china, flower",
        json_schema_extra=cli_option(positional=True),
    )
    mask: Path | None = Field(
        None, description="a picture of the same size: color and texture are measured in its white areas"
    )
    with_style: bool = Field(False, description="also measure the style, to apply it with adjust --condition")
    mix: list[str] = Field(
        [],
        description="another picture, folder or condition file to mix in, with its weight (sea.jpg:2; the "
        "first has 1); may be repeated",
    )
    output: Path | None = Field(
        None,
        description="write the attributes to this condition file: mine.condition.json",
        json_schema_extra=cli_option(short="-o"),
    )
    overwrite: bool = Field(False, description="replace the condition file if it exists")


def _run(settings: AnalyzeSettings, reporter: ProgressReporter) -> ToolResult:
    from bottega.personalize import ATTRIBUTES

    if settings.output is not None:
        check_json_output(settings.output, "condition", overwrite=settings.overwrite)
    condition = _analyze(settings, reporter)
    meanings = {name: attribute.description for name, attribute in ATTRIBUTES.items()}
    meanings |= {"styles": "weights of styles", "embedding": "statistics of the style"}
    rows = tuple(
        {"attribute": name, "value": value, "meaning": meanings[name]}
        for name, value in condition.to_strings().items()
    )
    files = () if settings.output is None else (condition.save(settings.output),)
    details = {"condition": condition.model_dump(mode="json", exclude_none=True, exclude={"embedding"})}
    return ToolResult(str(files[0]) if files else "", files=files, rows=rows, details=details)


def _check_files(settings: AnalyzeSettings) -> None:
    check_like(settings.picture)
    if settings.mask is not None:
        file_source(settings.mask)
    for text in settings.mix:
        check_like(Path(parse_weighted(text)[0]))
    if settings.output is not None:
        check_json_output(settings.output, "condition", overwrite=settings.overwrite)


def _analyze(settings: AnalyzeSettings, reporter: ProgressReporter) -> Condition:
    from bottega.personalize import mix_conditions

    def progress(done: int, count: int) -> None:
        reporter.progress(done / count, f"analyzing pictures, {done} of {count}")

    if settings.mask is None:
        condition = analyze_path(settings.picture, settings.with_style, progress)
    elif settings.picture.is_dir() or settings.picture.suffix == ".json":
        raise SettingsError("--mask needs a single picture.")
    else:
        picture = content_source(settings.picture).open()
        condition = analyze_picture(picture, settings.with_style, file_source(settings.mask).open_mask())
    others = [parse_weighted(text) for text in settings.mix]
    if not others:
        return condition
    others_measured = (analyze_path(Path(path), settings.with_style, progress) for path, _ in others)
    conditions = [condition, *others_measured]
    return mix_conditions(conditions, [1.0, *(weight for _, weight in others)])


def analyze(picture: Any, *, mask: Any = None, with_style: bool = False) -> Condition:
    """The measured attributes of a picture: palette, light, composition, texture.

    >>> condition = bottega.analyze("painting.jpg")
    >>> print(condition)
    >>> condition.save("painting.condition.json")

    Args:
        picture: a path, a PIL image, a numpy array, a tensor or a :class:`bottega.pictures.Picture`.
        mask: a picture of the same size: color and texture are measured in its white areas.
        with_style: also measure the style.

    Raises:
        PictureError: the picture cannot be read, or the mask has another size.
    """
    from bottega.tools.stylize.style_spec import mask_source, picture_source

    mask_pixels = None if mask is None else mask_source(mask).open_mask()
    return analyze_picture(picture_source(picture, "picture").open(), with_style, mask_pixels)


ANALYZE = Tool(
    name="analyze",
    summary="Measure the attributes of a picture: palette, light, composition, texture.",
    settings=AnalyzeSettings,
    function=_run,
    check_files=_check_files,
    uses_networks=True,
    examples=(
        "analyze painting.jpg",
        "analyze pictures/ -o mine.condition.json",
    ),
)
