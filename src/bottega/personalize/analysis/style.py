"""Style: what the arbitrary-style network measures of a picture, how similar two are, and stylizing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega import pictures, styles, weights
from bottega.errors import SettingsError, WeightsError
from bottega.layers import ChannelMoments, ColorMoments
from bottega.personalize.analysis.pixels import resize_for_analysis
from bottega.personalize.condition import Condition, StyleEmbedding
from bottega.suggestions import closest_match
from bottega.transfer.feedforward import (
    MicroNet,
    StyleCode,
    StyleTarget,
    load,
    load_style_engine,
    mix_style_codes,
)
from bottega.transfer.feedforward.style_code import check_image

NETWORK = "micro"
STYLE_SIDE = 512  # shorter side in pixels of style pictures; larger would make strokes larger
MIN_VARIANCE = 1e-5  # what codes add to a variance before its root


def embed_style(picture: Tensor) -> StyleEmbedding:
    """What the network measures of a picture ``(1, 3, H, W)``: colors, and statistics of its features.

    Raises:
        PictureError: the shape is wrong.
        WeightsError: the network's weights are missing.
    """
    check_image("style", picture)
    network, sha = _network()
    code = network.encode(resize_for_analysis(picture.float(), STYLE_SIDE))
    means, deviations = code.mean_std_vectors()
    colors = code.colors.double()
    numbers = torch.cat([colors.mean[0], (colors.second / colors.mass[:, :, None])[0].flatten()])
    return StyleEmbedding(
        network=sha,
        colors=tuple(numbers.tolist()),
        means=tuple(means[0].tolist()),
        deviations=tuple(deviations[0].tolist()),
    )


def embedding_distance(one: StyleEmbedding, other: StyleEmbedding) -> float:
    """d in [0, 1]; d² is the mean over channels of ((Δmean)² + (Δdeviation)²) / (sum of squared deviations),
    each at most 1: the distance by which the network opens its gate.

    Raises:
        SettingsError: the embeddings come from different networks.
    """
    if one.network != other.network:
        raise SettingsError("The style embeddings come from different networks; analyze the pictures again.")
    means, deviations, other_means, other_deviations = (
        torch.tensor(values, dtype=torch.float64)
        for values in (one.means, one.deviations, other.means, other.deviations)
    )
    difference = (means - other_means).square() + (deviations - other_deviations).square()
    size = deviations.square() + other_deviations.square() + 2 * MIN_VARIANCE
    return float((difference / size).clamp_max(1).mean().sqrt())


def stylize_with_condition(
    picture: Tensor, condition: Condition, mask: Tensor | None = None, strength: float = 1.0
) -> Tensor:
    """The picture ``(1, 3, H, W)`` in the styles and the embedding of a condition, mixed.

    Where the condition has a palette, the styles leave the colors alone. A picture smaller than
    :data:`STYLE_SIDE` is stylized at that size and reduced: its strokes would be too large.

    Raises:
        SettingsError: a style that is neither bundled nor a file, or an embedding of another network.
        WeightsError: the network's weights are missing.
    """
    network, sha = _network()
    codes: list[StyleCode] = []
    shares: list[float] = []
    for style, weight in (condition.styles or {}).items():
        codes.append(_bundled_code(style) if style in styles.STYLES else _file_code(style))
        shares.append(weight)
    if condition.embedding is not None:
        codes.append(_embedding_code(condition.embedding, network, sha))
        shares.append(sum(shares) or 1.0)
    if not codes:
        return picture
    colors = 0.0 if condition.palette is not None else strength
    code = mix_style_codes(codes, shares)
    is_small = min(picture.shape[-2:]) < STYLE_SIDE
    canvas = resize_for_analysis(picture, STYLE_SIDE) if is_small else picture
    region = resize_for_analysis(mask, STYLE_SIDE) if is_small and mask is not None else mask
    targets = [StyleTarget(code, strength, colors, region)]
    if region is not None:
        targets.append(StyleTarget(None, mask=1 - region))
    result = load_style_engine(network, precision="fp32").stylize(canvas, targets)
    if not is_small:
        return result
    size = picture.shape[-2:]
    result = F.interpolate(result, size, mode="bilinear", align_corners=False, antialias=True)
    return result if mask is None else torch.lerp(picture, result, mask)  # outside nothing changes


@cache
def _network() -> tuple[MicroNet, str]:
    """The arbitrary-style network, and the start of its weights' sha256."""
    network = load(NETWORK)
    if not isinstance(network, MicroNet):
        raise WeightsError(f"The weights {NETWORK} do not belong to an arbitrary-style network.")
    return network, weights.entry(NETWORK).sha256[:16]


@cache
def _bundled_code(name: str) -> StyleCode:
    """Code of a bundled style, cached: rendering the style picture takes longer than everything else."""
    picture = styles.paint(name, (STYLE_SIDE, STYLE_SIDE))
    return _network()[0].encode(resize_for_analysis(picture, STYLE_SIDE))


def _file_code(name: str) -> StyleCode:
    if not Path(name).is_file():
        closest = closest_match(name, styles.STYLES)
        hint = f'. Did you mean "{closest}"?' if closest else f"; bundled are {', '.join(styles.STYLES)}."
        raise SettingsError(f'"{name}" is neither a bundled style nor a picture file{hint}')
    picture = pictures.fill_transparent(pictures.load(name))
    return _network()[0].encode(resize_for_analysis(picture.pixels, STYLE_SIDE))


def _embedding_code(embedding: StyleEmbedding, network: MicroNet, sha: str) -> StyleCode:
    if embedding.network != sha or len(embedding.means) != sum(network.channels):
        raise SettingsError("The style embedding comes from another network; analyze the pictures again.")
    one = torch.ones(1, 1)
    colors, means, deviations = (
        torch.tensor(values)[None] for values in (embedding.colors, embedding.means, embedding.deviations)
    )
    variances = (deviations.square() - MIN_VARIANCE).clamp_min(0)
    channels = list(network.channels)
    layers = [
        ChannelMoments(one, mean, variance + mean.square())
        for mean, variance in zip(
            torch.split(means, channels, 1), torch.split(variances, channels, 1), strict=True
        )
    ]
    return StyleCode(ColorMoments(one, colors[:, :3], colors[:, 3:].view(1, 3, 3)), tuple(layers))
