"""Style transfer by optimization of the picture itself.

After Gatys, Ecker & Bethge (2016), with later improvements: coarse to fine in steps of √2 with the
optimizer's moments carried along and averaged iterates (as in K. Crowson's style-transfer-pytorch), distances
of distributions instead of raw Gram matrices, regions, and tiles for prints.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.encoders.base import normalize_layer_weights
from bottega.errors import PictureError, SettingsError
from bottega.losses import STYLE_TERMS, SlicedWasserstein
from bottega.pictures import resize
from bottega.runtime import reduce_malloc_retention, seeded_generator
from bottega.training.trainer import SignalGuard
from bottega.transfer.color_transfer import ColorMatchMethod, color_transfer, luminance_transfer
from bottega.transfer.optimize.objective import LossWeights, Objective
from bottega.transfer.optimize.optimizers import Adam, Lbfgs, Optimizer
from bottega.transfer.optimize.settings import OptimizeSettings
from bottega.transfer.optimize.state import (
    CheckpointFile,
    OnProgress,
    OptimizationProgress,
    OptimizationResult,
)
from bottega.transfer.optimize.targets import TargetBuilder
from bottega.transfer.regions import Region, Style, composite, partition, recolor_styles, restore_colors

# Larger pictures are computed in tiles of this side.
MAX_UNTILED_PIXELS = 2_400_000
TILE_SIDE_PIXELS = 1024
# Memory: per pixel of an untiled picture; of one tile; per pixel of a tiled picture.
UNTILED_BYTES_PER_PIXEL = 1200
BYTES_PER_TILE = 1.7e9
TILED_BYTES_PER_PIXEL = 160
# Scales with a longer side take proportionally fewer iterations, but at least MIN_ITERATIONS.
FULL_ITERATIONS_SIDE_PIXELS = 1024
MIN_ITERATIONS = 10


def optimize(
    content: Tensor,
    styles: Sequence[Style] | Sequence[Region],
    settings: OptimizeSettings | None = None,
    *,
    encoder: Encoder,
    start: Tensor | None = None,
    on_progress: OnProgress | None = None,
    checkpoint: Path | None = None,
    save_every: float = 30.0,
) -> OptimizationResult:
    """Repaint ``content`` in ``styles``.

    Args:
        content: ``(1, 3, H, W)``, sRGB in [0, 1].
        styles: styles for the whole picture, or regions with styles of their own.
        settings: ``None`` is the defaults.
        encoder: of the losses; computations use its type and device.
        start: ``(1, 3, h, w)`` to start from instead of ``settings.start``.
        on_progress: called after every iteration; returning False stops with the best so far.
        checkpoint: a file for the state, from which an interrupted transfer resumes bit-exactly.
        save_every: seconds between saves to ``checkpoint``.

    Returns:
        The result at its final size, on the processor.

    Raises:
        PictureError: shapes do not fit, a mask is empty.
        SettingsError: no style, an unknown layer, or a ``checkpoint`` of another picture or other settings.

    Example:
        >>> result = optimize(photo, [Style(painting)], encoder=load_encoder("small"))
    """
    settings = settings or OptimizeSettings()
    if content.ndim != 4 or content.shape[:2] != (1, 3):
        raise PictureError(f"The content must have the shape (1, 3, H, W), not {tuple(content.shape)}.")
    if not styles:
        raise SettingsError("A transfer needs at least one style picture or bundled style.")
    regions = [item for item in styles if isinstance(item, Region)]
    if regions:
        regions = partition(regions, (content.shape[-2], content.shape[-1]))
    else:
        regions = [Region("everything", None, [item for item in styles if isinstance(item, Style)])]
    return _Run(content, regions, settings, encoder, start, on_progress, checkpoint, save_every).run()


def scale_sizes(height: int, width: int, settings: OptimizeSettings) -> list[tuple[int, int]]:
    """The sizes ``(height, width)`` of all scales, the result's own last."""
    sides = [float(settings.size or max(height, width))]
    while sides[-1] / settings.scale_step >= settings.first_size * (1 - 1e-9):
        sides.append(sides[-1] / settings.scale_step)
    factors = [side / max(height, width) for side in reversed(sides)]
    return [(max(1, round(height * f)), max(1, round(width * f))) for f in factors]


def memory_needed(height: int, width: int) -> float:
    """The approximate peak of bytes for a transfer of this size with the small encoder in bf16.

    Fitted to measured peaks, see docs/experiments/transfer.md: untiled pictures store all features, tiled
    ones only those of a tile, the content's, and a dozen picture-sized tensors.
    """
    pixels = height * width
    if pixels <= MAX_UNTILED_PIXELS:
        return 4e8 + UNTILED_BYTES_PER_PIXEL * pixels
    return 4e8 + (BYTES_PER_TILE + TILED_BYTES_PER_PIXEL * pixels)


