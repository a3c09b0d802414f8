"""What all methods of one pass share: the network's file, sizes, regions, kept colours."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bottega.errors import WeightsError
from bottega.tools.common.image_sources import BUNDLED_STYLE_SIZE, FileSource, file_source
from bottega.tools.stylize.methods.base import Stylizer, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from bottega.tools.stylize.settings import PaintSettings
    from bottega.transfer.regions import Region

SUFFIX = ".safetensors"
FLOAT_BYTES = 60
"""Per pixel, of what is held besides the network's work: content, result and what is between, as floats."""


class OnePassStylizer(Stylizer):
    """A subclass says what its network does with regions that are as large as the result."""

    recolors_styles = True
    """Whether ``--color-method match`` recolours the style pictures; else it recolours what was painted."""

    @cached_property
    def model(self) -> FileSource | str:
        """The file of the network, or the name of its weights; that of the method where none was given."""
        return model_source(self.asked.model or self.method.name)

    def weights(self, folder: Path) -> dict[str, dict[str, Any]]:
        from bottega import weights

        if self.asked.model is None:
            self._check_own()
        if isinstance(self.model, FileSource):
            return {"model": self.model.record(folder)}
        return {"model": {"kind": "weights", "name": self.model, "sha256": weights.entry(self.model).sha256}}

    def loaded(self) -> nn.Module:
        """The network, on the processor.

        Raises:
            WeightsError: it is not there, damaged, or one of another method.
        """
        from bottega.transfer import feedforward as networks

        if self.asked.model is None:
            self._check_own()
        source = self.model.path if isinstance(self.model, FileSource) else self.model
        network = networks.load(source)
        kinds = {kind: name for name, kind in networks.NETWORKS.items()}
        name = painted_by(kinds[type(network)])
        if name != self.method.name:
            raise WeightsError(
                f"{source} is a network of the method {name}, not of {self.method.name}; add --method {name}."
            )
        return network

    def _check_own(self) -> None:
        """Without ``--model`` there must be weights that are called like the method."""
        from bottega import weights

        name = self.method.name
        if name not in [entry.name for entry in weights.entries()]:
            raise WeightsError(
                f"The method {name} needs a network that was trained for it and none ships with Bottega; "
                f"name yours with --model, as in --model {name}{SUFFIX}."
            )

    def bundled_side(self, scale: float) -> int:
        return BUNDLED_STYLE_SIZE

    def memory_needed(self, task: Task) -> float:
        height, width = task.size
        return 4e8 + FLOAT_BYTES * height * width

    def paint(self, task: Task) -> Tensor | NDArray[np.uint8]:
        import torch

        from bottega import runtime
        from bottega.transfer.regions import partition

        task.report.progress(0.0, "looking")
        task.stop_if_asked()
        regions = partition(task.regions, (task.content.height, task.content.width))
        with runtime.deterministic(), torch.no_grad():
            if self.is_plain(task):
                painted = self.painted_samples(task, regions[0])
                if painted is not None:
                    task.report.progress(1.0, "painted")
                    return painted
            return self._by_regions(task, regions)

    def is_plain(self, task: Task) -> bool:
        """Whether 8-bit samples can become 8-bit samples: one manner, everywhere, at the content's size."""
        settings, content = self.asked, task.content
        regions = task.regions
        return (
            content.samples is not None
            and settings.bits == 8
            and task.size == (content.height, content.width)
            and not (settings.keep_color and settings.color_method == "luminance")
            and len(regions) == 1
            and regions[0].mask is None
            and bool(regions[0].styles)
        )

    def painted_samples(self, task: Task, region: Region) -> NDArray[np.uint8] | None:
        """The quick way for plain photographs, where a network has one."""
        return None

    @abstractmethod
    def painted(self, content: Tensor, regions: Sequence[Region], task: Task) -> Tensor:
        """``content (1, 3, h, w)`` with the regions painted; parts that are left alone may hold anything.

        Args:
            regions: a partition, with masks of the same size.
        """

    def _by_regions(self, task: Task, regions: Sequence[Region]) -> Tensor:
        from bottega import pictures
        from bottega.transfer.color_transfer import luminance_transfer
        from bottega.transfer.regions import composite

        settings, size = self.asked, task.size
        content = pictures.resize(task.content.pixels, size)
        regions = self.colored(regions, task)
        fitted = resized(regions, size)
        painted = self.painted(content, fitted, task).float().cpu()
        if settings.keep_color and settings.color_method == "luminance":
            painted = luminance_transfer(painted, content)
        elif settings.keep_color and not self.recolors_styles:
            painted = _recolored(painted, content, settings)
        task.report.progress(1.0, "painted")
        return composite(painted, content, fitted)

    def colored(self, regions: Sequence[Region], task: Task) -> Sequence[Region]:
        """The regions; their styles in the content's colours where that was asked for."""
        settings = self.asked
        if not settings.keep_color or settings.color_method == "luminance" or not self.recolors_styles:
            return regions
        return [_with_the_contents_colors(region, task.content.pixels, settings) for region in regions]


def model_source(word: str) -> FileSource | str:
    """What ``--model`` says: a file that is there, or the name of weights.

    Raises:
        PictureError: there is no such file.
    """
    return file_source(Path(word)) if word.endswith(SUFFIX) or Path(word).is_file() else word


def architecture(word: str) -> str:
    """Which method paints with the network that ``--model`` names.

    Raises:
        WeightsError: the weights are unknown, missing or damaged.
    """
    from bottega import weights

    source = model_source(word)
    _, configuration = weights.read(source.path) if isinstance(source, FileSource) else weights.load(source)
    return painted_by(str(configuration.get("architecture", "")))


def painted_by(architecture: str) -> str:
    """The method that paints with a network: its name, but what was fitted to one style is ``fast``."""
    return "fast" if architecture == "fitted" else architecture


def resized(regions: Sequence[Region], size: tuple[int, int]) -> list[Region]:
    """A partition with its masks at another size, where they again add up to one."""
    import torch

    from bottega import pictures

    masks = {region.name: pictures.resize(region.mask, size) for region in regions if region.mask is not None}
    if not masks:
        return list(regions)
    total = torch.stack(list(masks.values())).sum(0).clamp_min(1e-6)
    return [replace(region, mask=masks[region.name] / total) for region in regions]


def _with_the_contents_colors(region: Region, content: Tensor, settings: PaintSettings) -> Region:
    from bottega.transfer.color_transfer import Method, match_color

    method: Method = "coral" if settings.color_method == "match" else "histogram"
    return region.with_styles(
        [
            replace(
                style,
                picture=match_color(
                    style.picture, content, method, style_mask=style.mask, content_mask=region.mask
                ),
            )
            for style in region.styles
        ]
    )


def _recolored(painted: Tensor, content: Tensor, settings: PaintSettings) -> Tensor:
    from bottega.transfer.color_transfer import color_transfer

    return color_transfer(painted, content, "coral" if settings.color_method == "match" else "histogram")
