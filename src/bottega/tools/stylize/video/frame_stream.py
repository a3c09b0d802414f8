"""``bottega.stylize_frames(...)``: live sources, frame by frame, with a latency of one frame."""

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
from bottega.tools.stylize.api import read_styles
from bottega.tools.stylize.pipeline import Painter
from bottega.tools.stylize.plan import BACKGROUND, RegionChoice, make_plan
from bottega.tools.stylize.settings import PaintSettings
from bottega.tools.stylize.video.build import make_stylizer, open_stylizer
from bottega.tools.stylize.video.settings import ClipSettings
from bottega.tools.stylize.video.style_spec import ClipPlan, split_moment
from bottega.transfer.video import ClipStylizer
from bottega.video import Bytes, Frame, Mask, MaskTrack

MaskSource = Any
"""``(H, W)`` floats in [0, 1] or booleans, or a function from a frame ``(H, W, 3)`` uint8 to such a mask."""


def stylize_frames(
    frames: Iterable[Bytes],
    style: Any,
    *,
    region: Mapping[str, MaskSource] | None = None,
    leave: Iterable[str] = (),
    rate: float = 25.0,
    temporal: float = 1.0,
    **settings: Any,
) -> Iterator[Bytes]:
    """Repaint frames as they come, from a camera or any other source.

    >>> import bottega
    >>> for painted in bottega.stylize_frames(camera, "impasto", strength=0.8):
    ...     show(painted)

    Args:
        frames: each ``(H, W, 3)`` uint8, sRGB; where the size changes, everything begins anew.
        style: as for :func:`bottega.stylize`; a style given as a word may have a moment,
            ``["woodcut@0s", "impasto@5s"]``, in seconds of ``rate`` frames each.
        region: ``{name: mask}``; a mask may be a function of the frame, called for each.
        leave: names of regions that keep their pixels; ``"background"`` is what no mask covers.
        rate: frames per second, for moments.
        temporal: how calm the result is, 0 to 1 (:class:`~bottega.transfer.video.ClipStylizer`).
        settings: fields of :class:`~bottega.tools.stylize.settings.PaintSettings`.

    Yields:
        ``(H, W, 3)`` uint8, one for each frame.

    Raises:
        SettingsError: a setting, a name or a combination is not usable.
        PictureError: a style cannot be read, a frame or a mask has another shape.
    """
    threads = torch.get_num_threads()
    chosen = configure(PaintSettings, {"threads": threads, **settings})
    calm = configure(ClipSettings, {"temporal": temporal, "frame_rate": rate})
    if chosen.size:
        raise SettingsError("Frames are painted at the size they have; leave size out.")
    stylizer = open_stylizer(chosen)
    regions = dict(region or {})
    clip_plan = _plan(style, regions, set(leave), stylizer.names)
    painter = Painter(clip_plan.plan, chosen, stylizer)
    runtime.set_threads(threads)
    tracks = {name: _track(mask) for name, mask in regions.items()}

    def begin(frame: Frame) -> ClipStylizer:
        size = (frame.height, frame.width)
        return make_stylizer(clip_plan, painter, tracks, size=size, begin=Fraction(0), temporal=calm.temporal)

    return _painted(frames, Fraction(rate).limit_denominator(1001), begin)


def _painted(
    frames: Iterable[Bytes], rate: Fraction, begin: Callable[[Frame], ClipStylizer]
) -> Iterator[Bytes]:
    stylizer: ClipStylizer | None = None
    size: tuple[int, int] | None = None
    for number, pixels in enumerate(frames):
        frame = Frame(_checked(pixels, number), number / rate, number)
        if stylizer is None or (frame.height, frame.width) != size:
            stylizer, size = begin(frame), (frame.height, frame.width)
        yield next(stylizer.frames([frame])).pixels


def _checked(pixels: Any, number: int) -> Bytes:
    array = np.asarray(pixels)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise PictureError(
            f"Frame {number} is {array.dtype} of the shape {array.shape}; "
            "a frame is uint8, (height, width, 3)."
        )
    return np.ascontiguousarray(array)


def _plan(style: Any, regions: Mapping[str, MaskSource], leave: set[str], names: Any) -> ClipPlan:
    unknown = leave - {*regions, BACKGROUND}
    if unknown:
        raise SettingsError(f'There is no region "{min(unknown)}" to leave alone; give its mask.')
    plain, moments = _without_moments(style)
    styles = list(read_styles(plain, names))
    # Masks come with every frame; the plan only holds their names.
    blank = MemorySource(pictures.as_picture(np.full((1, 1), 255, np.uint8)), "mask")
    plan = make_plan(
        styles,
        [RegionChoice(name, blank) for name in regions if name not in leave],
        [RegionChoice(name, blank if name in regions else None, leave=True) for name in sorted(leave)],
    )
    if len(moments) != len(styles):
        raise SettingsError("Moments go with styles that are given as words, alone or in a list.")
    return ClipPlan(plan, tuple(moments))


def _without_moments(style: Any) -> tuple[Any, list[float]]:
    """The styles as :func:`bottega.stylize` takes them, and a moment for each."""
    if isinstance(style, str):
        word, moment = split_moment(style)
        return word, [moment or 0.0]
    if isinstance(style, Mapping):
        found: dict[Any, Any] = {}
        moments: list[float] = []
        for key, value in style.items():
            if isinstance(value, int | float):
                word, moment = split_moment(key)
                found[word] = value
                moments.append(moment or 0.0)
            else:
                found[key], inner = _without_moments(value)
                moments += inner
        return found, moments
    if isinstance(style, list):
        pairs = [_without_moments(entry) for entry in style]
        return [plain for plain, _ in pairs], [moment for _, inner in pairs for moment in inner]
    if isinstance(style, tuple) and style and isinstance(style[0], str):
        word, moment = split_moment(style[0])
        return (word, *style[1:]), [moment or 0.0]
    return style, [0.0]


def _track(mask: MaskSource) -> MaskTrack:
    def still(frame: Frame) -> Mask:
        return np.asarray(mask, dtype=np.float32)

    def moving(frame: Frame) -> Mask:
        return np.asarray(mask(frame.pixels), dtype=np.float32)

    return moving if callable(mask) else still