class _Run:
    """One transfer: the loop over scales and iterations."""

    def __init__(
        self,
        content: Tensor,
        regions: Sequence[Region],
        settings: OptimizeSettings,
        encoder: Encoder,
        start: Tensor | None,
        on_progress: OnProgress | None,
        checkpoint: Path | None,
        save_every: float,
    ) -> None:
        self.settings, self.on_progress = settings, on_progress
        self.encoder = copy.deepcopy(encoder).frozen()
        for parameter in self.encoder.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.contiguous(memory_format=torch.channels_last)
        self.device = next(encoder.parameters()).device
        self.weights = LossWeights(
            settings.content_weight,
            settings.style_weight,
            settings.smoothness,
            normalize_layer_weights(settings.content_layers or encoder.content_layers),
            normalize_layer_weights(settings.style_layers or encoder.style_layers),
        )
        for layers in (self.weights.content_layers, self.weights.style_layers):
            encoder.check_layers(layers)
        self.original = content
        self.regions = regions
        if settings.keep_color in ("match", "histogram"):
            method: ColorMatchMethod = "coral" if settings.keep_color == "match" else "histogram"
            self.regions = recolor_styles(regions, content, method)
        recolor = settings.recolor and settings.keep_color == "no"
        self.content = recolor_content(content, self.regions, settings.strength) if recolor else content
        self.sizes = scale_sizes(content.shape[-2], content.shape[-1], settings)
        requested = [settings.iterations] * (len(self.sizes) - 1) + [settings.last_iterations]
        shares = [min(1.0, FULL_ITERATIONS_SIDE_PIXELS / max(size)) for size in self.sizes]
        self.iterations = [
            max(min(n, MIN_ITERATIONS), round(n * share)) for n, share in zip(requested, shares, strict=True)
        ]
        self.start = start
        inputs = [content, *_region_tensors(regions), *([] if start is None else [start])]
        self.checkpoint = CheckpointFile(checkpoint, save_every, settings, inputs, encoder)
        term = STYLE_TERMS[settings.style_loss]
        self.term = SlicedWasserstein(seed=settings.seed) if term is SlicedWasserstein else term()
        self.targets = TargetBuilder(
            self.encoder, self.term, self.weights, settings.style_scale, settings.strength, self.regions
        )
        self.losses: list[list[float]] = [[] for _ in self.sizes]
        self.start_time = time.monotonic()
        self.resumed_work = 0.0

    def run(self) -> OptimizationResult:
        """All iterations that are not done yet. With a checkpoint, Ctrl-C ends after an iteration, saved."""
        if self.checkpoint.path is None:
            return self._run(lambda: False)
        with SignalGuard() as signals:
            return self._run(lambda: signals.received)

    def _run(self, interrupted: Callable[[], bool]) -> OptimizationResult:
        if self.settings.strength == 0 or not self.weights.layers:
            return OptimizationResult(resize(self.original, self.sizes[-1]), seconds=self._seconds())
        saved = self.checkpoint.load()
        first_scale = saved["scale"] if saved else 0
        average = self._initial_picture(self.sizes[first_scale])
        optimizer = self._optimizer(first_scale, average, None)
        self.resumed_work = self._work(first_scale, saved["iteration"] if saved else 0)
        for scale in range(first_scale, len(self.sizes)):
            if scale > first_scale:
                average = self._enlarge(average, self.sizes[scale])
                self._restore_unstyled(average)
                optimizer = self._optimizer(scale, average, optimizer)
            objective = self._objective(scale)
            first_iteration = 0
            if saved:
                optimizer.load_state(saved["optimizer"])
                average, first_iteration, self.losses = saved["average"], saved["iteration"], saved["losses"]
                saved = None
            for iteration in range(first_iteration, self.iterations[scale]):
                objective.at_step(sum(self.iterations[:scale]) + iteration)
                self.losses[scale].append(optimizer.step(objective))
                decay = self.settings.average if optimizer.oscillates else 0.0
                # The average forgets where it started.
                share = (1 - decay) / (1 - decay ** (iteration + 1))
                average.lerp_(optimizer.accepted.detach(), share)
                state = {
                    "scale": scale, "iteration": iteration + 1, "optimizer": optimizer.state(),
                    "average": average, "losses": self.losses,
                }  # fmt: skip
                self.checkpoint.save(state)
                if self._report(scale, iteration, average) is False or interrupted():
                    self.checkpoint.save(state, now=True)
                    return OptimizationResult(self._finish(average), self.losses, True, self._seconds())
        self.checkpoint.remove()
        return OptimizationResult(self._finish(average), self.losses, False, self._seconds())

    def _objective(self, scale: int) -> Objective:
        settings, size = self.settings, self.sizes[scale]
        full = settings.size or max(self.original.shape[-2:])
        long_side = full / settings.scale_step ** (len(self.sizes) - 1 - scale)
        target = self.targets.build(self._content_at(size), long_side)
        large = size[0] * size[1] > MAX_UNTILED_PIXELS
        if large:
            reduce_malloc_retention()
        tile_side = settings.tile or (TILE_SIDE_PIXELS if large else 0)
        return Objective(self.encoder, self.term, target, self.weights, tile_side, settings.seed)

    def _content_at(self, size: tuple[int, int]) -> Tensor:
        return resize(self.content, size).to(self.device)

    def _initial_picture(self, size: tuple[int, int]) -> Tensor:
        if self.start is not None:
            picture = resize(self.start, size).to(self.device)
        elif self.settings.start == "noise":
            noise = torch.randn((1, 3, *size), generator=seeded_generator(self.settings.seed))
            picture = (0.5 + 0.2 * noise).clamp_(0, 1).to(self.device)
        else:
            # A flat area gives no direction to start in: strokes would grow from the edges around it alone,
            # as echoes of them, line by line.
            noise = torch.randn((1, 3, *size), generator=seeded_generator(self.settings.seed))
            noise *= self.settings.start_noise * self.settings.strength
            picture = (self._content_at(size) + noise.to(self.device)).clamp_(0, 1)
        self._restore_unstyled(picture)
        return picture

    def _enlarge(self, picture: Tensor, size: tuple[int, int]) -> Tensor:
        """The picture at a larger size, with a share of the detail that the content gains there."""
        larger = resize(picture, size)
        before = (picture.shape[-2], picture.shape[-1])
        from_content = self.settings.start == "content" and self.start is None
        if size != before and from_content and self.settings.detail:
            detail = self._content_at(size).sub_(resize(self._content_at(before), size))
            larger.add_(detail, alpha=self.settings.detail)
        return larger.clamp_(0, 1)

    def _restore_unstyled(self, picture: Tensor) -> None:
        """Put the content's pixels back into regions without a style."""
        original = resize(self.original, (picture.shape[-2], picture.shape[-1])).to(self.device)
        picture.copy_(composite(picture, original, self.regions))

    def _optimizer(self, scale: int, picture: Tensor, previous: Optimizer | None) -> Optimizer:
        """The optimizer of a scale, at ``picture``; the previous one continues if it is of the same kind."""
        kind: type[Lbfgs | Adam] = Lbfgs if self._uses_lbfgs(scale) else Adam
        if isinstance(previous, kind):
            previous.enlarge(picture)
            return previous
        return Lbfgs(picture) if kind is Lbfgs else Adam(picture, self.settings.rate)

    def _uses_lbfgs(self, scale: int) -> bool:
        if self.settings.optimizer != "auto":
            return self.settings.optimizer == "lbfgs"
        height, width = self.sizes[scale]
        return height * width <= MAX_UNTILED_PIXELS and self.settings.style_loss != "sliced"

    def _finish(self, picture: Tensor) -> Tensor:
        """At full size, with the content's colors if requested, and regions without a style restored."""
        content = resize(self.original, self.sizes[-1]).to(self.device)
        final = self._enlarge(picture, self.sizes[-1])
        if self.settings.keep_color == "luminance":
            final = luminance_transfer(final, content)
        final = restore_colors(final, content, self.regions)
        return composite(final, content, self.regions).cpu()

    def _report(self, scale: int, iteration: int, average: Tensor) -> bool | None:
        if self.on_progress is None:
            return None
        total, work = self._work(len(self.sizes), 0), self._work(scale, iteration + 1)
        seconds = self._seconds()
        seconds_per_work = seconds / max(work - self.resumed_work, 1e-9)
        return self.on_progress(
            OptimizationProgress(
                scale + 1,
                len(self.sizes),
                iteration + 1,
                self.iterations[scale],
                self.sizes[scale],
                work / total,
                self.losses[scale][-1],
                seconds,
                seconds_per_work * (total - work),
                lambda: average.detach().clone().cpu(),
            )
        )

    def _work(self, scale: int, iteration: int) -> float:
        """Megapixels processed before ``iteration`` of ``scale``."""
        pixels = [h * w / 1e6 for h, w in self.sizes]
        before = math.fsum(pixels[s] * self.iterations[s] for s in range(scale))
        return before + (pixels[scale] * iteration if scale < len(self.sizes) else 0.0)

    def _seconds(self) -> float:
        return time.monotonic() - self.start_time


