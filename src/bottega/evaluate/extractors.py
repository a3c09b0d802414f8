"""Pictures to feature vectors, which measures of whole sets compare. Every figure names its extractor."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from bottega import encoders
from bottega.encoders import Encoder
from bottega.encoders.random_filters import RandomFilters
from bottega.errors import PictureError, SettingsError
from bottega.pictures import resize

RANDOM = "random"
SIDES = {"inception": 299, "small": 128, RANDOM: 128}
USUAL_SIDE = 224  # of the published networks
SMALLEST_SIDE = 16
RANDOM_FILTERS = 64
BATCH = 32
NAME = re.compile(r"(?P<encoder>[^:@]+)(:(?P<layers>[^:@]+))?(@(?P<side>\d+))?")


@dataclass(frozen=True)
class Extractor:
    """One feature vector per picture: the means over all positions of an encoder's layer, or of several.

    Attributes:
        name: as it stands in figures, such as ``small`` in ``fid[small]``.
        encoder: frozen.
        layers: whose channels, one layer after the other, are the features.
        side: pictures are brought to ``side`` × ``side`` pixels, so that sizes of files decide nothing.
    """

    name: str
    encoder: Encoder
    layers: tuple[str, ...]
    side: int

    @property
    def dimensions(self) -> int:
        """The length of a feature vector."""
        return sum(self.encoder.channels[layer] for layer in self.layers)

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """The features ``(N, dimensions)``, float32 on the processor.

        Args:
            pictures: ``(N, 3, H, W)``, sRGB in [0, 1], any size: the largest square in the middle is taken
                and resized, antialiased (Parmar et al. 2022 show how much that decides).

        Raises:
            PictureError: another shape.
        """
        if pictures.ndim != 4 or pictures.shape[1] != 3:
            raise PictureError(
                f"Features are taken of pictures (N, 3, height, width), not of {tuple(pictures.shape)}."
            )
        weights = next(self.encoder.parameters())
        rows = []
        for batch in torch.split(pictures, BATCH):
            prepared = square(batch.to(weights.device, torch.float32), self.side)
            features = self.encoder(prepared, self.layers)
            means = [features[layer].float().mean(dim=(2, 3)) for layer in self.layers]
            rows.append(torch.cat(means, dim=1).cpu())
        return torch.cat(rows) if rows else torch.zeros(0, self.dimensions)

    def to(self, device: torch.device | str) -> Extractor:
        """The same on another device; moves the encoder itself."""
        self.encoder.to(device)
        return self


def extractor(name: str = "small") -> Extractor:
    """An extractor by its name.

    Args:
        name: ``small`` (our own encoder, ships), ``random`` (untrained filters: knows nothing of any data
            set, so it favours none), ``inception`` (the network of published FID figures, once it is pulled)
            or any other encoder's weights. ``small:relu3_3`` takes another layer than the deepest,
            ``small:relu2_2+relu3_3`` several, ``small@64`` another side than the usual 128 pixels (299 for
            Inception, 224 for the others). ``random`` takes all its layers.

    Raises:
        SettingsError: the name, the layer or the side is not usable.
        WeightsError: the weights are not here.
    """
    found = NAME.fullmatch(name)
    if found is None:
        raise SettingsError(
            f'"{name}" names no extractor; write small, random, inception or another encoder, with a layer '
            "and a side where you want others than the usual: small:relu3_3@64."
        )
    if found["encoder"] == RANDOM:
        encoder: Encoder = RandomFilters(RANDOM_FILTERS).frozen()
        layers = encoder.layers
    else:
        encoder = encoders.load(found["encoder"])
        layers = encoder.layers[-1:]
    if found["layers"]:
        layers = tuple(found["layers"].split("+"))
        encoder.check_layers(layers)
    side = int(found["side"] or SIDES.get(found["encoder"], USUAL_SIDE))
    if side < SMALLEST_SIDE:
        raise SettingsError(f'The extractor "{name}" needs a side of {SMALLEST_SIDE} pixels or more.')
    return Extractor(name, encoder, layers, side)


def square(pictures: Tensor, side: int) -> Tensor:
    """The largest square in the middle of each picture, resized to ``side`` × ``side``."""
    height, width = pictures.shape[-2:]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    return resize(pictures[..., top : top + short, left : left + short], (side, side))
