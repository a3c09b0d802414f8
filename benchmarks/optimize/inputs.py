"""The pictures and encoders of the benchmark."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from benchmarks.encoders.candidates import data_dependent_init, trained_encoder
from bottega import styles, weights
from bottega.encoders import Encoder, VGGEncoder, build_encoder
from bottega.pictures import PHOTOGRAPHS, photograph, resize

STYLE = "impasto"
CALIBRATION = 128
RANDOM_ENCODERS = ("vgg16", "vgg19")


def content_picture(size: int) -> Tensor:
    """The middle square of the temple roof, ``(1, 3, size, size)``; its own side is 427 pixels."""
    return _square(photograph("china").pixels, size)


def style_picture(size: int) -> Tensor:
    """A bundled style, painted at this size."""
    return styles.paint(STYLE, (size, size))


def open_encoder(name: str) -> Encoder:
    """An encoder of the manifest, one in a ``.safetensors`` file, or a VGG shape with fitted random weights.

    A file that does not name its architecture is taken for ``small``; weights that do not fit are refused.
    Speed does not depend on weights, but the loss's fall does, so random filters are fitted to photographs.

    Raises:
        WeightsError: unknown, damaged, or of another shape.
    """
    if name in RANDOM_ENCODERS:
        return _random_encoder(name)
    if name.endswith(".safetensors"):
        state, configuration = weights.load_file(name)
        if "architecture" not in configuration:
            encoder = build_encoder("small")
            encoder.load_features(state)
            return encoder.frozen()
    return trained_encoder(name)


def _random_encoder(name: str) -> Encoder:
    encoder = build_encoder(name)
    assert isinstance(encoder, VGGEncoder)
    photographs = torch.cat([_square(photograph(each).pixels, CALIBRATION) for each in PHOTOGRAPHS])
    return data_dependent_init(encoder, photographs).frozen()


def label(name: str) -> str:
    """What the tables call it: no more of a path than the folder and the file."""
    if name in RANDOM_ENCODERS:
        return f"{name}, random weights"
    path = Path(name)
    return f"{path.parent.name}/{path.stem}" if path.suffix else name


def _square(picture: Tensor, size: int) -> Tensor:
    height, width = picture.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(picture[..., top : top + side, left : left + side], (size, size)).clamp(0, 1)