def recolor_content(content: Tensor, regions: Sequence[Region], strength: float) -> Tensor:
    """The content with each region's colors transferred from its styles, mixed by weight.

    Mean and covariance of the colors, which are hard to reach through deep features, become exact in closed
    form; the optimization then only has to form strokes.
    """
    result = torch.zeros_like(content)
    for region in regions:
        recolored = content
        total = sum(style.weight for style in region.styles)
        if total:
            recolored = torch.zeros_like(content)
            for style in region.styles:
                colored = color_transfer(content, style.picture, mask=region.mask, reference_mask=style.mask)
                recolored.add_(colored, alpha=style.weight / total)
            recolored.lerp_(content, 1 - strength)
        result += recolored if region.mask is None else recolored * region.mask
    return result.clamp_(0, 1)


def _region_tensors(regions: Sequence[Region]) -> list[Tensor]:
    """All tensors and weights of the regions, for the checkpoint's hash."""
    tensors: list[Tensor] = []
    for region in regions:
        tensors += [torch.tensor([region.style_weight, region.content_weight])]
        tensors += [] if region.mask is None else [region.mask]
        for style in region.styles:
            tensors += [style.picture, torch.tensor([style.weight, style.scale])]
            tensors += [] if style.mask is None else [style.mask]
    return tensors
