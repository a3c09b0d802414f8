"""``stylize --compare``: one picture by every method that is available, on a contact sheet."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from bottega import pictures
from bottega.errors import OutputError, SettingsError, WeightsError
from bottega.pictures import Picture
from bottega.tools.common.image_sources import Source, content_source
from bottega.tools.common.output_paths import check_output, unused_path
from bottega.tools.common.progress import ProgressReporter, SubProgress
from bottega.tools.common.tool import ToolResult, configure
from bottega.tools.stylize.methods.feedforward import method_of_model
from bottega.tools.stylize.methods.registry import METHODS, MethodSpec
from bottega.tools.stylize.pipeline import StylizePipeline, open_method
from bottega.tools.stylize.plan import parse_plan
from bottega.tools.stylize.settings import StylizeSettings, TransferSettings
from bottega.tools.stylize.sheet import method_sheet

DEFAULT_SIZE = 512
"""Long side of the results in pixels: that of the slowest method."""
REJECTED_SETTINGS = ("method", "sheet", "checkpoint")


def compare_methods(settings: StylizeSettings, reporter: ProgressReporter) -> ToolResult:
    """Stylize one picture by all methods, and write the contact sheet.

    A note names the methods that have no network. ``--model`` is for the method that it was trained for.

    Raises:
        SettingsError: a setting is for a single result.
        WeightsError: no method is available.
    """
    for name in REJECTED_SETTINGS:
        if name in settings.model_fields_set:
            raise SettingsError(f"--compare shows all methods on one sheet; leave --{name} out.")
    if settings.content.is_dir():
        raise SettingsError(f"--compare takes one picture, and {settings.content} is a folder.")
    if settings.model is not None and method_of_model(settings.model) not in METHODS:
        raise WeightsError(f"{settings.model} is not a style transfer network; leave --model out.")
    content = content_source(settings.content)
    output = settings.output or Path(f"{content.label}-compared.png")
    if settings.output is None and not settings.overwrite:
        output = unused_path(output)
    if output.is_dir():
        raise OutputError(f"{output} is a folder; give the name of a file.")
    before = content.open()
    pipelines = _open_pipelines(settings, reporter)
    inputs: list[Source] = [content]
    for pipeline in pipelines.values():
        inputs += pipeline.plan.sources
    check_output(output, inputs, overwrite=settings.overwrite)
    rows: list[dict[str, Any]] = []
    results: dict[str, Picture] = {}
    for index, (name, pipeline) in enumerate(pipelines.items()):
        start = time.monotonic()
        part = SubProgress(reporter, index / len(pipelines), (index + 1) / len(pipelines), name)
        part.progress(0.0)
        result = pipeline.run(before, part)
        seconds = round(time.monotonic() - start, 2)
        rows.append({"method": name, "seconds": seconds})
        results[f"{name}, {seconds:.3g} s"] = result
    sheet = method_sheet(before, next(iter(pipelines.values())), results)
    pictures.save(sheet, output, quality=settings.quality)
    return ToolResult(str(output), files=(output,), rows=tuple(rows))


def _open_pipelines(settings: StylizeSettings, reporter: ProgressReporter) -> dict[str, StylizePipeline]:
    """One for each method that is available."""
    pipelines: dict[str, StylizePipeline] = {}
    missing: dict[str, str] = {}
    for name, method in METHODS.items():
        try:
            pipelines[name] = _open_pipeline(method, settings)
        except WeightsError as error:
            if method.is_listed or settings.model is not None:
                missing[name] = str(error)
    if not pipelines:
        raise WeightsError("No method has its network here: " + " ".join(missing.values()))
    for name, reason in missing.items():
        reporter.note(f"Without {name}: {reason}")
    return pipelines


def _open_pipeline(spec: MethodSpec, settings: StylizeSettings) -> StylizePipeline:
    """The pipeline of one method, with those of the settings that it supports.

    Raises:
        WeightsError: its network is missing, or has not the styles.
    """
    names = settings.model_fields_set & TransferSettings.model_fields.keys()
    supported = {name: getattr(settings, name) for name in names if spec.supports(name)}
    if "model" in supported and method_of_model(supported["model"]) != spec.name:
        del supported["model"]
    method = open_method(
        configure(TransferSettings, {"size": DEFAULT_SIZE, **supported, "method": spec.name})
    )
    method.weights(Path.cwd())  # raises if they are missing, before any method has run
    has_weights = spec.supports("region_style_weight")
    try:
        plan = parse_plan(
            settings.style if spec.supports("style") else (),
            settings.region,
            settings.protect,
            style_weights=settings.region_style_weight if has_weights else (),
            content_weights=settings.region_content_weight if has_weights else (),
            start=settings.start if spec.supports("start") else "content",
            fixed_styles=method.fixed_styles,
            only_style=method.only_style,
        )
    except SettingsError as error:
        if method.fixed_styles is None:
            raise
        # A style picture need not have the name of a style of this network.
        raise WeightsError(str(error)) from None
    return StylizePipeline(plan, method)
