"""Which style applies where and when: regions with masks that may move, each with its styles over time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.transfer.feedforward.style_code import StyleCode, StyleTarget, mix_style_codes
from bottega.transfer.regions import Region, feather, partition
from bottega.video import Frame, MaskTrack


class StyleTimeline:
    """Styles at key times; between two of them one fades into the other.

    Before the first and after the last the style is constant. To hold a style, give it two keys.

    Args:
        keys: seconds to style code.

    Raises:
        SettingsError: keys are missing, or one is negative.
    """

    def __init__(self, keys: Mapping[float, StyleCode]) -> None:
        if not keys:
            raise SettingsError("A timeline needs at least one style.")
        if min(keys) < 0:
            raise SettingsError(f"A style cannot begin at {min(keys):g} s, before the clip; use 0 or more.")
        self.times = sorted(keys)
        self.codes = [keys[time] for time in self.times]

    @classmethod
    def from_weighted_styles(cls, styles: Sequence[tuple[float, StyleCode, float]]) -> StyleTimeline:
        """From ``(seconds, code, weight)``; styles at the same time are mixed by their weights."""
        keys: dict[float, list[tuple[StyleCode, float]]] = {}
        for seconds, code, weight in styles:
            keys.setdefault(seconds, []).append((code, weight))
        return cls({
            seconds: pairs[0][0] if len(pairs) == 1 else mix_style_codes(*map(list, zip(*pairs, strict=True)))
            for seconds, pairs in keys.items()
        })  # fmt: skip

    def at(self, seconds: float) -> StyleCode:
        """The style at a time."""
        index, share = self.interval(seconds)
        if share == 0:
            return self.codes[index]
        return mix_style_codes(self.codes[index : index + 2], [1 - share, share])

    def interval(self, seconds: float) -> tuple[int, float]:
        """Index of the key before (or of the first), and the share of the way to the next one, in [0, 1)."""
        index = bisect_right(self.times, seconds) - 1
        if index < 0:
            return 0, 0.0
        if index == len(self.times) - 1:
            return index, 0.0
        before, after = self.times[index : index + 2]
        return index, (seconds - before) / (after - before)


@dataclass(frozen=True)
class RegionTrack:
    """A region of a clip.

    Attributes:
        name: of the region.
        timeline: its styles; None leaves it unchanged.
        mask: returns the mask of each frame; None is what no other mask covers.
    """

    name: str
    timeline: StyleTimeline | None
    mask: MaskTrack | None = None


@dataclass(frozen=True)
class RegionSchedule:
    """The style targets of every frame.

    Attributes:
        tracks: regions; a single one without a mask covers the whole frame.
        strength, color_strength, texture_amount, texture_scale: of all regions, see
            :class:`bottega.transfer.feedforward.StyleTarget`.
        feather: width of the masks' soft edges in pixels.
        start: time of the first frame, at which the timelines start.
    """

    tracks: Sequence[RegionTrack]
    strength: float = 1.0
    color_strength: float | None = None
    feather: float = 0.0
    start: Fraction = Fraction(0)
    texture_amount: float = 1.0
    texture_scale: int = 1

    @property
    def has_single_region(self) -> bool:
        """Whether one target covers all of every frame."""
        return len(self.tracks) == 1 and self.tracks[0].mask is None

    def targets(self, frame: Frame) -> dict[str, StyleTarget]:
        """By region: one for the whole frame, or several whose masks add up to one.

        A region with an empty mask is left out: objects may leave the frame.

        Raises:
            PictureError: a mask differs in size from the frame.
        """
        seconds = float(frame.time - self.start)
        if self.has_single_region:
            return {self.tracks[0].name: self._target(self.tracks[0], seconds, None)}
        regions = []
        for track in self.tracks:
            mask = None if track.mask is None else self._mask(track.mask, frame)
            if mask is None or float(mask.max()) > 0:
                regions.append(Region(track.name, mask))
        tracks = {track.name: track for track in self.tracks}
        return {
            region.name: self._target(tracks.get(region.name), seconds, region.mask)
            for region in partition(regions, (frame.height, frame.width))
        }

    def _mask(self, track: MaskTrack, frame: Frame) -> Tensor:
        mask = torch.as_tensor(track(frame), dtype=torch.float32)
        if mask.shape != (frame.height, frame.width):
            raise PictureError(
                f"The mask of a frame of {frame.width} × {frame.height} pixels must have the shape "
                f"({frame.height}, {frame.width}), values in [0, 1], not {tuple(mask.shape)}."
            )
        return feather(mask[None, None], self.feather)

    def _target(self, track: RegionTrack | None, seconds: float, mask: Tensor | None) -> StyleTarget:
        code = None if track is None or track.timeline is None else track.timeline.at(seconds)
        return StyleTarget(
            code,
            self.strength,
            self.color_strength,
            mask,
            self.texture_amount,
            texture_scale=self.texture_scale,
        )
