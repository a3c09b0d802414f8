"""Style transfer by optimisation: the picture itself is what is trained.

After Gatys, Ecker & Bethge (2016), with what has been learned since: coarse to fine in steps of √2 with
the solver's moments carried along and averaged iterates (as in K. Crowson's style-transfer-pytorch),
distances of distributions instead of raw Gram matrices, regions, and tiles for prints.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.errors import PictureError, SettingsError
from bottega.losses import STYLE_TERMS, SlicedWasserstein
from bottega.pictures import resize
from bottega.runtime import seeded, spare_memory
from bottega.transfer.color_transfer import Method, color_transfer, luminance_transfer, match_color
from bottega.transfer.optimize.objective import Objective, Weights
from bottega.transfer.optimize.optimizers import Adam, Lbfgs, Solver
from bottega.transfer.optimize.settings import OptimizeSettings
from bottega.transfer.optimize.state import CheckpointFile, OnProgress, Progress, Result
from bottega.transfer.optimize.targets import TargetBuilder
from bottega.transfer.regions import Region, Style, composite, partition

# Pictures above so many pixels are worked in tiles of this side.
WHOLE_UP_TO = 2_400_000
TILE = 1024
# Memory per pixel when seen whole; that of one tile; per pixel of a tiled picture.
WHOLE_BYTES = 1200
TILE_BYTES = 1.7e9
TILED_BYTES = 160
# Scales with a longer side than this take fewer iterations, down to the least.
FULL_EFFORT = 1024
LEAST_ITERATIONS = 10


def optimize(
    content: Tensor,
    styles: Sequence[Style] | Sequence[Region],
    settings: OptimizeSettings | None = None,
    *,
    encoder: Encoder,
    start: Tensor | None = None,
    on_progress: OnProgress | None = None,
    state: Path | None = None,
    save_every: float = 30.0,
) -> Result:
    """Repaint ``content`` in the manner of ``styles``.

    Args:
        content: ``(1, 3, H, W)``, sRGB in [0, 1].
        styles: styles for the whole picture, or regions with styles of their own.
        settings: defaults where none are given.
        encoder: what looks; its weights' type is the precision, its device the place of the work.
        start: ``(1, 3, h, w)`` to start from instead of what ``settings.start`` says.
        on_progress: called after every iteration; returning False stops with the best so far.
        state: a file that the work is saved to, and resumed from bit-exactly when it exists.
        save_every: seconds between saves to ``state``.

    Returns:
        The result at its final size, on the processor.

    Raises:
        PictureError: shapes do not fit, a mask is empty.
        SettingsError: no style, an unknown layer, or a ``state`` of another picture or other settings.
    """
    settings = settings or OptimizeSettings()
    if content.ndim != 4 or content.shape[:2] != (1, 3):
        raise PictureError(f"The content must have the shape (1, 3, H, W), not {tuple(content.shape)}.")
    regions = _regions(content, styles)
    return _Run(content, regions, settings, encoder, start, on_progress, state, save_every).finish()


def scale_sizes(height: int, width: int, settings: OptimizeSettings) -> list[tuple[int, int]]:
    """The sizes ``(height, width)`` that a transfer goes through, the result's own last."""
    long_side = settings.size or max(height, width)
    sides = [float(long_side)]
    while sides[-1] / settings.scale_step >= settings.first_size * (1 - 1e-9):
        sides.append(sides[-1] / settings.scale_step)
    shape = [side / max(height, width) for side in reversed(sides)]
    return [(max(1, round(height * s)), max(1, round(width * s))) for s in shape]


def memory_needed(height: int, width: int) -> float:
    """About how many bytes a transfer of this size needs at its peak, for the small encoder in bf16.

    Fitted to measured peaks, see docs/transfer.md: whole pictures keep all features, tiled ones only those
    of a tile, the content's, and a dozen picture-sized tensors.
    """
    pixels = height * width
    return 4e8 + (WHOLE_BYTES * pixels if pixels <= WHOLE_UP_TO else TILE_BYTES + TILED_BYTES * pixels)


