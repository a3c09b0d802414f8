"""``bottega.stylize(...)``: the tool as a Python function, for pictures in memory as well as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from bottega import pictures, runtime
from bottega.errors import BottegaError, SettingsError
from bottega.pictures import Picture
from bottega.tools.common.image_sources import FileSource, MemorySource, Source, file_source, start_source
from bottega.tools.common.output_paths import check_not_input, check_output
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import configure, is_out_of_memory, out_of_memory_error
from bottega.tools.stylize.methods import METHODS
from bottega.tools.stylize.methods.base import refuse_foreign
from bottega.tools.stylize.pipeline import Painter
from bottega.tools.stylize.plan import BACKGROUND, RegionChoice, StyleChoice, make_plan
from bottega.tools.stylize.settings import PaintSettings
from bottega.tools.stylize.style_spec import StyleNames, read_style


@dataclass(frozen=True)
class Stylized:
    """A picture that was made, with what it takes to write it or to make it again."""

    picture: Picture
    settings: PaintSettings
    inputs: tuple[Source, ...]
    recipe_for: Callable[[Path], dict[str, Any]]
    """The recipe of a file in a folder; recorded paths are as seen from there."""

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe, with paths as seen from the current folder."""
        return self.recipe_for(Path.cwd())

    def save(self, path: str | Path) -> Path:
        """Write the picture with its recipe; an older file of that name is replaced, an input never.

        Raises:
            OutputError: the file cannot be written, or is one of the inputs.
        """
        target = Path(path)
        check_not_input(target, self.inputs)
        recipe = self.recipe_for(target.parent)
        bits, quality = self.settings.bits, self.settings.quality
        return pictures.save(self.picture, target, bits=bits, quality=quality, recipe=recipe)


def stylize(
    content: Any,
    style: Any = None,
    *,
    region: Mapping[str, Any] | None = None,
    leave: Mapping[str, Any] | None = None,
    region_style_weight: Mapping[str, float] | None = None,
    region_content_weight: Mapping[str, float] | None = None,
    start: Any = "content",
    output: str | Path | None = None,
    report: ProgressReporter | None = None,
    **settings: Any,
) -> Stylized:
    """Repaint a picture in the manner of others.

    A picture is a path, a PIL image, a numpy array, a tensor or a :class:`bottega.pictures.Picture`; a style
    may also be a word of the command line (``"woodcut@3"``, ``"painting.jpg:0.4:scale=1.5"``).

    Args:
        content: the picture to repaint.
        style: one style, alone, as ``(style, weight)`` or as ``(style, weight, scale)``; a list of such; a
            dict ``{word: weight}``; or, with regions, a dict ``{region: any of these}``; ``"background"`` is
            what no mask covers. For the method ``multi`` styles are the names that its network knows;
            ``fast``, which has but one, takes none.
        region: ``{name: mask}``, masks as large as the content, white inside.
        leave: ``{name: mask}`` of what keeps its pixels; a mask of ``None`` means a region of that name, or
            the background.
        region_style_weight, region_content_weight: ``{name: weight}``, multiples of the settings
            ``style_weight`` and ``content_weight`` in one region.
        start: ``"content"``, ``"noise"`` or a picture of any size to start from.
        output: also write the picture there, like :meth:`Stylized.save`.
        report: told about the progress; may cancel.
        settings: fields of :class:`~bottega.tools.stylize.settings.PaintSettings`, such as ``size=1024``.

    Raises:
        SettingsError: a setting, a name or a combination is not usable.
        PictureError: a picture cannot be read, or a mask has another size.
        OutputError: the output cannot be written.
        Cancelled: the report asked for it.
    """
    threads = torch.get_num_threads()
    # The caller's own number of threads is kept unless one is asked for here.
    first = start_source(start) if isinstance(start, str) else _source(start, "start")
    if first is not None or start != "content":
        settings["start"] = start if first is None else "picture"
    chosen = configure(PaintSettings, {"threads": threads, **settings})
    method = METHODS[chosen.method]
    weights = {"region_style_weight": region_style_weight, "region_content_weight": region_content_weight}
    given = [name for name, value in {"style": style, **weights}.items() if value is not None]
    refuse_foreign([method], given, METHODS.values())
    if style is None and method.honours("style"):
        raise SettingsError(
            f"The method {method.name} needs a style: a picture, or the name of a bundled one."
        )
    source = _source(content, "content")
    regions = [RegionChoice(name, _source(mask, "mask")) for name, mask in (region or {}).items()]
    left = [
        RegionChoice(name, None if mask is None else _source(mask, "mask"), leave=True)
        for name, mask in (leave or {}).items()
    ]
    try:
        stylizer = method.open(chosen)
        plan = make_plan(
            [] if style is None else list(_styles(style, BACKGROUND, stylizer.names)),
            regions,
            left,
            style_weights=region_style_weight or {},
            content_weights=region_content_weight or {},
            start=first,
            only_style=stylizer.only_style,
        )
        inputs = (source, *plan.sources)
        if output is not None:
            check_output(Path(output), inputs, overwrite=True, bits=chosen.bits)
        painter = Painter(plan, chosen, stylizer)
        picture = painter.paint(source.open(), report or ProgressReporter())
    except BottegaError:
        raise
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise out_of_memory_error("stylize") from error
        raise
    finally:
        runtime.set_threads(threads)
    made = Stylized(picture, painter.settings, inputs, partial(painter.recipe, source))
    if output is not None:
        made.save(output)
    return made


def _source(thing: Any, label: str) -> FileSource | MemorySource:
    if isinstance(thing, str | Path):
        return file_source(Path(thing))
    return MemorySource(pictures.as_picture(thing), label)


def read_styles(given: Any, names: StyleNames) -> Iterable[StyleChoice]:
    """Every style that the argument ``style`` of :func:`stylize` describes, in its order."""
    return _styles(given, BACKGROUND, names)


def _styles(given: Any, region: str, names: StyleNames) -> Iterable[StyleChoice]:
    """Every style that the forms of the argument describe."""
    if isinstance(given, Mapping):
        for key, value in given.items():
            if isinstance(value, int | float):
                yield _one_style(key, value, region=region, names=names)
            elif region != BACKGROUND:
                raise SettingsError(
                    f'The styles of the region "{region}" hold further regions; one level is enough.'
                )
            else:
                yield from _styles(value, str(key), names)
    elif isinstance(given, list | tuple) and not _is_weighted(given):
        if not given:
            raise SettingsError("There is no style; give at least one.")
        for entry in given:
            yield _one_style(*(entry if _is_weighted(entry) else (entry,)), region=region, names=names)
    else:
        yield _one_style(*(given if _is_weighted(given) else (given,)), region=region, names=names)


def _is_weighted(thing: Any) -> bool:
    """Whether it is ``(style, weight)`` or ``(style, weight, scale)``."""
    return (
        isinstance(thing, tuple)
        and len(thing) in (2, 3)
        and all(isinstance(number, int | float) for number in thing[1:])
    )


def _one_style(
    thing: Any, weight: float | None = None, scale: float | None = None, *, region: str, names: StyleNames
) -> StyleChoice:
    choice = read_style(thing, names) if isinstance(thing, str) else StyleChoice(_source(thing, "style"))
    return replace(
        choice,
        weight=choice.weight if weight is None else float(weight),
        scale=choice.scale if scale is None else float(scale),
        region=choice.region if region == BACKGROUND else region,
    )
