"""A picture, bent to a condition: g(G(z), c)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega import weights
from bottega.errors import PictureError, SettingsError
from bottega.layers import rgb_to_oklab
from bottega.personalize.condition import Condition
from bottega.personalize.network import AdjustmentNet
from bottega.personalize.render import render
from bottega.personalize.seen import check, seen
from bottega.personalize.steering import begin, in_palette
from bottega.personalize.style import painted

ARCHITECTURE = "adjust"
NETWORKS = {ARCHITECTURE: AdjustmentNet}
ROUNDS = 3
REFINE = 24


def save(network: AdjustmentNet, path: str | Path, metadata: Mapping[str, Any] | None = None) -> str:
    """Write a network with the configuration that builds it again; returns the file's sha256."""
    return weights.save_network(network, path, NETWORKS, metadata)


def described(network: AdjustmentNet, metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """:func:`bottega.weights.build_config` for an adjustment network."""
    return weights.build_config(network, NETWORKS, metadata)


def load(source: str | Path = ARCHITECTURE) -> AdjustmentNet:
    """An adjustment network by the name of its weights, or from a ``.safetensors`` file."""
    return weights.load_network(source, NETWORKS, "adjustment network")


def packaged() -> AdjustmentNet | None:
    """The network that ships with Bottega; None where its file is not here."""
    known = ARCHITECTURE in {entry.name for entry in weights.entries()}
    return load() if known and weights.is_here(ARCHITECTURE) else None


@torch.no_grad()
def adjust(
    picture: Tensor,
    condition: Condition,
    mask: Tensor | None = None,
    strength: float = 1.0,
    *,
    network: AdjustmentNet | None = None,
    rounds: int = ROUNDS,
    refine: int = REFINE,
) -> Tensor:
    """Bring a picture to a condition and keep what it shows.

    Colours move in closed form; then the network corrects, round by round, what is read of the result, and
    the slope of what is read does the rest. All of that looks at a small picture; the full one is rendered
    once.

    Args:
        picture: ``(1, 3, H, W)``, sRGB in [0, 1].
        condition: what is asked. Styles are painted first (:mod:`~.style`).
        mask: ``(1, 1, H, W)`` in [0, 1]: nothing changes outside, and colour and texture are read inside.
        strength: how far to go, in [0, 1]; 0 leaves the picture as it is.
        network: of :func:`load`; none goes without.
        rounds: of the network.
        refine: steps along the slope; 0 goes without. Each takes about as long as six readings.

    Returns:
        ``(1, 3, H, W)`` in [0, 1].

    Raises:
        SettingsError: a number is out of its range, or a style is unknown.
        PictureError: not one picture, or a mask that does not fit.
    """
    check(picture, mask)
    if len(picture) != 1:
        raise PictureError(f"One picture at a time is adjusted, not {len(picture)}.")
    if not 0 <= strength <= 1 or rounds < 0 or refine < 0:
        raise SettingsError(
            f"strength must be between 0 and 1, not {strength}; "
            f"rounds and refine 0 or more, not {rounds} and {refine}."
        )
    if strength == 0:
        return picture
    if condition.styles or condition.embedding:
        picture = painted(picture, condition, mask, strength)
    if not condition.asked:
        return picture
    asked, wanted = (values[None].to(picture.device) for values in condition.vector())
    small = seen(picture.float()).clamp(0, 1)
    region = None if mask is None else seen(mask.float())
    steering = begin(small, asked, wanted, region, strength)
    for _ in range(rounds if network is not None else 0):
        assert network is not None
        steering = steering.corrected(network)
    if refine:
        steering = steering.refined(refine)
    full = in_palette(rgb_to_oklab(picture.float()), asked, wanted, mask, strength)
    return render(full, steering.adjustment, mask).picture.to(picture.dtype)
