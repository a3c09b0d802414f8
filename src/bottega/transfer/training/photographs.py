"""Photographs to train on: the artist's own, or the two that come along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bottega import pictures
from bottega.training import PictureSet, View, find_pictures, hold_out, load_pictures
from bottega.training.augment import centre_square

SHORT_SIDE = 384
"""Pixels to which the shorter side is reduced."""
ENOUGH_TO_HOLD_OUT = 20
CHECKED = 4
"""Pictures that a validation looks at."""


@dataclass(frozen=True)
class Photographs:
    """What networks learn to paint on.

    Attributes:
        training: pictures that crops are cut from.
        held_out: pictures for validation; of a small collection the same.
        own: the artist's; False for the two that come along.
    """

    training: PictureSet
    held_out: PictureSet
    own: bool

    def view(self, size: int) -> View:
        """How crops are cut; from two pictures, of very many kinds."""
        if self.own:
            return View(size=size, scale=(1.0, 2.4))
        return View(size=size, scale=(0.5, 2.4), rotation=15.0, color=0.6)

    def squares(self, size: int) -> Tensor:
        """Middles of the first few held out, ``(N, 3, size, size)``: always the same."""
        chosen = [self.held_out.readable(number) for number in range(min(CHECKED, len(self.held_out)))]
        return torch.stack([centre_square(picture, size) for picture in chosen])


def photographs(
    folder: Path | None = None, on_progress: Callable[[int, int], None] | None = None
) -> Photographs:
    """All pictures in a folder and the folders in it; without one, the demonstration photographs.

    Raises:
        PictureError: there is no such folder, or no picture in it that can be read.
    """
    if folder is None:
        shown = [pictures.fit(pictures.photograph(name).pixels, 576)[0] for name in pictures.PHOTOGRAPHS]
        both = PictureSet(
            [(picture * 255).round().to(torch.uint8) for picture in shown],
            [Path(n) for n in pictures.PHOTOGRAPHS],
        )
        return Photographs(both, both, own=False)
    files = find_pictures(folder)
    training, held_out = hold_out(files) if len(files) >= ENOUGH_TO_HOLD_OUT else (files, [])
    if not (training and held_out):
        training, held_out = files, []
    loaded = load_pictures(training, SHORT_SIDE, on_progress=on_progress)
    if not held_out:
        return Photographs(loaded, loaded, own=True)
    return Photographs(loaded, load_pictures(held_out[:CHECKED], SHORT_SIDE), own=True)
