"""Encoders with trained weights."""

from __future__ import annotations

from bottega import weights
from bottega.encoders.base import Encoder
from bottega.encoders.plain import Pooling
from bottega.encoders.table import ENCODERS
from bottega.errors import WeightsError


def load(name: str = "small", *, pooling: Pooling | None = None) -> Encoder:
    """An encoder with the weights of this name, frozen, on the processor, in float32.

    Args:
        name: of weights: ``small`` ships with Bottega; ``vgg19``, ``vgg16``, ``squeezenet`` and ``resnet50``
            are fetched once by ``bottega models pull``; or the artist's own.
        pooling: ``None`` takes the encoder's default.

    Raises:
        WeightsError: unknown, not fetched yet, damaged, or not an encoder's weights.
    """
    entry = weights.entry(name)
    state, configuration = weights.load(name)
    architecture = str(configuration.get("architecture", entry.architecture))
    if architecture not in ENCODERS:
        raise WeightsError(
            f'The weights "{name}" are for "{architecture or entry.kind}", which is no encoder; '
            f"encoders are {', '.join(ENCODERS)}."
        )
    encoder = ENCODERS[architecture](**({} if pooling is None else {"pooling": pooling}))
    encoder.load_features(state)
    return encoder.frozen()
