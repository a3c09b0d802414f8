"""Batches of random views, drawn as a function of (seed, step, position) and of nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.training.augment import color_jitter, crop, rotated_crop, uniform
from bottega.training.data import PictureSet
from bottega.training.step import Step


@dataclass(frozen=True)
class View:
    """How a square view is drawn from a picture. The defaults suit a laptop.

    Attributes:
        size: side of the view in pixels.
        scale: smallest and largest side of the piece that becomes the view, as a multiple of ``size``.
        flip: mirror half of the views.
        rotation: largest turn either way in degrees.
        color: strength of :func:`~bottega.training.augment.color_jitter`; 0 leaves the colours.
    """

    size: int = 128
    scale: tuple[float, float] = (1.0, 2.0)
    flip: bool = True
    rotation: float = 0.0
    color: float = 0.0

    def __post_init__(self) -> None:
        if self.size < 1 or not 0 < self.scale[0] <= self.scale[1]:
            raise SettingsError("A view needs a size of 1 or more, and a scale from small to large above 0.")

    def draw(self, picture: Tensor, generator: torch.Generator) -> Tensor:
        """A view ``(3, size, size)`` float32 in [0, 1] of a picture ``(3, h, w)`` uint8."""
        window = self.size * uniform(generator, *self.scale)
        if self.rotation:
            view = rotated_crop(picture, window, self.size, self.rotation, generator, self.flip)
        else:
            view = crop(picture, window, self.size, generator, self.flip)
        return color_jitter(view[None], self.color, generator)[0] if self.color else view


class Batches:
    """Random views of pictures; each picture is drawn once before any is drawn again.

    However a batch is cut into parts and over processes, the same views make it up.

    Args:
        pictures: the set to draw from.
        batch: pictures in one step, over all parts and processes.
        view: how views are drawn.
        seed: of order and views. Two sets in one training (contents and styles) want different ones.
    """

    def __init__(self, pictures: PictureSet, batch: int = 8, view: View | None = None, seed: int = 0) -> None:
        if len(pictures) == 0 or batch < 1:
            raise SettingsError("A batch needs at least one picture to draw from, and a size of 1 or more.")
        self.pictures, self.batch, self.seed = pictures, batch, seed
        self.view = view or View()

    def __call__(self, step: Step) -> Tensor:
        """This process's share of the step's batch: ``(share, 3, size, size)`` on the worker's device.

        Raises:
            SettingsError: the batch cannot be cut into equal shares.
            PictureError: no picture can be read any more.
        """
        views = [self.view_at(step.number, position) for position in step.share(self.batch)]
        return torch.stack(views).to(step.worker.device)

    def view_at(self, step: int, position: int) -> Tensor:
        """The view ``(3, size, size)`` at a position in the batch of a step."""
        picture = self.pictures.readable(self.number_at(step, position))
        return self.view.draw(picture, _generator(self.seed, step, position))

    def number_at(self, step: int, position: int) -> int:
        """Which picture is drawn there."""
        epoch, place = divmod(step * self.batch + position, len(self.pictures))
        return int(_order(len(self.pictures), self.seed, epoch)[place])


@lru_cache(maxsize=8)
def _order(count: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(count, generator=_generator(seed, epoch))


def _generator(*numbers: int) -> torch.Generator:
    """Seeded by a hash, so that neighbouring numbers give unrelated generators."""
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))
