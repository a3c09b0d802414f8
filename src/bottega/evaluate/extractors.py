"""Pictures to feature vectors, which measures of whole sets compare. Every figure names its extractor."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bottega import encoders
from bottega.encoders import Encoder
from bottega.encoders.random_filters import RandomFilters
from bottega.errors import PictureError, SettingsError
from bottega.evaluate import inception
from bottega.pictures import resize

RANDOM, INCEPTION, LEGACY = "random", "inception", "inception-legacy"
SIDES = {INCEPTION: 299, LEGACY: 299, "small": 128, RANDOM: 128}
USUAL_SIDE = 224  # of the published networks
SMALLEST_SIDE = 16
RANDOM_FILTERS = 64
BATCH = 32
NAME = re.compile(r"(?P<network>[^:@]+)(:(?P<layers>[^:@]+))?(@(?P<side>\d+))?")

Prepare = Callable[[Tensor, int], Tensor]


@dataclass(frozen=True)
class Extractor:
    """One feature vector per picture.

    Attributes:
        name: as it stands in figures, such as ``small`` in ``fid[small]``.
        network: frozen; pictures ``(N, 3, side, side)`` to features ``(N, dimensions)``.
        dimensions: length of a feature vector.
        side: pictures are brought to ``side`` × ``side`` pixels, so that sizes of files decide nothing.
        prepare: how they are brought there.
    """

    name: str
    network: nn.Module
    dimensions: int
    side: int
    prepare: Prepare

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """The features ``(N, dimensions)``, float32 on the processor.

        Args:
            pictures: ``(N, 3, H, W)``, sRGB in [0, 1], any size.

        Raises:
            PictureError: another shape.
        """
        if pictures.ndim != 4 or pictures.shape[1] != 3:
            raise PictureError(
                f"Features are taken of pictures (N, 3, height, width), not of {tuple(pictures.shape)}."
            )
        device = next(self.network.parameters()).device
        rows = [torch.zeros(0, self.dimensions)]
        for batch in torch.split(pictures, BATCH) if len(pictures) else ():
            prepared = self.prepare(batch.to(device, torch.float32), self.side)
            rows.append(self.network(prepared).cpu())
        return torch.cat(rows)

    def to(self, device: torch.device | str) -> Extractor:
        """The same on another device; moves the network itself."""
        self.network.to(device)
        return self


class LayerMeans(nn.Module):
    """The means over all positions of an encoder's layer, or of several, one after the other."""

    def __init__(self, encoder: Encoder, layers: tuple[str, ...]) -> None:
        super().__init__()
        encoder.check_layers(layers)
        self.encoder, self.layers = encoder, layers
        self.dimensions = sum(encoder.channels[layer] for layer in layers)

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.encoder(pictures, self.layers)
        return torch.cat([features[layer].float().mean(dim=(2, 3)) for layer in self.layers], dim=1)


def extractor(name: str = "small") -> Extractor:
    """An extractor by its name.

    Args:
        name: ``small`` is our own encoder, which ships. ``random`` are untrained filters at four scales: they
            know nothing of any data set, so they favour none. ``inception`` is the network of published FID
            figures, once it is pulled, and ``inception-legacy`` the same with the resizing of the first
            programs, for comparing with figures of papers. Any other encoder's weights do as well.
            ``small:relu3_3`` takes another layer than the deepest, ``small:relu2_2+relu3_3`` several
            (``random`` takes all), ``small@64`` another side than the usual 128 pixels (299 for Inception,
            224 for published encoders).

    Returns:
        One that takes the largest square in the middle of each picture, resized with antialiasing, which
        matters more than most methods do (Parmar, Zhang & Zhu 2022, arXiv 2104.11222). Only
        ``inception-legacy`` squeezes whole pictures, without antialiasing.

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
    base = found["network"]
    side = int(found["side"] or SIDES.get(base, USUAL_SIDE))
    smallest = inception.SMALLEST_SIDE if base in (INCEPTION, LEGACY) else SMALLEST_SIDE
    if side < smallest:
        raise SettingsError(f'The extractor "{name}" needs a side of {smallest} pixels or more.')
    layers = tuple((found["layers"] or "").split("+")) if found["layers"] else ()
    network = _network(base, layers)
    return Extractor(name, network, network.dimensions, side, squeeze if base == LEGACY else square)


def _network(base: str, layers: tuple[str, ...]) -> LayerMeans | inception.Inception:
    if base in (INCEPTION, LEGACY):
        if layers:
            raise SettingsError(
                f"{base} is known by its last features alone; leave :{'+'.join(layers)} away."
            )
        return inception.load_inception()
    if base == RANDOM:
        encoder: Encoder = RandomFilters(RANDOM_FILTERS).frozen()
        return LayerMeans(encoder, layers or encoder.layers)
    encoder = encoders.load(base)
    return LayerMeans(encoder, layers or encoder.layers[-1:])


def square(pictures: Tensor, side: int) -> Tensor:
    """The largest square in the middle of each picture, resized to ``side`` × ``side`` with antialiasing."""
    height, width = pictures.shape[-2:]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    return resize(pictures[..., top : top + short, left : left + short], (side, side))


def squeeze(pictures: Tensor, side: int) -> Tensor:
    """Whole pictures, bilinear without antialiasing, pixel ``i`` read at ``i · old / new``: TensorFlow 1."""
    for axis in (-2, -1):
        size = pictures.shape[axis]
        places = torch.arange(side, dtype=torch.float32, device=pictures.device) * (size / side)
        below = places.floor().long()
        above = (below + 1).clamp_max(size - 1)
        share = (places - below).view(-1, 1) if axis == -2 else places - below
        pictures = torch.lerp(pictures.index_select(axis, below), pictures.index_select(axis, above), share)
    return pictures
