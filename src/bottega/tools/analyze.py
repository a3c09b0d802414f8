"""The tool ``read``: what a picture, or a folder of pictures, is like, in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from bottega.errors import SettingsError
from bottega.tools.adjust.tool import check_profile
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Settings, Tool, ToolResult, cli_option

if TYPE_CHECKING:
    from bottega.personalize import Condition


class AnalyzeSettings(Settings):
    """What is read, and where it is kept."""

    picture: Path = Field(
        description="a picture, a folder of pictures (what they have in common), a profile (.json), "
        "or a photograph to try: china, flower",
        json_schema_extra=cli_option(positional=True),
    )
    mask: Path | None = Field(
        None, description="a picture as large: colour and texture are read where it is white"
    )
    style: bool = Field(False, description="also measure the style, for profiles that paint in it")
    mix: list[str] = Field(
        [],
        description="mixed with what is read: another picture, folder or profile, with its weight "
        "(mine.json:2; the first has 1); may be repeated",
    )
    profile: Path | None = Field(
        None, description="keep it in this profile (.json)", json_schema_extra=cli_option(short="-o")
    )
    overwrite: bool = Field(False, description="replace the profile if it exists")


def _run(settings: AnalyzeSettings, report: ProgressReporter) -> ToolResult:
    from bottega.personalize import ATTRIBUTES

    if settings.profile is not None:
        check_profile(settings.profile, overwrite=settings.overwrite)
    found = _read(settings)
    says = {name: attribute.description for name, attribute in ATTRIBUTES.items()}
    says |= {"styles": "weights of styles", "embedding": "statistics of the style"}
    rows = tuple(
        {"attribute": name, "value": value, "is": says[name]} for name, value in found.to_strings().items()
    )
    files = () if settings.profile is None else (found.save(settings.profile),)
    details = {"condition": found.model_dump(mode="json", exclude_none=True, exclude={"embedding"})}
    return ToolResult(str(files[0]) if files else "", files=files, rows=rows, details=details)


def _read(settings: AnalyzeSettings) -> Condition:
    from bottega import pictures
    from bottega.personalize import analyze_condition, embed_style, mix_conditions
    from bottega.tools.adjust.condition import read_like, weighted
    from bottega.tools.common.image_sources import content_source

    if settings.mask is None:
        found = read_like(settings.picture, settings.style)
    elif settings.picture.is_dir() or settings.picture.suffix == ".json":
        raise SettingsError("--mask goes with a single picture.")
    else:
        picture = content_source(settings.picture).open().pixels
        found = analyze_condition(picture, pictures.load_mask(settings.mask))
        if settings.style:
            found = found.model_copy(update={"embedding": embed_style(picture)})
    others = [weighted(word) for word in settings.mix]
    if not others:
        return found
    read = [read_like(Path(word), settings.style) for word, _ in others]
    return mix_conditions([found, *read], [1.0, *(weight for _, weight in others)])


ANALYZE = Tool(
    name="analyze",
    summary="Say what a picture is like: colours, light, composition, texture; keep it as a profile.",
    settings=AnalyzeSettings,
    function=_run,
    uses_networks=True,
)
