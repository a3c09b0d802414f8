"""``bottega.stylize`` and ``bottega.Stylizer``: the tool from Python, for files and pictures in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

import torch

from bottega import runtime
from bottega.errors import SettingsError
from bottega.tools.common.image_result import ImageResult
from bottega.tools.common.image_sources import start_source
from bottega.tools.common.output_paths import check_output
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import configure, is_out_of_memory, out_of_memory_error
from bottega.tools.stylize.methods.registry import DEFAULT_METHOD, reject_unsupported
from bottega.tools.stylize.pipeline import StylizePipeline, open_method
from bottega.tools.stylize.plan import NO_WEIGHTS, make_plan
from bottega.tools.stylize.settings import TransferSettings
from bottega.tools.stylize.style_spec import RegionSpec, mask_source, picture_source, style_specs


class Stylizer:
    """A style transfer method that keeps its network and the codes of its styles between pictures.

    >>> stylizer = bottega.Stylizer("micro", strength=0.8).set_style("woodcut")
    >>> for photo in ("a.jpg", "b.jpg"):
    ...     stylizer.stylize(photo).save(f"woodcut-{photo}")

    Args:
        method: as for ``bottega stylize --method``.
        start: for the method ``optimize``: ``"content"``, ``"noise"`` or a picture of any size.
        settings: fields of :class:`~bottega.tools.stylize.settings.TransferSettings`, such as ``size=1024``.

    Raises:
        SettingsError: a setting is invalid or the method does not support it.
        ResourceError: the device is not available.
    """

    def __init__(self, method: str = DEFAULT_METHOD, *, start: Any = "content", **settings: Any) -> None:
        threads = torch.get_num_threads()
        self._start = start_source(start) if isinstance(start, str) else picture_source(start, "start")
        if self._start is not None or start != "content":
            settings["start"] = start if self._start is None else "picture"
        self.settings = configure(TransferSettings, {"threads": threads, **settings, "method": method})
        with _threads():
            self._method = open_method(self.settings)
        self._pipeline: StylizePipeline | None = None

    def set_style(
        self,
        style: Any = None,
        *,
        region: Mapping[str, Any] | None = None,
        protect: Mapping[str, Any] | None = None,
        region_style_weight: Mapping[str, float] | None = None,
        region_content_weight: Mapping[str, float] | None = None,
    ) -> Self:
        """Set the styles of the next pictures; arguments and errors as for :func:`stylize`."""
        weights = {"region_style_weight": region_style_weight, "region_content_weight": region_content_weight}
        spec = self._method.spec
        arguments = {"style": style, **weights}
        reject_unsupported([spec], [name for name, value in arguments.items() if value is not None])
        if style is None and spec.supports("style"):
            raise SettingsError(
                f"The method {spec.name} needs a style: a picture, or the name of a bundled style."
            )
        with _threads():
            specs = [] if style is None else list(style_specs(style, self._method.fixed_styles))
            plan = make_plan(
                specs,
                [RegionSpec(name, mask_source(mask)) for name, mask in (region or {}).items()],
                [
                    RegionSpec(name, None if mask is None else mask_source(mask), protect=True)
                    for name, mask in (protect or {}).items()
                ],
                style_weights=region_style_weight or NO_WEIGHTS,
                content_weights=region_content_weight or NO_WEIGHTS,
                start=self._start,
                only_style=self._method.only_style,
            )
        self._pipeline = StylizePipeline(plan, self._method)
        return self

    def stylize(
        self,
        content: Any,
        *,
        output: str | Path | None = None,
        reporter: ProgressReporter | None = None,
    ) -> ImageResult:
        """Stylize one picture; arguments and errors as for :func:`stylize`."""
        pipeline = self._pipeline or self.set_style()._pipeline
        assert pipeline is not None
        source = picture_source(content, "content")
        inputs = (source, *pipeline.plan.sources)
        if output is not None:
            check_output(Path(output), inputs, overwrite=True, bits=self.settings.bits)
        with _threads():
            runtime.set_threads(self.settings.threads)
            picture = pipeline.run(source.open(), reporter or ProgressReporter())
            recipe_in = partial(pipeline.recipe, source)
        result = ImageResult(picture, inputs, recipe_in, self.settings.bits, self.settings.quality)
        if output is not None:
            result.save(output)
        return result


def stylize(
    content: Any,
    style: Any = None,
    *,
    method: str = DEFAULT_METHOD,
    region: Mapping[str, Any] | None = None,
    protect: Mapping[str, Any] | None = None,
    region_style_weight: Mapping[str, float] | None = None,
    region_content_weight: Mapping[str, float] | None = None,
    start: Any = "content",
    output: str | Path | None = None,
    reporter: ProgressReporter | None = None,
    **settings: Any,
) -> ImageResult:
    """Stylize a picture in the style of other pictures.

    A picture is a path, a PIL image, a numpy array, a tensor or a :class:`bottega.pictures.Picture`. The
    names of the command line are valid too: ``"china"`` as content, ``"woodcut@3"`` or
    ``"painting.jpg:0.4:scale=1.5"`` as style.

    >>> result = bottega.stylize("china", "woodcut", size=512)
    >>> result.image.show()
    >>> result.save("china-woodcut.png")

    Args:
        content: the picture to stylize.
        style: one style, alone, as ``(style, weight)`` or as ``(style, weight, scale)``; a list of these; a
            dict ``{style: weight}``; or, with regions, a dict ``{region: any of these}``; ``"background"`` is
            what no mask covers. For the method ``multi`` styles are the names that its network knows;
            ``fast``, which has a single one, takes none.
        method: as for ``bottega stylize --method``.
        region: ``{name: mask}``, masks of the content's size, white inside.
        protect: ``{name: mask}`` of what keeps its pixels; a mask of ``None`` means the region of that name,
            or the background.
        region_style_weight: ``{name: weight}``, multiples of the settings
            ``style_weight`` and ``content_weight`` in one region.
        region_content_weight: likewise.
        start: for the method ``optimize``: ``"content"``, ``"noise"`` or a picture of any size.
        output: also write the picture to this file, as :meth:`ImageResult.save` does.
        reporter: receives the progress; may cancel.
        settings: fields of :class:`~bottega.tools.stylize.settings.TransferSettings`, such as ``size=1024``.

    Returns:
        A result with ``.image`` (PIL), ``.array``, ``.tensor``, ``.recipe`` and ``.save()``.

    Raises:
        SettingsError: a setting, a name or a combination is invalid.
        PictureError: a picture cannot be read, or a mask has another size.
        OutputError: the output cannot be written.
        Cancelled: the reporter asked for it.
    """
    stylizer = Stylizer(method, start=start, **settings).set_style(
        style,
        region=region,
        protect=protect,
        region_style_weight=region_style_weight,
        region_content_weight=region_content_weight,
    )
    return stylizer.stylize(content, output=output, reporter=reporter)


@contextmanager
def _threads() -> Iterator[None]:
    """Restores the caller's number of threads, and translates errors of memory."""
    threads = torch.get_num_threads()
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise out_of_memory_error("stylize") from error
        raise
    finally:
        runtime.set_threads(threads)
