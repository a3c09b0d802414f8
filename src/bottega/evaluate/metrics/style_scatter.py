"""Whether the pictures of a set are in one manner: the scatter of their style statistics."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.encoders import Encoder
from bottega.errors import SettingsError
from bottega.evaluate.metrics.features import Features, both_as_rows


@torch.no_grad()
def style_vectors(encoder: Encoder, pictures: Tensor) -> Tensor:
    """Means and deviations of all channels of the encoder's style layers: what AdaIN takes for the manner.

    Args:
        pictures: ``(N, 3, H, W)`` in [0, 1].

    Returns:
        ``(N, 2 · channels of all those layers)``, float32 on the processor.
    """
    features = encoder(pictures, tuple(encoder.own_style_layers))
    parts = []
    for layer in encoder.own_style_layers:
        positions = features[layer].float().flatten(2)
        mean = positions.mean(dim=2)
        # Several times as quick as std(), and these need no more digits.
        variance = (positions.square().mean(dim=2) - mean.square()).clamp_min(0)
        parts += [mean, variance.sqrt()]
    return torch.cat(parts, dim=1).cpu()


def style_scatter(vectors: Features, reference: Features) -> float:
    """How much the manner varies within a set, against how much it varies within the reference.

    The root of the mean, over dimensions, of the set's variance over the reference's.

    Args:
        vectors, reference: rows of :func:`style_vectors` of one encoder; two pictures or more each.

    Returns:
        0 where all pictures are in one manner, 1 where it varies as in the reference, above 1 where more.

    Raises:
        SettingsError: too few pictures, different encoders, numbers that are not finite, or a reference whose
            pictures do not differ.
    """
    rows, others = both_as_rows(vectors, reference)
    if min(len(rows), len(others)) < 2:
        raise SettingsError("The scatter of a manner needs two pictures or more in each set.")
    usual = others.var(dim=0)
    # Channels that hardly ever fire in the reference would drown the rest.
    told = usual > 1e-6 * usual.mean()
    if not told.any():
        raise SettingsError(
            "All pictures of the reference are the same; the manner's scatter needs some variety."
        )
    return (rows.var(dim=0)[told] / usual[told]).mean().sqrt().item()
