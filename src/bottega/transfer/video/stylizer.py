"""A stream of frames in, the same stream painted: one frame at a time, or in several threads side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bottega.transfer.feedforward.style_code import Manner, StyleCode
from bottega.transfer.video.ema_statistics import FollowedStatistics
from bottega.transfer.video.region_schedule import Direction
from bottega.transfer.video.stream_state import Memory, pack, unpack
from bottega.transfer.video.temporal_filter import Prepared, SteadyInput, SteadyOutput
from bottega.video import Frame, UInt8Array, ordered_map, prefetch

if TYPE_CHECKING:
    from bottega.transfer.feedforward.engine import OnePass


@dataclass(frozen=True)
class Ready:
    """A frame with what was prepared for it.

    Attributes:
        prepared: none without steadiness.
        known, measured, age: see :class:`FollowedStatistics`; empty where each frame has its own.
    """

    frame: Frame
    manners: Mapping[str, Manner]
    prepared: Prepared | None
    known: Mapping[str, StyleCode]
    measured: Mapping[str, StyleCode]
    age: int

    @property
    def left_alone(self) -> bool:
        """Whether no part of the frame has a style."""
        return all(manner.code is None for manner in self.manners.values())


@dataclass(frozen=True)
class Raw:
    """A frame as the network painted it, not yet mixed with what came before."""

    ready: Ready
    pixels: UInt8Array


class ClipStylizer:
    """Paints frames in their order.

    Three steps: :meth:`prepare`, :meth:`paint` and :meth:`settle`; :meth:`frames` takes them in turn. Each
    may run in a thread of its own. The first and the last have a memory, so that frames must come to them
    in order; several may be painted at the same time.

    Args:
        engine: a network, ready to paint.
        direction: styles and regions.
        temporal: how calm the result is in time: 0 paints each frame by itself, 1 is as calm as may be
            without blurring what moves.
        finish: called with what was painted and what was shown to the network, both ``(H, W, 3)`` uint8;
            gives what is used instead.
    """

    def __init__(
        self,
        engine: OnePass,
        direction: Direction,
        temporal: float = 1.0,
        *,
        finish: Callable[[UInt8Array, UInt8Array], UInt8Array] | None = None,
    ) -> None:
        self.engine = engine
        self.direction = direction
        self.temporal = temporal
        self.finish = finish
        self._input = SteadyInput(temporal)
        self._output = SteadyOutput(temporal)
        self._statistics = FollowedStatistics()

    def frames(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Each frame painted as soon as it has come: the latency is one frame."""
        for frame in frames:
            yield self.settle(self.paint(self.prepare(frame)))

    def overlapped(self, frames: Iterable[Frame], depth: int = 3) -> Iterator[Raw]:
        """Frames painted while the next are read and prepared in another thread; to be settled.

        Where the engine can, each core paints a frame of its own, which takes far less time than all of
        them together take for each frame.
        """
        at_once = self.engine.at_once
        with _threads_each(at_once):
            yield from ordered_map(self.paint, prefetch(map(self.prepare, frames), depth), at_once)

    def prepare(self, frame: Frame) -> Ready:
        """Step one, on the frame as it was read."""
        manners = self.direction.manners(frame)
        if self.temporal == 0:
            return Ready(frame, manners, None, {}, {}, 0)
        ready = Ready(frame, manners, self._input.prepare(frame.pixels), {}, {}, 0)
        return ready if ready.left_alone else self._followed(ready)

    def paint(self, ready: Ready) -> Raw:
        """Step two: the network. It remembers nothing."""
        if ready.prepared is None:
            return Raw(ready, self._painted(ready.frame.pixels, ready.manners, None))
        if ready.left_alone:
            return Raw(ready, ready.frame.pixels)
        return Raw(ready, self._painted(ready.prepared.pixels, ready.manners, ready.known))

    def settle(self, raw: Raw) -> Frame:
        """Step three, on what was painted."""
        pixels, prepared = raw.pixels, raw.ready.prepared
        if prepared is not None:
            pixels = self._output.settle(pixels, prepared)
        return raw.ready.frame.with_pixels(_left_alone(pixels, raw.ready))

    def memory(self, raw: Raw) -> Memory:
        """All that the frames after this one depend on; ``raw`` was settled last."""
        if raw.ready.prepared is None or self._output.before is None:
            return {}
        prepared = raw.ready.prepared
        return pack(prepared, self._output.before, raw.ready.known, raw.ready.measured, raw.ready.age)

    def remember(self, memory: Memory) -> None:
        """Go on after the frame that :meth:`memory` was taken at."""
        if not memory:
            return
        self._input.before, self._output.before, known, measured, age = unpack(memory)
        self._statistics = FollowedStatistics(known, measured, age)

    def _followed(self, ready: Ready) -> Ready:
        prepared, followed = ready.prepared, self._statistics
        assert prepared is not None
        anchor = (round(prepared.travel[0]), round(prepared.travel[1]))
        manners = {name: replace(manner, anchor=anchor) for name, manner in ready.manners.items()}
        known = followed.follow(
            manners, lambda: self._measured(prepared.pixels, manners), prepared.change.cut
        )
        return replace(ready, manners=manners, known=known, measured=followed.measured, age=followed.age)

    def _painted(
        self, pixels: UInt8Array, manners: Mapping[str, Manner], known: Mapping[str, StyleCode] | None
    ) -> UInt8Array:
        codes = None if known is None else [known[name] for name in manners]
        painted = self.engine.paint_bytes(pixels, list(manners.values()), codes)
        return painted if self.finish is None else self.finish(painted, pixels)

    def _measured(self, pixels: UInt8Array, manners: Mapping[str, Manner]) -> Mapping[str, StyleCode]:
        if self.direction.whole:
            (name, manner) = next(iter(manners.items()))
            return {name: self.engine.measure_bytes(pixels, manner)}
        codes = self.engine.measure(_floats(pixels), list(manners.values()))
        return dict(zip(manners, codes, strict=True))


@contextmanager
def _threads_each(workers: int) -> Iterator[None]:
    """Within the block torch's threads are shared out among so many workers."""
    before = torch.get_num_threads()
    if workers > 1:
        torch.set_num_threads(max(1, before // workers))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _left_alone(pixels: UInt8Array, ready: Ready) -> UInt8Array:
    """Regions without style get their own pixels back: those of the frame as it was read, to the bit."""
    alone = [m.mask for m in ready.manners.values() if m.code is None]
    if not alone:
        return pixels
    if any(mask is None for mask in alone):
        return ready.frame.pixels
    share = torch.stack([mask for mask in alone if mask is not None]).sum(0)[0, 0, :, :, None].numpy()
    mixed = pixels + share * (ready.frame.pixels.astype(np.float32) - pixels)
    return np.where(share > 1 - 1e-5, ready.frame.pixels, (mixed + 0.5).astype(np.uint8))


def _floats(pixels: UInt8Array) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div_(255).contiguous()
