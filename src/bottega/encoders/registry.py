"""Encoders by name: their hyper-parameters, and loading them with trained or random weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch

from bottega import weights
from bottega.encoders.base import Encoder
from bottega.encoders.classifiers import ResNet50, SqueezeNet
from bottega.encoders.vgg import Pooling, VGGEncoder
from bottega.errors import WeightsError

# Early layers weigh more: strokes, not objects, make a style (crowsonkb's 256:64:16:4:1).
VGG_STYLE_LAYERS = {"relu1_1": 256.0, "relu2_1": 64.0, "relu3_1": 16.0, "relu4_1": 4.0, "relu5_1": 1.0}


def _vgg(name: str, depths: Sequence[int], pooling: Pooling = "average") -> VGGEncoder:
    """A VGG (Simonyan & Zisserman 2014) without its classifier."""
    return VGGEncoder(
        name,
        widths=(64, 128, 256, 512, 512),
        depths=depths,
        content_layers={"relu4_2": 1.0},
        style_layers=VGG_STYLE_LAYERS,
        pooling=pooling,
    )


def small(pooling: Pooling = "average", *, batch_norm: bool = False) -> VGGEncoder:
    """Our own, 1.9 M parameters: trained by ``recipes/encoder`` on paintings and photographs."""
    return VGGEncoder(
        "small",
        widths=(32, 64, 128, 256),
        depths=(2, 2, 3, 3),
        content_layers={"tones": 1.0, "relu3_3": 1.0},
        style_layers={
            "pixels": 100.0,
            "relu1_1": 32.0,
            "relu1_2": 64.0,
            "relu2_1": 32.0,
            "relu2_2": 32.0,
            "relu3_1": 12.0,
            "relu3_3": 8.0,
            "relu4_1": 3.0,
            "relu4_3": 1.0,
        },
        pooling=pooling,
        padding_mode="replicate",
        batch_norm=batch_norm,
    )


ENCODERS: dict[str, Callable[..., Encoder]] = {
    "small": small,
    "vgg16": partial(_vgg, "vgg16", (2, 2, 3, 3, 3)),  # 14.7 M parameters
    "vgg19": partial(_vgg, "vgg19", (2, 2, 4, 4, 4)),  # 20.0 M parameters
    "squeezenet": SqueezeNet,
    "resnet50": ResNet50,
}


def build_encoder(name: str, *, seed: int = 0, **options: object) -> Encoder:
    """An encoder with random weights.

    Args:
        name: a name in :data:`ENCODERS`.
        seed: of the weights.
        options: arguments of the builder, such as ``pooling``.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ENCODERS[name](**options)


def load_encoder(name: str = "small", *, pooling: Pooling | None = None) -> Encoder:
    """An encoder with the weights of this name, frozen, on the processor, in float32.

    Args:
        name: of weights: ``small`` ships with Bottega; ``vgg19``, ``vgg16``, ``squeezenet`` and ``resnet50``
            are downloaded once by ``bottega models pull``; or the user's own.
        pooling: ``None`` takes the encoder's default.

    Raises:
        WeightsError: unknown, not downloaded yet, damaged, or not an encoder's weights.

    Example:
        >>> features = load_encoder("small")(torch.rand(1, 3, 64, 64), ["relu3_3"])
    """
    entry = weights.entry(name)
    state, configuration = weights.load(name)
    architecture = str(configuration.get("architecture", entry.architecture))
    if architecture not in ENCODERS:
        raise WeightsError(
            f'The weights "{name}" are for "{architecture or entry.kind}", not for an encoder; '
            f"encoders are {', '.join(ENCODERS)}."
        )
    encoder = ENCODERS[architecture](**({} if pooling is None else {"pooling": pooling}))
    encoder.load_features(state)
    return encoder.frozen()
