"""What the methods with a feed-forward network share: loading the network, regions, and keeping colors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bottega import pictures, runtime, weights
from bottega.errors import WeightsError
from bottega.tools.common.image_sources import FileSource, file_source
from bottega.tools.stylize.methods.base import StylizeRequest
from bottega.tools.stylize.methods.registry import METHODS, MethodSpec
from bottega.tools.stylize.settings import TransferSettings
from bottega.transfer import feedforward as networks
from bottega.transfer.color_transfer import ColorMatchMethod, luminance_transfer, recolor_style
from bottega.transfer.regions import Region, composite, partition, recolor_styles

SUFFIX = ".safetensors"
METHOD_BY_ARCHITECTURE = {"fitted": "fast"}
"""Where the names differ: a micro network fine-tuned for one style is for ``fast``."""
BASE_BYTES = 4e8
"""Memory of the process and a network."""
FLOAT_BYTES_PER_PIXEL = 60
"""Besides the network's own work: content, result and intermediate pictures in float32."""

FEW_COLORS_NOTE = (
    "A style has too few colors to take on those of the picture, so the picture keeps its own and takes only "
    "the strokes."
)


def model_source(settings: TransferSettings) -> FileSource | str:
    """The file or registered name of the network; the default has the name of the method.

    Raises:
        PictureError: there is no such file.
        WeightsError: there is no default.
    """
    name = settings.method
    if settings.model is None and name not in [entry.name for entry in weights.entries()]:
        raise WeightsError(_missing_network(METHODS[name]))
    model = settings.model or name
    return file_source(Path(model)) if model.endswith(SUFFIX) or Path(model).is_file() else model


def _missing_network(spec: MethodSpec) -> str:
    """The message for a method without a network: the user's own ones for it, or how to make one."""
    own = [
        entry.name
        for entry in weights.entries()
        if entry.origin == "own"
        and METHOD_BY_ARCHITECTURE.get(entry.architecture, entry.architecture) == spec.name
    ]
    need = f"The method {spec.name} needs a network that was trained for it"
    if own:
        return f"{need}; yours: {', '.join(own)}; choose one, as in --model {own[0]}."
    if spec.made_by:
        return f"{need}; make one with: {spec.made_by}; then add --model mine."
    return f"{need}; name yours with --model, as in --model {spec.name}{SUFFIX}."


def model_record(settings: TransferSettings, folder: Path) -> dict[str, Any]:
    """What a recipe in ``folder`` records of the network; errors as for :func:`model_source`."""
    source = model_source(settings)
    if isinstance(source, FileSource):
        return source.record(folder)
    return {"kind": "weights", "name": source, "sha256": weights.entry(source).sha256}


def load_network(settings: TransferSettings) -> nn.Module:
    """The network of the method, on the CPU.

    Raises:
        WeightsError: it is missing, damaged, or for another method.
    """
    source = model_source(settings)
    path = source.path if isinstance(source, FileSource) else source
    network = networks.load(path)
    (architecture,) = (name for name, kind in networks.NETWORKS.items() if kind is type(network))
    method = METHOD_BY_ARCHITECTURE.get(architecture, architecture)
    if method != settings.method:
        raise WeightsError(
            f"{path} is a network for the method {method}, not {settings.method}; add --method {method}."
        )
    return network


def method_of_model(model: str) -> str:
    """The method that a network, given by name or file, is for; empty or unknown if it is for none.

    Raises:
        WeightsError: the weights are unknown, missing or damaged.
    """
    source = model_source(TransferSettings(model=model))
    _, metadata = weights.load_file(source.path) if isinstance(source, FileSource) else weights.load(source)
    architecture = str(metadata.get("architecture", ""))
    return METHOD_BY_ARCHITECTURE.get(architecture, architecture)


def stylize_regions(
    request: StylizeRequest,
    settings: TransferSettings,
    run: Callable[[Tensor, Sequence[Region]], Tensor],
    *,
    recolor_styles: bool = True,
) -> Tensor:
    """Stylize a picture by a network: resize, run, restore colors and protected pixels.

    Args:
        run: stylizes ``(1, 3, h, w)`` given a partition of regions, with masks of the same size; the pixels
            of regions without styles do not matter.
        recolor_styles: whether ``--color-method match`` recolors the style pictures, or else the output.
    """
    request.reporter.progress(0.0, "encoding styles")
    request.check_cancelled()
    regions: Sequence[Region] = partition(request.regions, (request.content.height, request.content.width))
    with runtime.deterministic(), torch.no_grad():
        content = pictures.resize(request.content.pixels, request.size)
        if recolor_styles:
            regions = recolored_styles(request, regions, settings)
        regions = _resize_masks(regions, request.size)
        output = run(content, regions).float().cpu()
        if settings.keep_color and settings.color_method == "luminance":
            output = luminance_transfer(output, content)
        elif settings.keep_color and not recolor_styles:
            alpha = request.content.alpha
            visible = None if alpha is None else pictures.resize(alpha, request.size)
            method = _color_method(settings)
            recolored = recolor_style(output, content, method, mask=visible, reference_mask=visible)
            output = luminance_transfer(output, content) if recolored is None else recolored
        request.reporter.progress(1.0, "stylized")
        return composite(output, content, regions)


def recolored_styles(
    request: StylizeRequest, regions: Sequence[Region], settings: TransferSettings
) -> Sequence[Region]:
    """The regions, with their styles in the content's colors if the settings say so."""
    if not settings.keep_color or settings.color_method == "luminance":
        return regions
    recolored = recolor_styles(regions, request.content.pixels, _color_method(settings))
    if not all(style.use_colors for region in recolored for style in region.styles):
        request.reporter.note(FEW_COLORS_NOTE)
    return recolored


def _color_method(settings: TransferSettings) -> ColorMatchMethod:
    return "coral" if settings.color_method == "match" else "histogram"


def _resize_masks(regions: Sequence[Region], size: tuple[int, int]) -> list[Region]:
    """A partition with masks of another size, which again add up to one."""
    masks = {region.name: pictures.resize(region.mask, size) for region in regions if region.mask is not None}
    if not masks:
        return list(regions)
    total = torch.stack(list(masks.values())).sum(0).clamp_min(1e-6)
    return [replace(region, mask=masks[region.name] / total) for region in regions]
