"""``bottega.stylize_frames``: a stream of frames, such as a camera's, with a latency of one frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from bottega import pictures, runtime
from bottega.errors import PictureError, SettingsError
from bottega.tools.common.image_sources import MemorySource
from bottega.tools.common.tool import configure
from bottega.tools.stylize.pipeline import StylizePipeline
from bottega.tools.stylize.plan import Plan, make_plan
from bottega.tools.stylize.settings import TransferSettings, VideoSettings
from bottega.tools.stylize.style_spec import BACKGROUND, RegionSpec, style_specs
from bottega.tools.stylize.video.build import build_stylizer, open_video_method
from bottega.transfer.video import VideoStylizer
from bottega.video import Frame, MaskTrack, UInt8Array

FrameMask = Any
"""``(H, W)`` floats in [0, 1] or booleans, or a function from a frame ``(H, W, 3)`` uint8 to such a mask."""


def stylize_frames(
    frames: Iterable[UInt8Array],
    style: Any,
    *,
    region: Mapping[str, FrameMask] | None = None,
    protect: Iterable[str] = (),
    frame_rate: float = 25.0,
    temporal_smoothing: float = 1.0,
    **settings: Any,
) -> Iterator[UInt8Array]:
    """Stylize frames as they come, from a camera or any other source.

    >>> for frame in bottega.stylize_frames(camera, "impasto", strength=0.8):
    ...     show(frame)

    Args:
        frames: each ``(H, W, 3)`` uint8, sRGB; if the size changes, smoothing starts again.
        style: as for :func:`bottega.stylize`; as text it may have a start time, in seconds:
            ``["woodcut@0s", "impasto@5s"]``.
        region: ``{name: mask}``; a mask may be a function of the frame, called for each.
        protect: names of regions that keep their pixels; ``"background"`` is what no mask covers.
        frame_rate: frames per second, for start times.
        temporal_smoothing: suppresses flicker, 0 to 1 (:class:`~bottega.transfer.video.VideoStylizer`).
        settings: fields of :class:`~bottega.tools.stylize.settings.TransferSettings`.

    Yields:
        ``(H, W, 3)`` uint8, one for each frame.

    Raises:
        SettingsError: a setting, a name or a combination is invalid.
        PictureError: a style cannot be read, a frame or a mask has another shape.
    """
    threads = torch.get_num_threads()
    transfer = configure(TransferSettings, {"threads": threads, **settings})
    smoothing = configure(VideoSettings, {"temporal_smoothing": temporal_smoothing, "frame_rate": frame_rate})
    if transfer.size:
        raise SettingsError("Frames keep their size; leave size out.")
    method = open_video_method(transfer)
    regions = dict(region or {})
    pipeline = StylizePipeline(_plan(style, regions, set(protect)), method)
    runtime.set_threads(threads)
    masks = {name: _mask_track(mask) for name, mask in regions.items()}

    def start(frame: Frame) -> VideoStylizer:
        return build_stylizer(
            pipeline,
            masks,
            size=(frame.height, frame.width),
            start_time=Fraction(0),
            temporal_smoothing=smoothing.temporal_smoothing,
        )

    return _stylize(frames, Fraction(frame_rate).limit_denominator(1001), start)


def _stylize(
    frames: Iterable[UInt8Array], rate: Fraction, start: Callable[[Frame], VideoStylizer]
) -> Iterator[UInt8Array]:
    stylizer: VideoStylizer | None = None
    size: tuple[int, int] | None = None
    for index, pixels in enumerate(frames):
        frame = Frame(_check_frame(pixels, index), index / rate, index)
        if stylizer is None or (frame.height, frame.width) != size:
            stylizer, size = start(frame), (frame.height, frame.width)
        yield next(stylizer.frames([frame])).pixels


def _check_frame(pixels: Any, index: int) -> UInt8Array:
    array = np.asarray(pixels)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise PictureError(
            f"Frame {index} is {array.dtype} of the shape {array.shape}; "
            "a frame is uint8, (height, width, 3)."
        )
    return np.ascontiguousarray(array)


def _plan(style: Any, regions: Mapping[str, FrameMask], protect: set[str]) -> Plan:
    unknown = protect - {*regions, BACKGROUND}
    if unknown:
        raise SettingsError(f'There is no region "{min(unknown)}" to protect; give its mask.')
    # Masks come with every frame; the plan only needs their names.
    blank = MemorySource(pictures.as_picture(np.full((1, 1), 255, np.uint8)), "mask")
    return make_plan(
        list(style_specs(style)),
        [RegionSpec(name, blank) for name in regions if name not in protect],
        [RegionSpec(name, blank if name in regions else None, protect=True) for name in sorted(protect)],
        video=True,
    )


def _mask_track(mask: FrameMask) -> MaskTrack:
    return lambda frame: np.asarray(mask(frame.pixels) if callable(mask) else mask, dtype=np.float32)