class _Run:
    """One transfer: the loop over scales and iterations, and what it shares."""

    def __init__(
        self,
        content: Tensor,
        regions: Sequence[Region],
        settings: OptimizeSettings,
        encoder: Encoder,
        start: Tensor | None,
        on_progress: OnProgress | None,
        state: Path | None,
        save_every: float,
    ) -> None:
        self.settings, self.on_progress = settings, on_progress
        self.encoder = copy.deepcopy(encoder).frozen()
        for weights in self.encoder.parameters():
            if weights.ndim == 4:
                weights.data = weights.contiguous(memory_format=torch.channels_last)
        self.device = next(encoder.parameters()).device
        self.weights = _weights(settings, encoder)
        for layers in (self.weights.content_layers, self.weights.style_layers):
            encoder.check_layers(layers)
        self.original = content
        self.regions = _colored(regions, content, settings)
        moved = settings.recolor and settings.keep_color == "no"
        self.content = recolored(content, self.regions, settings.strength) if moved else content
        self.sizes = scale_sizes(content.shape[-2], content.shape[-1], settings)
        self.start = start
        self.file = CheckpointFile(
            state,
            save_every,
            settings,
            [content, *_tensors(regions), *([] if start is None else [start])],
            encoder,
        )
        term = STYLE_TERMS[settings.style_loss]
        self.term = SlicedWasserstein(seed=settings.seed) if term is SlicedWasserstein else term()
        self.losses: list[list[float]] = [[] for _ in self.sizes]
        self.clock = time.monotonic()
        self.work_before = 0.0

    def finish(self) -> Result:
        """Do all that is still to do."""
        if self.settings.strength == 0 or not self.weights.layers:
            return Result(resize(self.original, self.sizes[-1]), seconds=self._seconds())
        saved = self.file.load()
        first = saved["scale"] if saved else 0
        average = self._first_picture(self.sizes[first])
        solver = self._solver(first, average, None)
        self.work_before = self._work(first, saved["iteration"] if saved else 0)
        for scale in range(first, len(self.sizes)):
            if scale > first:
                average = self._enlarged(average, self.sizes[scale])
                self._hold(average)
                solver = self._solver(scale, average, solver)
            objective = self._objective(scale)
            begin = 0
            if saved:
                solver.restore(saved["solver"])
                average, begin, self.losses = saved["average"], saved["iteration"], saved["losses"]
                saved = None
            for iteration in range(begin, self._iterations(scale)):
                objective.at_step(self._step_number(scale, iteration))
                self.losses[scale].append(solver.step(objective))
                _follow(average, solver.good, self.settings.average if solver.wavers else 0.0, iteration)
                self.file.save(scale, iteration + 1, solver, average, self.losses)
                if self._told(scale, iteration, average) is False:
                    self.file.save(scale, iteration + 1, solver, average, self.losses, now=True)
                    return Result(self._completed(average), self.losses, True, self._seconds())
        self.file.remove()
        return Result(self._completed(average), self.losses, False, self._seconds())

    def _objective(self, scale: int) -> Objective:
        settings = self.settings
        maker = TargetBuilder(
            self.encoder, self.term, self.weights, settings.style_scale, settings.strength, self.regions
        )
        size = self.sizes[scale]
        full = settings.size or max(self.original.shape[-2:])
        exact = full / settings.scale_step ** (len(self.sizes) - 1 - scale)
        goal = maker.goal(self._content_at(size), exact)
        large = size[0] * size[1] > WHOLE_UP_TO
        if large:
            spare_memory()
        tile = settings.tile or (TILE if large else 0)
        return Objective(self.encoder, self.term, goal, self.weights, tile, settings.seed)

    def _content_at(self, size: tuple[int, int]) -> Tensor:
        return resize(self.content, size).to(self.device)

    def _first_picture(self, size: tuple[int, int]) -> Tensor:
        if self.start is not None:
            picture = resize(self.start, size).to(self.device)
        elif self.settings.start == "noise":
            noise = torch.randn((1, 3, *size), generator=seeded(self.settings.seed))
            picture = (0.5 + 0.2 * noise).clamp_(0, 1).to(self.device)
        else:
            return self._content_at(size).clone()
        self._hold(picture)
        return picture

    def _enlarged(self, picture: Tensor, size: tuple[int, int]) -> Tensor:
        """The picture at a larger size, with a share of the detail that the content has more of there."""
        larger = resize(picture, size)
        before = (picture.shape[-2], picture.shape[-1])
        from_content = self.settings.start == "content" and self.start is None
        if size != before and from_content and self.settings.detail:
            lost = self._content_at(size).sub_(resize(self._content_at(before), size))
            larger.add_(lost, alpha=self.settings.detail)
        return larger.clamp_(0, 1)

    def _hold(self, picture: Tensor) -> None:
        """Put the content's pixels where no style may go."""
        original = resize(self.original, (picture.shape[-2], picture.shape[-1])).to(self.device)
        picture.copy_(composite(picture, original, self.regions))

    def _solver(self, scale: int, picture: Tensor, before: Solver | None) -> Solver:
        """The solver of a scale, ready to start at ``picture``: the one before where its kind is the same."""
        kind: type[Lbfgs | Adam] = Lbfgs if self._by_lbfgs(scale) else Adam
        if isinstance(before, kind):
            before.enlarge(picture)
            return before
        return Lbfgs(picture) if kind is Lbfgs else Adam(picture, self.settings.rate)

    def _by_lbfgs(self, scale: int) -> bool:
        if self.settings.solver != "auto":
            return self.settings.solver == "lbfgs"
        height, width = self.sizes[scale]
        return height * width <= WHOLE_UP_TO and self.settings.style_loss != "sliced"

    def _completed(self, picture: Tensor) -> Tensor:
        """At full size, with the content's colours where asked, and untouched pixels put back."""
        content = resize(self.original, self.sizes[-1]).to(self.device)
        final = self._enlarged(picture, self.sizes[-1])
        if self.settings.keep_color == "luminance":
            final = luminance_transfer(final, content)
        return composite(final, content, self.regions).cpu()

    def _told(self, scale: int, iteration: int, average: Tensor) -> bool | None:
        if self.on_progress is None:
            return None
        total, work = self._work(len(self.sizes), 0), self._work(scale, iteration + 1)
        seconds = self._seconds()
        pace = seconds / max(work - self.work_before, 1e-9)
        return self.on_progress(
            Progress(
                scale + 1,
                len(self.sizes),
                iteration + 1,
                self._iterations(scale),
                self.sizes[scale],
                work / total,
                self.losses[scale][-1],
                seconds,
                pace * (total - work),
                lambda: average.detach().clone().cpu(),
            )
        )

    def _iterations(self, scale: int) -> int:
        last = scale == len(self.sizes) - 1
        asked = self.settings.last_iterations if last else self.settings.iterations
        share = min(1.0, FULL_EFFORT / max(self.sizes[scale]))
        return max(min(asked, LEAST_ITERATIONS), round(asked * share))

    def _step_number(self, scale: int, iteration: int) -> int:
        return sum(self._iterations(s) for s in range(scale)) + iteration

    def _work(self, scale: int, iteration: int) -> float:
        """Megapixels touched before ``iteration`` of ``scale``."""
        pixels = [h * w / 1e6 for h, w in self.sizes]
        before = math.fsum(pixels[s] * self._iterations(s) for s in range(scale))
        return before + (pixels[scale] * iteration if scale < len(self.sizes) else 0.0)

    def _seconds(self) -> float:
        return time.monotonic() - self.clock


