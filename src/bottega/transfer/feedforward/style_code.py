"""A style as numbers: what a network measured of a style picture, once, so that every frame is cheap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.layers import (
    ChannelMoments,
    ColorMoments,
    mix_channel_moments,
    mix_color_moments,
    normalize_weights,
)
from bottega.transfer.texture.patches import Marks, mixed_marks
from bottega.transfer.texture.synthesis import MAGNIFICATIONS


@dataclass(frozen=True)
class StyleCode:
    """Sums over a picture: of its colours, and of the features at each site of a network.

    Codes of the tiles of one picture add up to the code of the picture (``+``; marks do not); codes of
    different styles mix (:func:`mix_codes`).

    Attributes:
        colors: of the pixels.
        sites: of the features, in the network's order; while a content is being measured, only the first few.
        marks: what is laid on a picture before the network paints it. Networks alone (but a fitted one) know
            nothing of them: :class:`bottega.transfer.feedforward.OnePass` finds and lays them.
    """

    colors: ColorMoments
    sites: tuple[ChannelMoments, ...]
    marks: tuple[Marks, ...] = ()

    def __add__(self, other: StyleCode) -> StyleCode:
        sites = tuple(a + b for a, b in zip(self.sites, other.sites, strict=True))
        return StyleCode(self.colors + other.colors, sites)

    def double(self) -> StyleCode:
        """In float64, in which many tiles add up without loss."""
        return StyleCode(self.colors.double(), tuple(site.double() for site in self.sites), self.marks)

    def with_site(self, site: ChannelMoments) -> StyleCode:
        """One site further."""
        return StyleCode(self.colors, (*self.sites, site), self.marks)

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Means and deviations of all sites, each ``(N, channels of all sites)``, float32.

        What an inference engine takes in place of this object.
        """
        sites = [site.float() for site in self.sites]
        means = torch.cat([site.mean for site in sites], 1)
        return means, torch.cat([site.std for site in sites], 1)


def mix_codes(codes: Sequence[StyleCode], weights: Sequence[float] | None = None) -> StyleCode:
    """Several styles as one, in moment space.

    Args:
        codes: of one network.
        weights: one for each, any scale; none weighs all alike.

    Raises:
        SettingsError: weights that do not fit.
    """
    shares = normalize_weights(weights, len(codes))
    sites = zip(*(code.sites for code in codes), strict=True)
    return StyleCode(
        mix_color_moments([code.colors for code in codes], shares),
        tuple(mix_channel_moments(site, shares) for site in sites),
        mixed_marks([code.marks for code in codes], shares),
    )


@dataclass(frozen=True)
class Manner:
    """What is done to a picture, or to a part of it.

    Attributes:
        code: the style; none leaves the part alone.
        strength: in [0, 1], of texture and stroke; 0 leaves the picture as it is, 1 is the style in full.
        color_strength: in [0, 1], of the colours; none takes ``strength``.
        marks: in [0, 1], how much of the style's own marks is laid, where its code has some; they go with
            ``strength``, too.
        anchor: how far down and across the picture's corner lies in the world that the marks cling to, in
            pixels: they then follow a camera that pans.
        magnified: how many times as large as in the style the marks are, 1, 2 or 4: for pictures much larger
            than their styles.
        mask: ``(1, 1, H, W)`` in [0, 1] of the content's size; the masks of a picture's manners add up to one
            (:func:`bottega.transfer.regions.partition`). None is the whole picture.
    """

    code: StyleCode | None
    strength: float = 1.0
    color_strength: float | None = None
    mask: Tensor | None = None
    marks: float = 1.0
    anchor: tuple[int, int] = (0, 0)
    magnified: int = 1

    def __post_init__(self) -> None:
        for name in ("strength", "color_strength", "marks"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise SettingsError(f"{name} must be between 0 and 1, not {value}.")
        if self.magnified not in MAGNIFICATIONS:
            raise SettingsError(f"magnified must be one of {MAGNIFICATIONS}, not {self.magnified}.")

    @property
    def colors(self) -> float:
        """How far the colours go."""
        return self.strength if self.color_strength is None else self.color_strength


def check_manners(manners: Sequence[Manner], content: Tensor) -> None:
    """Refuse what cannot be painted.

    Raises:
        SettingsError: there is no manner, or several of which one has no mask.
        PictureError: the content is not ``(N, 3, H, W)``, or a mask has another size.
    """
    check_picture("content", content)
    if not manners or (len(manners) > 1 and any(manner.mask is None for manner in manners)):
        raise SettingsError("Give one manner for the whole picture, or several that each have a mask.")
    for manner in manners:
        mask = manner.mask
        if mask is not None and (mask.ndim != 4 or mask.shape[1:] != (1, *content.shape[-2:])):
            raise PictureError(
                f"A mask must have the shape (1, 1, {content.shape[-2]}, {content.shape[-1]}), "
                f"as the content has that size, not {tuple(mask.shape)}."
            )


def check_picture(name: str, picture: Tensor) -> None:
    """Raise PictureError unless ``picture`` is ``(N, 3, H, W)`` with pixels in it."""
    if picture.ndim != 4 or picture.shape[1] != 3 or 0 in picture.shape:
        raise PictureError(f"A {name} picture must have the shape (N, 3, H, W), not {tuple(picture.shape)}.")
