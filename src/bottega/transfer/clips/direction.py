"""What happens where and when in a clip: regions with masks that may move, each with its styles over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch

from bottega.errors import PictureError
from bottega.transfer.clips.timeline import Timeline
from bottega.transfer.networks import Manner
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
            :class:`bottega.transfer.networks.Manner`.
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
