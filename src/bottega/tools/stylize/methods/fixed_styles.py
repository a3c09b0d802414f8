"""The methods ``fast`` and ``multi``: networks that were trained for one style, or for several."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from bottega.tools.common.image_sources import FileSource, TrainedSource
from bottega.tools.stylize.methods.base import Method, StylizeRequest
from bottega.tools.stylize.methods.feedforward import (
    BASE_BYTES,
    load_network,
    model_record,
    model_source,
    stylize_regions,
)
from bottega.tools.stylize.plan import Plan
from bottega.transfer.feedforward import MultiStyleNet
from bottega.transfer.regions import Region


class FixedStylesMethod(Method):
    """A network of one style (Johnson, Alahi and Fei-Fei 2016) or several (Dumoulin et al. 2017).

    For every region the whole picture is stylized, in the region's mixture of styles.
    """

    BYTES_PER_PIXEL = 900
    """32 channels at full size, several times, in float32."""

    @cached_property
    def network(self) -> nn.Module:
        return load_network(self.requested).to(self.device)

    @property
    def fixed_styles(self) -> Sequence[str] | None:
        if self.spec.name == "fast":  # without loading the network
            return None
        assert isinstance(self.network, MultiStyleNet)
        return self.network.styles

    @property
    def only_style(self) -> TrainedSource | None:
        if self.spec.name == "multi":
            return None
        model = model_source(self.requested)
        return TrainedSource(model.label if isinstance(model, FileSource) else model)

    def weights(self, folder: Path) -> dict[str, dict[str, Any]]:
        return {"model": model_record(self.requested, folder)}

    def memory_needed(self, request: StylizeRequest) -> float:
        height, width = request.size
        return BASE_BYTES + self.BYTES_PER_PIXEL * height * width

    def stylize(self, request: StylizeRequest) -> Tensor:
        def run(content: Tensor, regions: Sequence[Region]) -> Tensor:
            on_device, total = content.to(self.device), None
            styled = [region for region in regions if region.styles]
            for index, region in enumerate(styled):
                request.reporter.progress(index / len(styled), "stylizing")
                request.check_cancelled()
                output = self._run_network(on_device, region.name, request.plan)
                if region.mask is not None:
                    output = output * region.mask.to(output)
                total = output if total is None else total.add_(output)
            return content if total is None else total

        return stylize_regions(request, self.requested, run, recolor_styles=False)

    def _run_network(self, content: Tensor, region: str, plan: Plan) -> Tensor:
        if not isinstance(self.network, MultiStyleNet):
            output: Tensor = self.network(content)
            return output
        mixture: dict[str, float] = {}
        for spec in plan.styles:
            if spec.region == region:
                mixture[spec.source.name] = mixture.get(spec.source.name, 0.0) + spec.weight
        return self.network(content, self.network.style_vector(mixture))
