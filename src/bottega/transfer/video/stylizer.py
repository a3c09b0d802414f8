"""A stream of frames in, the stylized stream out: frame by frame, or in several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch

from bottega.transfer.feedforward.engine import StyleEngine
from bottega.transfer.feedforward.style_code import StyleCode, StyleTarget
from bottega.transfer.video.ema_statistics import EmaStatistics
from bottega.transfer.video.region_schedule import RegionSchedule
from bottega.transfer.video.stream_state import StreamState, pack, unpack
from bottega.transfer.video.temporal_filter import FilteredFrame, InputDenoiser, OutputStabilizer
from bottega.video import Frame, UInt8Array, ordered_map, prefetch

PREFETCHED_FRAMES = 3


@dataclass(frozen=True)
class PreparedFrame:
    """A frame with everything that the network needs for it.

    Attributes:
        filtered: None without temporal smoothing.
        statistics: of the content; None where each frame has its own.
    """

    frame: Frame
    targets: Mapping[str, StyleTarget]
    filtered: FilteredFrame | None
    statistics: EmaStatistics | None

    @property
    def is_unchanged(self) -> bool:
        """Whether no region of the frame has a style."""
        return all(target.code is None for target in self.targets.values())


@dataclass(frozen=True)
class StylizedFrame:
    """The network's result for a frame, ``(H, W, 3)`` uint8, before temporal blending."""

    prepared: PreparedFrame
    pixels: UInt8Array

    @property
    def frame(self) -> Frame:
        """The frame as it was read."""
        return self.prepared.frame


class VideoStylizer:
    """Stylizes frames in order.

    Three steps: :meth:`prepare`, :meth:`stylize` and :meth:`stabilize`; :meth:`frames` runs them in turn.
    Each may run in a thread of its own. The first and the last have a state, so that they need the frames in
    order; several frames may be stylized at the same time.

    Args:
        engine: the network.
        schedule: styles and regions.
        temporal_smoothing: 0 stylizes each frame independently, 1 is as stable as possible without blurring
            what moves.
        postprocess: called with the result and the network's input, both ``(H, W, 3)`` uint8; returns the
            pixels to use instead.
    """

    def __init__(
        self,
        engine: StyleEngine,
        schedule: RegionSchedule,
        temporal_smoothing: float = 1.0,
        *,
        postprocess: Callable[[UInt8Array, UInt8Array], UInt8Array] | None = None,
    ) -> None:
        self.engine = engine
        self.schedule = schedule
        self.temporal_smoothing = temporal_smoothing
        self.postprocess = postprocess
        self._denoiser = InputDenoiser(temporal_smoothing)
        self._stabilizer = OutputStabilizer(temporal_smoothing)
        self._statistics = EmaStatistics()

    def frames(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Stylize each frame as soon as it arrives: the latency is one frame."""
        for frame in frames:
            yield self.stabilize(self.stylize(self.prepare(frame)))

    def stylize_parallel(self, frames: Iterable[Frame]) -> Iterator[StylizedFrame]:
        """Stylize frames while another thread reads and prepares the next; to be stabilized by the caller.

        Where the engine supports it, each core stylizes a frame of its own, which is far faster than all
        cores working on one frame.
        """
        workers = self.engine.parallel_images
        with _divide_threads(workers):
            yield from ordered_map(
                self.stylize, prefetch(map(self.prepare, frames), PREFETCHED_FRAMES), workers
            )

    def prepare(self, frame: Frame) -> PreparedFrame:
        """Step one, on the frame as it was read."""
        targets = self.schedule.targets(frame)
        if self.temporal_smoothing == 0:
            return PreparedFrame(frame, targets, None, None)
        filtered = self._denoiser.denoise(frame.pixels)
        prepared = PreparedFrame(frame, targets, filtered, None)
        if prepared.is_unchanged:
            return prepared
        offset = (round(filtered.camera_offset[0]), round(filtered.camera_offset[1]))
        targets = {name: replace(target, texture_offset=offset) for name, target in targets.items()}
        self._statistics.update(
            targets, lambda: self._measure(filtered.pixels, targets), filtered.change.is_cut
        )
        return replace(prepared, targets=targets, statistics=replace(self._statistics))

    def stylize(self, prepared: PreparedFrame) -> StylizedFrame:
        """Step two: the network, without state."""
        if prepared.filtered is None:
            return StylizedFrame(prepared, self._run(prepared.frame.pixels, prepared.targets, None))
        if prepared.is_unchanged:
            return StylizedFrame(prepared, prepared.frame.pixels)
        assert prepared.statistics is not None
        pixels = self._run(prepared.filtered.pixels, prepared.targets, prepared.statistics.smoothed)
        return StylizedFrame(prepared, pixels)

    def stabilize(self, stylized: StylizedFrame) -> Frame:
        """Step three, on the network's result."""
        pixels, prepared = stylized.pixels, stylized.prepared
        if prepared.filtered is not None:
            pixels = self._stabilizer.stabilize(pixels, prepared.filtered)
        return prepared.frame.with_pixels(_restore_unstyled_regions(pixels, prepared))

    def state(self, stylized: StylizedFrame) -> StreamState:
        """All that the next frames depend on; ``stylized`` was stabilized last."""
        prepared = stylized.prepared
        if prepared.filtered is None or self._stabilizer.previous is None:
            return {}
        statistics = prepared.statistics or EmaStatistics()
        return pack(prepared.filtered, self._stabilizer.previous, statistics)

    def load_state(self, state: StreamState) -> None:
        """Continue after the frame at which :meth:`state` was called."""
        if state:
            self._denoiser.previous, self._stabilizer.previous, self._statistics = unpack(state)

    def _run(
        self,
        pixels: UInt8Array,
        targets: Mapping[str, StyleTarget],
        statistics: Mapping[str, StyleCode] | None,
    ) -> UInt8Array:
        content_stats = None if statistics is None else [statistics[name] for name in targets]
        stylized = self.engine.stylize_bytes(pixels, list(targets.values()), content_stats)
        return stylized if self.postprocess is None else self.postprocess(stylized, pixels)

    def _measure(self, pixels: UInt8Array, targets: Mapping[str, StyleTarget]) -> Mapping[str, StyleCode]:
        if self.schedule.has_single_region:
            ((name, target),) = targets.items()
            return {name: self.engine.measure_bytes(pixels, target)}
        content = torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div_(255).contiguous()
        return dict(zip(targets, self.engine.measure(content, list(targets.values())), strict=True))


@contextmanager
def _divide_threads(workers: int) -> Iterator[None]:
    """Divide PyTorch's threads among workers within the block."""
    threads = torch.get_num_threads()
    if workers > 1:
        torch.set_num_threads(max(1, threads // workers))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _restore_unstyled_regions(pixels: UInt8Array, prepared: PreparedFrame) -> UInt8Array:
    """Regions without a style get the pixels of the frame as it was read, bit for bit."""
    masks = [target.mask for target in prepared.targets.values() if target.code is None]
    if not masks:
        return pixels
    source = prepared.frame.pixels
    if any(mask is None for mask in masks):
        return source
    weight = torch.stack([mask for mask in masks if mask is not None]).sum(0)[0, 0, :, :, None].numpy()
    blended = pixels + weight * (source.astype(np.float32) - pixels)
    return np.where(weight > 1 - 1e-5, source, (blended + 0.5).astype(np.uint8))