def _follow(average: Tensor, picture: Tensor, decay: float, iteration: int) -> None:
    """Take ``picture`` into the running average, which forgets where it started."""
    share = (1 - decay) / (1 - decay ** (iteration + 1))
    average.lerp_(picture.detach(), share)


def _regions(content: Tensor, styles: Sequence[Style] | Sequence[Region]) -> list[Region]:
    if not styles:
        raise SettingsError("No style was given; name at least one style picture or bundled style.")
    own = [item for item in styles if isinstance(item, Region)]
    if own:
        return partition(own, (content.shape[-2], content.shape[-1]))
    return [Region("everything", None, [item for item in styles if isinstance(item, Style)])]


def _colored(regions: Sequence[Region], content: Tensor, settings: OptimizeSettings) -> list[Region]:
    """The regions, with their styles recoloured to the content's palette where that was asked for."""
    if settings.keep_color not in ("match", "histogram"):
        return list(regions)
    method: Method = "coral" if settings.keep_color == "match" else "histogram"
    return [
        region.with_styles(
            [
                Style(
                    match_color(s.picture, content, method, content_mask=region.mask),
                    s.weight,
                    s.scale,
                    s.mask,
                )
                for s in region.styles
            ]
        )
        for region in regions
    ]


def recolored(content: Tensor, regions: Sequence[Region], strength: float) -> Tensor:
    """The content with each region's colours moved to those of its styles, mixed by weight.

    What statistics of deep features find hard is exact here: mean and covariance of the colours, in closed
    form. Painting then has to move strokes only.
    """
    result = torch.zeros_like(content)
    for region in regions:
        moved = content
        total = sum(style.weight for style in region.styles)
        if total:
            moved = torch.zeros_like(content)
            for style in region.styles:
                colored = color_transfer(content, style.picture, mask=region.mask, reference_mask=style.mask)
                moved.add_(colored, alpha=style.weight / total)
            moved.lerp_(content, 1 - strength)
        result += moved if region.mask is None else moved * region.mask
    return result.clamp_(0, 1)


def _weights(settings: OptimizeSettings, encoder: Encoder) -> Weights:
    content = settings.content_layers or encoder.content_layers
    style = settings.style_layers or encoder.style_layers
    return Weights(
        settings.content_weight,
        settings.style_weight,
        settings.smoothness,
        {n: w / sum(content.values()) for n, w in content.items()},
        {n: w / sum(style.values()) for n, w in style.items()},
    )


def _tensors(regions: Sequence[Region]) -> list[Tensor]:
    """Everything that the result depends on besides the content and the settings."""
    found: list[Tensor] = []
    for region in regions:
        found += [torch.tensor([region.style_weight, region.content_weight])]
        found += [] if region.mask is None else [region.mask]
        for style in region.styles:
            found += [style.picture, torch.tensor([style.weight, style.scale])]
            found += [] if style.mask is None else [style.mask]
    return found
