"""Pictures to feature vectors, which the metrics of whole sets compare. Metric names name the extractor."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bottega import encoders
from bottega.encoders import Encoder
from bottega.encoders.random_filters import RandomFilters
from bottega.errors import SettingsError
from bottega.evaluation import inception
from bottega.evaluation.metrics.checks import check_pictures
from bottega.pictures import resize

RANDOM, INCEPTION, LEGACY = "random", "inception", "inception-legacy"
DEFAULT_SIDES = {INCEPTION: 299, LEGACY: 299, "small": 128, RANDOM: 128}
PUBLISHED_SIDE = 224  # of published networks
MIN_SIDE_PIXELS = 16
RANDOM_FILTERS = 64
BATCH_SIZE = 32
NAME = re.compile(r"(?P<network>[^:@]+)(:(?P<layers>[^:@]+))?(@(?P<side>\d+))?")


@dataclass(frozen=True)
class Extractor:
    """One feature vector per picture.

    Attributes:
        name: as in metric names, such as ``small`` in ``fid[small]``.
        network: frozen; pictures ``(N, 3, side, side)`` to features ``(N, dimensions)``.
        dimensions: length of a feature vector.
        side: pictures are resized to ``side`` × ``side`` pixels, so that file sizes do not matter.
        resize: how they are resized.
    """

    name: str
    network: nn.Module
    dimensions: int
    side: int
    resize: Callable[[Tensor, int], Tensor]

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """The features ``(N, dimensions)``, float32 on the CPU.

        Args:
            pictures: ``(N, 3, H, W)``, sRGB in [0, 1], any size.

        Raises:
            PictureError: another shape, or values outside [0, 1].
        """
        check_pictures(pictures, channels=3)
        device = next(self.network.parameters()).device
        rows = [torch.zeros(0, self.dimensions)]
        for batch in torch.split(pictures, BATCH_SIZE) if len(pictures) else ():
            prepared = self.resize(batch.to(device, torch.float32), self.side)
            rows.append(self.network(prepared).cpu())
        return torch.cat(rows)

    def to(self, device: torch.device | str) -> Extractor:
        """The same on another device; moves the network itself."""
        self.network.to(device)
        return self


class LayerMeans(nn.Module):
    """The means over all positions of one or more layers of an encoder, concatenated."""

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
        name: ``small`` is the packaged encoder. ``random`` are untrained filters at four scales, which favor
            no data set. ``inception`` is the network of published FID values, once it is pulled, and
            ``inception-legacy`` the same with the resizing of the first programs, for comparing with values
            of papers. Any other encoder with weights works as well. ``small:relu3_3`` takes another layer
            than the deepest, ``small:relu2_2+relu3_3`` several (``random`` takes all), ``small@64`` another
            side than the default 128 pixels (299 for Inception, 224 for published encoders).

    Returns:
        One that takes the largest central square of each picture, resized with antialiasing, which matters
        more than most methods do (Parmar, Zhang & Zhu 2022, arXiv 2104.11222). Only ``inception-legacy``
        squeezes whole pictures, without antialiasing.

    Raises:
        SettingsError: the name, the layer or the side is invalid.
        WeightsError: the weights are missing.

    Example:
        >>> features = extractor("small")(pictures)
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise SettingsError(
            f'"{name}" is not the name of an extractor; write small, random, inception or another encoder, '
            "optionally with a layer and a side: small:relu3_3@64."
        )
    base = match["network"]
    side = int(match["side"] or DEFAULT_SIDES.get(base, PUBLISHED_SIDE))
    min_side = inception.MIN_SIDE_PIXELS if base in (INCEPTION, LEGACY) else MIN_SIDE_PIXELS
    if side < min_side:
        raise SettingsError(f'The extractor "{name}" needs a side of {min_side} pixels or more.')
    layers = tuple((match["layers"] or "").split("+")) if match["layers"] else ()
    network = _load_network(base, layers)
    return Extractor(
        name, network, network.dimensions, side, squeeze_legacy if base == LEGACY else center_square
    )


def _load_network(base: str, layers: tuple[str, ...]) -> LayerMeans | inception.Inception:
    if base in (INCEPTION, LEGACY):
        if layers:
            raise SettingsError(f"{base} offers its last features only; remove :{'+'.join(layers)}.")
        return inception.load_inception()
    if base == RANDOM:
        encoder: Encoder = RandomFilters(RANDOM_FILTERS).frozen()
        return LayerMeans(encoder, layers or encoder.layers)
    encoder = encoders.load_encoder(base)
    return LayerMeans(encoder, layers or encoder.layers[-1:])


def center_square(pictures: Tensor, side: int) -> Tensor:
    """The largest central square of each picture, resized to ``side`` × ``side`` with antialiasing."""
    height, width = pictures.shape[-2:]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    return resize(pictures[..., top : top + short, left : left + short], (side, side))


def squeeze_legacy(pictures: Tensor, side: int) -> Tensor:
    """Whole pictures, bilinear without antialiasing, pixel ``i`` read at ``i · old / new``: TensorFlow 1."""
    for axis in (-2, -1):
        size = pictures.shape[axis]
        positions = torch.arange(side, dtype=torch.float32, device=pictures.device) * (size / side)
        below = positions.floor().long()
        above = (below + 1).clamp_max(size - 1)
        weight = (positions - below).view(-1, 1) if axis == -2 else positions - below
        pictures = torch.lerp(pictures.index_select(axis, below), pictures.index_select(axis, above), weight)
    return pictures
