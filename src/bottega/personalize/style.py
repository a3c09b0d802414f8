"""Style: what the any-style network measures of a picture, how alike two are, and painting in one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega import pictures, styles, weights
from bottega.errors import SettingsError, WeightsError
from bottega.layers import ChannelMoments, ColorMoments
from bottega.personalize.condition import Condition, StyleEmbedding
from bottega.personalize.seen import seen
from bottega.suggestions import nearest
from bottega.transfer.feedforward import Manner, MicroNet, StyleCode, load, mix_codes, one_pass
from bottega.transfer.feedforward.style_code import check_picture

NETWORK = "micro"
SIDE = 512
"""Shorter side at which style pictures are looked at; larger would make strokes larger."""

SPAN = 0.61
"""Of the distance of styles, as an attribute's: 95 of 100 pairs of pictures stay below it."""

FLOOR = 1e-5
"""What a deviation's square is at least, in codes."""


def read_style(picture: Tensor) -> StyleEmbedding:
    """What the network measures of a picture ``(1, 3, H, W)``: colours, and statistics of its features.

    Raises:
        PictureError: not a picture.
        WeightsError: the network's weights are not here.
    """
    check_picture("style", picture)
    network, name = _network()
    return _embedding(network.encode(seen(picture.float(), SIDE)), name)


def style_match(asked: StyleEmbedding, got: StyleEmbedding) -> float:
    """1 − min(1, d / 0.61), with the distance d of :func:`style_distance`.

    Raises:
        SettingsError: the embeddings are of different networks.
    """
    return 1 - min(1.0, style_distance(asked, got) / SPAN)


def style_distance(one: StyleEmbedding, other: StyleEmbedding) -> float:
    """d in [0, 1]; d² is the mean over channels of ((Δmean)² + (Δdeviation)²) / (sum of squared deviations),
    each at most 1: the distance by which the network opens its gate.

    Raises:
        SettingsError: the embeddings are of different networks.
    """
    if one.network != other.network:
        raise SettingsError(
            "These style embeddings are of different networks; read the style pictures again."
        )
    means, deviations, other_means, other_deviations = (
        torch.tensor(values, dtype=torch.float64)
        for values in (one.means, one.deviations, other.means, other.deviations)
    )
    apart = (means - other_means).square() + (deviations - other_deviations).square()
    size = deviations.square() + other_deviations.square() + 2 * FLOOR
    return float((apart / size).clamp_max(1).mean().sqrt())


def painted(
    picture: Tensor, condition: Condition, mask: Tensor | None = None, strength: float = 1.0
) -> Tensor:
    """The picture ``(1, 3, H, W)`` in the styles that a condition asks for, in one pass.

    Where the condition asks for a palette, the styles leave the colours alone. A picture smaller than the
    side at which styles are looked at is painted at that side and reduced: its strokes would be too large.

    Raises:
        SettingsError: a style that is neither bundled nor a file, or an embedding of another network.
        WeightsError: the network's weights are not here.
    """
    network, name = _network()
    codes: list[StyleCode] = []
    shares: list[float] = []
    for style, weight in (condition.styles or {}).items():
        codes.append(_bundled(style) if style in styles.STYLES else network.encode(_seen_file(style)))
        shares.append(weight)
    if condition.embedding is not None:
        codes.append(_code(condition.embedding, network, name))
        shares.append(sum(shares) or 1.0)
    if not codes:
        return picture
    colors = 0.0 if condition.palette is not None else strength
    code = mix_codes(codes, shares)
    small = min(picture.shape[-2:]) < SIDE
    canvas = seen(picture, SIDE) if small else picture
    region = seen(mask, SIDE) if small and mask is not None else mask
    manners = [Manner(code, strength, colors, region)]
    if region is not None:
        manners.append(Manner(None, mask=1 - region))
    made = one_pass(network, precision="fp32").paint(canvas, manners)
    if not small:
        return made
    made = F.interpolate(made, picture.shape[-2:], mode="bilinear", align_corners=False, antialias=True)
    return made if mask is None else torch.lerp(picture, made, mask)  # outside nothing changes


@cache
def _network() -> tuple[MicroNet, str]:
    """The any-style network, and a fingerprint of its weights."""
    network = load(NETWORK)
    if not isinstance(network, MicroNet):
        raise WeightsError(f"The weights {NETWORK} are no any-style network.")
    return network, weights.entry(NETWORK).sha256[:16]


@cache
def _bundled(name: str) -> StyleCode:
    """Code of a bundled style; painting it anew for each picture would take longer than all else."""
    return _network()[0].encode(seen(styles.paint(name, (SIDE, SIDE)), SIDE))


def _seen_file(name: str) -> Tensor:
    if Path(name).is_file():
        return seen(pictures.load(name).pixels, SIDE)
    meant = nearest(name, styles.STYLES)
    hint = f'. Did you mean "{meant}"?' if meant else f"; the bundled styles are {', '.join(styles.STYLES)}."
    raise SettingsError(f'There is no bundled style and no picture "{name}"{hint}')


def _embedding(code: StyleCode, name: str) -> StyleEmbedding:
    means, deviations = code.vectors()
    colors = code.colors.double()
    numbers = torch.cat([colors.mean[0], (colors.second / colors.mass[:, :, None])[0].flatten()])
    return StyleEmbedding(
        network=name,
        colors=tuple(numbers.tolist()),
        means=tuple(means[0].tolist()),
        deviations=tuple(deviations[0].tolist()),
    )


def _code(embedding: StyleEmbedding, network: MicroNet, name: str) -> StyleCode:
    if embedding.network != name or len(embedding.means) != sum(network.channels):
        raise SettingsError("This style embedding is of another network; read the style pictures again.")
    colors = torch.tensor(embedding.colors)
    one = torch.ones(1, 1)
    sites = []
    means, deviations = (torch.tensor(values)[None] for values in (embedding.means, embedding.deviations))
    parts = zip(*(torch.split(v, list(network.channels), 1) for v in (means, deviations)), strict=True)
    for mean, deviation in parts:
        variance = (deviation.square() - FLOOR).clamp_min(0)
        sites.append(ChannelMoments(one, mean, variance + mean.square()))
    return StyleCode(ColorMoments(one, colors[None, :3], colors[3:].view(1, 3, 3)), tuple(sites))
