"""What happens where and when in a clip: regions with masks that may move, each with its styles over time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch

from bottega.errors import PictureError, SettingsError
from bottega.transfer.feedforward.style_code import Manner, StyleCode, mix_codes
from bottega.transfer.regions import Region, feather, partition
from bottega.video import Frame, MaskTrack


@dataclass(frozen=True)
class Part:
    """A region of a clip.

    Attributes:
        name: of the region.
        timeline: its styles; none leaves it alone.
        mask: gives each frame's mask; none is what no other mask covers.
    """

    name: str
    timeline: Timeline | None
    mask: MaskTrack | None = None


@dataclass(frozen=True)
class Direction:
    """The manners of every frame.

    Attributes:
        parts: regions; one without a mask where the whole frame is painted alike.
        strength, color_strength, marks, magnified: of all of them, see
            :class:`bottega.transfer.feedforward.Manner`.
        feather: how soft the edges of masks become, in pixels.
        begin: the time of the first frame, at which the timelines begin.
    """

    parts: Sequence[Part]
    strength: float = 1.0
    color_strength: float | None = None
    feather: float = 0.0
    begin: Fraction = Fraction(0)
    marks: float = 1.0
    magnified: int = 1

    @property
    def whole(self) -> bool:
        """Whether all of every frame is painted in one manner."""
        return len(self.parts) == 1 and self.parts[0].mask is None

    def manners(self, frame: Frame) -> dict[str, Manner]:
        """By region: one for the whole frame, or several whose masks add up to one.

        A region whose mask is empty in this frame is not there: things may leave the picture.

        Raises:
            PictureError: a mask has another size than the frame.
        """
        seconds = float(frame.time - self.begin)
        if self.whole:
            part = self.parts[0]
            return {part.name: self._manner(part, seconds)}
        found = []
        for part in self.parts:
            mask = None if part.mask is None else self._mask(part.mask, frame)
            if mask is None or float(mask.max()) > 0:
                found.append(Region(part.name, mask))
        parts = {part.name: part for part in self.parts}
        return {
            region.name: self._manner(parts.get(region.name), seconds, region.mask)
            for region in partition(found, (frame.height, frame.width))
        }

    def _mask(self, track: MaskTrack, frame: Frame) -> torch.Tensor:
        mask = torch.as_tensor(track(frame), dtype=torch.float32)
        if mask.shape != (frame.height, frame.width):
            raise PictureError(
                f"A mask of the shape {tuple(mask.shape)} was given for a frame of {frame.width} × "
                f"{frame.height} pixels; it must be ({frame.height}, {frame.width}), values in [0, 1]."
            )
        return feather(mask[None, None], self.feather)

    def _manner(self, part: Part | None, seconds: float, mask: torch.Tensor | None = None) -> Manner:
        code = None if part is None or part.timeline is None else part.timeline.at(seconds)
        return Manner(code, self.strength, self.color_strength, mask, self.marks, magnified=self.magnified)


class Timeline:
    """Key moments with a style each; between two of them one fades into the other.

    Before the first and after the last the style stays. To hold a style, give it twice.

    Args:
        keys: seconds to style code.

    Raises:
        SettingsError: no key, or one before the beginning.
    """

    def __init__(self, keys: Mapping[float, StyleCode]) -> None:
        if not keys:
            raise SettingsError("A timeline needs at least one style.")
        if min(keys) < 0:
            raise SettingsError(f"A style cannot begin at {min(keys):g} s, before the clip; use 0 or more.")
        self.times = sorted(keys)
        self.codes = [keys[time] for time in self.times]

    def at(self, seconds: float) -> StyleCode:
        """The style of a moment."""
        index, share = self.between(seconds)
        if share == 0:
            return self.codes[index]
        return mix_codes(self.codes[index : index + 2], [1 - share, share])

    def between(self, seconds: float) -> tuple[int, float]:
        """Number of the key before (or first) and how far the way to the next one is covered, in [0, 1)."""
        index = bisect_right(self.times, seconds) - 1
        if index < 0:
            return 0, 0.0
        if index == len(self.times) - 1:
            return index, 0.0
        before, after = self.times[index : index + 2]
        return index, (seconds - before) / (after - before)


def gathered(styles: Sequence[tuple[float, StyleCode, float]]) -> Timeline:
    """A timeline from ``(seconds, code, weight)``; styles of one moment mix by their weights."""
    moments: dict[float, list[tuple[StyleCode, float]]] = {}
    for seconds, code, weight in styles:
        moments.setdefault(seconds, []).append((code, weight))
    return Timeline({
        seconds: pairs[0][0] if len(pairs) == 1 else mix_codes(*map(list, zip(*pairs, strict=True)))
        for seconds, pairs in moments.items()
    })  # fmt: skip
