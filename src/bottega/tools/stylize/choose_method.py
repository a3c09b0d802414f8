"""``--method auto``: choose the method by what a picture shows, and say why.

Simple measurements stand in for a face detector: areas with the colors of skin, and areas without detail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import max_pool2d

from bottega import pictures
from bottega.errors import PictureError
from bottega.files import list_files
from bottega.layers import luma
from bottega.picture_formats import READ_SUFFIXES
from bottega.tools.common.image_sources import content_source
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.stylize.methods.registry import AUTO_METHODS, METHODS, MethodSpec
from bottega.tools.stylize.settings import StylizeSettings

MEASURED_SIDE = 192
"""Long side at which pictures are measured, in pixels."""
MAX_MEASURED_PICTURES = 12
"""Of a folder, evenly spread."""
MIN_SKIN_SHARE, MAX_SKIN_SHARE = 0.045, 0.5
"""Of the picture, in one area, for a portrait; more is a wall or sand."""
SKIN_CB, SKIN_CR = (77, 127), (137, 173)
"""Range of skin in the color differences of JPEG (Chai and Ngan 1999), a little narrower in red."""
MIN_SKIN_FILL, MAX_SKIN_ASPECT = 0.45, 2.2
"""A face fills this much of its bounding box, whose sides have at most this ratio."""
MAX_FLAT_RANGE = 0.02
"""Difference of lightness within 5 × 5 pixels of a flat area."""
MIN_FLAT_SHARE = 0.6
"""Of the picture, for a drawing."""


@dataclass(frozen=True)
class Measurements:
    """Shares of a picture, in [0, 1]: its largest area of skin colors, and its areas without detail."""

    skin: float
    flat: float

    @property
    def subject(self) -> str:
        """``portrait``, ``drawing`` or ``photo``."""
        if self.skin >= MIN_SKIN_SHARE:
            return "portrait"
        return "drawing" if self.flat >= MIN_FLAT_SHARE else "photo"


CHOICES = {
    "portrait": ("photo", "keeps faces as they are: tone and color change"),
    "drawing": ("optimize", "also fills flat areas with the style; it takes a minute or two"),
    "photo": ("micro", "adds the strokes of the style in a second or two"),
}
"""The best method for a subject, and why."""


def choose_method(settings: StylizeSettings, reporter: ProgressReporter) -> StylizeSettings:
    """The settings with the method for the content, which a note names with the reason.

    A folder gets one method for all its pictures, so that they look alike.

    Raises:
        PictureError: the content cannot be read.
    """
    if settings.content.is_dir():
        files = list_files(settings.content, READ_SUFFIXES)
        measured = []
        for file in files[:: -(-len(files) // MAX_MEASURED_PICTURES) or 1]:
            try:
                measured.append(measure(pictures.load(file).pixels))
            except PictureError:  # reported when the picture is stylized
                continue
        subject = Counter(each.subject for each in measured).most_common(1)[0][0] if measured else "photo"
        what = f"Most pictures in {settings.content} look like a {subject}"
    else:
        measured = [measure(content_source(settings.content).open().pixels)]
        subject = measured[0].subject
        what = f"{settings.content} looks like a {subject}"
        if subject == "portrait":
            what += f" ({100 * measured[0].skin:.0f} % colors of skin in one area)"
        elif subject == "drawing":
            what += f" ({100 * measured[0].flat:.0f} % flat areas)"
    method, reason = CHOICES[subject]
    able = _able_methods(settings)
    if METHODS[method] in able:
        reporter.note(f"{what}: method {method}, which {reason}.")
    else:
        reporter.note(f"{what}, but {method} does not support all settings: method {able[0].name}.")
        method = able[0].name
    return settings.model_copy(update={"method": method})


def _able_methods(settings: StylizeSettings) -> Sequence[MethodSpec]:
    """The methods that support all settings; one at least, as each setting alone is supported."""
    methods = [METHODS[name] for name in AUTO_METHODS]
    able = [each for each in methods if all(map(each.supports, settings.model_fields_set))]
    return able or [max(methods, key=lambda each: sum(map(each.supports, settings.model_fields_set)))]


def measure(picture: Tensor) -> Measurements:
    """Measure a picture ``(1, 3, H, W)`` in sRGB."""
    small = pictures.fit(picture, MEASURED_SIDE)
    lightness = luma(small)
    spread = max_pool2d(lightness, 5, 1, 2) + max_pool2d(-lightness, 5, 1, 2)
    return Measurements(_skin_share(small), float((spread < MAX_FLAT_RANGE).float().mean()))


def _skin_share(picture: Tensor) -> float:
    """Share of the largest compact area with the colors of skin."""
    from scipy.ndimage import find_objects, label

    red, _, blue = picture[0] * 255
    brightness = luma(picture)[0, 0] * 255
    cb, cr = 128 + 0.564 * (blue - brightness), 128 + 0.713 * (red - brightness)
    is_skin = (cb >= SKIN_CB[0]) & (cb <= SKIN_CB[1]) & (cr >= SKIN_CR[0]) & (cr <= SKIN_CR[1])
    is_skin &= (brightness > 60) & (brightness < 245)
    # A majority filter, so that neither grain nor eyes decide.
    majority = torch.nn.functional.avg_pool2d(is_skin[None, None].float(), 5, 1, 2)[0, 0] > 0.5
    areas: NDArray[np.int32]
    areas, _ = label(majority.numpy())
    best = 0.0
    for index, box in enumerate(find_objects(areas), start=1):
        height, width = (part.stop - part.start for part in box)
        pixels = int((areas[box] == index).sum())
        share = pixels / areas.size
        if (
            pixels / (height * width) >= MIN_SKIN_FILL
            and max(height / width, width / height) <= MAX_SKIN_ASPECT
            and share <= MAX_SKIN_SHARE
            and _sides_touched(box, areas.shape) <= 1
        ):
            best = max(best, share)
    return best


def _sides_touched(box: tuple[slice, ...], shape: tuple[int, ...]) -> int:
    """How many of the left, right and top edges an area touches; that of a bust may touch the bottom."""
    rows, columns = box
    return (rows.start == 0) + (columns.start == 0) + (columns.stop == shape[1])
