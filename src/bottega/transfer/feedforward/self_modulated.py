"""Networks whose style code is their own statistics: one trunk looks at the style and paints the content.

The style picture runs through the trunk once, unmodulated; the mean and deviation of every channel at every
site are its code. The content runs through the same trunk and is moved to that code at each site. Before all
that the content's colours are moved to the style's in closed form, and what the trunk adds is multiplied by a
gate that opens with the distance between the statistics. A picture that is its own style thus stays exactly
what it is, mixing styles is mixing moments, and the strength is an interpolation of statistics.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bottega.errors import SettingsError
from bottega.layers import (
    ChannelMoments,
    ColorMoments,
    channel_moments,
    color_moments,
    mk_color_transfer,
    pad_to_multiple,
    recolor,
    reduce_mask,
)
from bottega.transfer.feedforward.style_code import Manner, StyleCode, check_manners, check_picture
from bottega.transfer.tiles import Box

Walk = Generator[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class _Goal:
    """Where features go, for all sites: ``means`` and ``deviations``, each ``(N, C)`` per site."""

    means: Sequence[Tensor]
    deviations: Sequence[Tensor]
    strength: Tensor | float
    masks: dict[int, Tensor] | None


@dataclass(frozen=True)
class _Moves:
    """Features moved at one site, with the gains ``(goals, N, C)`` and the distances ``(goals, N)``."""

    features: Tensor
    gains: Tensor
    distances: Tensor


@dataclass(frozen=True)
class Looked:
    """What a trunk found.

    Attributes:
        result: its last features.
        opened: two factors, ``(N, 2, 1, 1)``, or maps of what the trunk saw where there are masks: the gate,
            and how much fine detail is added (:meth:`OwnStatisticsNet.sharpness`), gated as well.
        sites: the content's own statistics, by manner, then by site.
    """

    result: Tensor
    opened: Tensor
    sites: tuple[tuple[ChannelMoments, ...], ...]


class OwnStatisticsNet(nn.Module):
    """What such networks share; a subclass has the trunk.

    Attributes:
        channels: of the features at each site.
        strides: pixels of the trunk's input per position at each site.
        multiple: both sides of the trunk's input are padded to a multiple of it.
        reach: how many pixels to each side a pixel of the result depends on, statistics apart; none where the
            trunk sees a reduced picture, so that a tile of it would tell nothing.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    multiple: int
    reach: int | None

    def add_modulations(self) -> None:
        """To be called once the sites are known."""
        self.modulations = nn.ModuleList(Modulation(channels) for channels in self.channels)

    def walk(self, pictures: Tensor) -> Walk:
        """The trunk: yields the features of each site, goes on with what it is sent, returns its result."""
        raise TypeError(f"{type(self).__name__} does not define walk().")

    def reduced_input(self, pictures: Tensor) -> Tensor:
        """What the trunk sees of pictures or masks ``(N, C, H, W)``: all of it, unless a subclass says so."""
        return pictures

    def sharpness(self, gains: Tensor) -> Tensor:
        """By what share fine detail is to be raised (or lowered, below 0), from the gains ``(..., C)`` at the
        first site; 0 unless a subclass says so."""
        return torch.zeros_like(gains[..., 0])

    def finish(self, colored: Tensor, result: Tensor, opened: Tensor) -> Tensor:
        """From the trunk's ``result`` to the picture; ``opened`` are the two factors of :class:`Looked`."""
        raise TypeError(f"{type(self).__name__} does not define finish().")

    def encode(self, style: Tensor, mask: Tensor | None = None, core: Box | None = None) -> StyleCode:
        """The code of style pictures ``(N, 3, H, W)``, or of one tile of a picture: codes of tiles add up.

        Args:
            style: sRGB in [0, 1]. Reduce it to make strokes finer, enlarge it to make them coarser.
            mask: ``(1, 1, H, W)``, which part is looked at.
            core: the part of a tile that counts; the rest, at least :attr:`reach` wide, is context.

        Raises:
            PictureError: not pictures, or a mask of another size, or an empty one.
        """
        check_picture("style", style)
        if mask is not None:
            check_manners([Manner(None, mask=mask)], style)
        counted = core or Box(0, 0, style.shape[-2], style.shape[-1])
        colors = color_moments(counted.crop(style), None if mask is None else counted.crop(mask))
        seen = self.reduced_input(style)
        masks = None if mask is None else self._masks(self.reduced_input(mask))
        if self.reach is None:
            counted = Box(0, 0, seen.shape[-2], seen.shape[-1])
        walk = self.walk(pad_to_multiple(seen, self.multiple))
        features = next(walk)
        sites = [self._measured(features, self.strides[0], counted, masks)]
        for stride in self.strides[1:]:
            features = walk.send(features)
            sites.append(self._measured(features, stride, counted, masks))
        return StyleCode(colors, tuple(sites))

    def forward(
        self, content: Tensor, affine: Tensor, means: Tensor, deviations: Tensor, strength: Tensor
    ) -> Tensor:
        """Paint a batch, each picture in its own style: what training and inference engines call.

        Args:
            content: ``(N, 3, H, W)``.
            affine: ``(N, 3, 4)``, the map of colours (:meth:`color_map`).
            means, deviations: ``(N, channels of all sites)``, from :meth:`StyleCode.vectors`.
            strength: ``(N, 1)``.

        Returns:
            ``(N, 3, H, W)``; in evaluation within [0, 1].
        """
        goal = _Goal(_split(means, self.channels), _split(deviations, self.channels), strength, None)
        painted = self._painted(recolor(content, affine), [goal], None)
        return painted if self.training else painted.clamp(0, 1)

    @staticmethod
    @torch.no_grad()
    def color_map(content: ColorMoments, style: StyleCode, strength: Tensor | float = 1.0) -> Tensor:
        """The closed-form map of colours ``(N, 3, 4)`` from the content's to the style's."""
        return mk_color_transfer(content, style.colors, strength)

    def stylize(
        self, content: Tensor, manners: Manner | Sequence[Manner], known: Sequence[StyleCode] | None = None
    ) -> Tensor:
        """Paint pictures in one manner, or one picture in several, each in its region.

        Args:
            content: ``(N, 3, H, W)``, sRGB in [0, 1].
            manners: one, or several with masks.
            known: the content's own statistics under each manner, where it is but a tile of a larger
                picture (:func:`bottega.transfer.feedforward.measure_content`); none measures them here.

        Returns:
            ``(N, 3, H, W)`` in [0, 1].

        Raises:
            PictureError, SettingsError: manners, masks, codes and content do not fit together.
        """
        manners = [manners] if isinstance(manners, Manner) else list(manners)
        check_manners(manners, content)
        for manner in manners:
            if manner.code is not None:
                check_code(manner.code, self)
        colored = self._recolored(content, manners, known)
        if all(manner.code is None or manner.strength == 0 for manner in manners):
            return colored
        goals = self._goals(manners)
        return self._painted(colored, goals, known).clamp(0, 1)

    def measure_colors(self, content: Tensor, manners: Sequence[Manner], core: Box) -> list[StyleCode]:
        """First pass over a content's tiles: the colours inside ``core``, for each manner; they add up."""
        return [
            StyleCode(color_moments(core.crop(content), None if m.mask is None else core.crop(m.mask)), ())
            for m in manners
        ]

    def measure_site(
        self, content: Tensor, manners: Sequence[Manner], known: Sequence[StyleCode], core: Box
    ) -> list[ChannelMoments]:
        """One more pass: the sums at the first site that ``known`` has not, for each manner; they add up."""
        goals, index = self._goals(manners), len(known[0].sites)
        colored = self._recolored(content, manners, known)
        walk = self.walk(pad_to_multiple(self.reduced_input(colored), self.multiple))
        features = next(walk)
        for site in range(index):
            own = [code.sites[site].float() for code in known]
            features = walk.send(self._moved(site, features, goals, own).features)
        return [self._measured(features, self.strides[index], core, goal.masks) for goal in goals]

    def _recolored(
        self, content: Tensor, manners: Sequence[Manner], known: Sequence[StyleCode] | None
    ) -> Tensor:
        parts = []
        for number, manner in enumerate(manners):
            part = content
            if manner.code is not None and manner.colors > 0:
                own = known[number].colors if known else color_moments(content, manner.mask)
                affine = self.color_map(own, manner.code, manner.colors)
                part = recolor(content, affine.expand(len(content), -1, -1).to(content))
            parts.append(part if manner.mask is None else part * manner.mask.to(part))
        return torch.stack(parts).sum(0) if len(parts) > 1 else parts[0]

    def _goals(self, manners: Sequence[Manner]) -> list[_Goal]:
        found = []
        for manner in manners:
            masks = None
            if manner.mask is not None:
                masks = self._masks(self.reduced_input(manner.mask))
            sites = [] if manner.code is None else [site.float() for site in manner.code.sites]
            strength = manner.strength if sites else 0.0
            found.append(_Goal([s.mean for s in sites], [s.std for s in sites], strength, masks))
        return found

    def _masks(self, mask: Tensor) -> dict[int, Tensor]:
        """The mask at every site's stride (and at 1), padded like the pictures."""
        padded = pad_to_multiple(mask, self.multiple)
        return {stride: reduce_mask(padded, stride) for stride in {1, *self.strides}}

    def _painted(self, colored: Tensor, goals: Sequence[_Goal], known: Sequence[StyleCode] | None) -> Tensor:
        looked = self._looked(self.reduced_input(colored), goals, known)
        return self.finish(colored, looked.result, looked.opened)

    def look(
        self, seen: Tensor, manners: Sequence[Manner], known: Sequence[StyleCode] | None = None
    ) -> Looked:
        """Run the trunk alone, on a picture in its new colours and as the trunk sees it (as its masks are).

        For whoever reduces a large picture in pieces, and finishes it in pieces.
        """
        return self._looked(seen, self._goals(manners), known)

    def _looked(self, seen: Tensor, goals: Sequence[_Goal], known: Sequence[StyleCode] | None) -> Looked:
        height, width = seen.shape[-2:]
        core, sites, result = Box(0, 0, height, width), [], seen
        moves: list[_Moves] = []
        walk = self.walk(pad_to_multiple(seen, self.multiple))
        features = next(walk)
        for site, stride in enumerate(self.strides):
            if known is None:
                own = [self._measured(features, stride, core, goal.masks) for goal in goals]
            else:
                own = [code.sites[site].float() for code in known]
            sites.append(own)
            moves.append(self._moved(site, features, goals, own))
            try:
                features = walk.send(moves[-1].features)
            except StopIteration as end:
                result = end.value
        gates = gate(torch.stack([move.distances for move in moves]).mean(0))
        factors = torch.stack([gates, gates * self.sharpness(moves[0].gains)], -1)
        opened = self._spread(factors, goals, seen)
        return Looked(result, opened, tuple(zip(*sites, strict=True)))

    def _spread(self, opened: Tensor, goals: Sequence[_Goal], seen: Tensor) -> Tensor:
        """Factors ``(goals, N, 2)`` as ``(N, 2, 1, 1)``, or as maps where there are masks."""
        factors = opened[..., None, None].to(seen)
        if goals[0].masks is None:
            return factors[0]
        height, width = seen.shape[-2:]
        masks = [goal.masks[1][..., :height, :width] for goal in goals if goal.masks is not None]
        return torch.stack([f * m.to(f) for f, m in zip(factors, masks, strict=True)]).sum(0)

    def _moved(
        self, site: int, features: Tensor, goals: Sequence[_Goal], own: Sequence[ChannelMoments]
    ) -> _Moves:
        """Features moved towards the goals, each inside its mask."""
        moves = []
        gains: list[Tensor] = []
        shifts: list[Tensor] = []
        for goal, moments in zip(goals, own, strict=True):
            mean = goal.means[site] if goal.means else moments.mean
            deviation = goal.deviations[site] if goal.means else moments.std
            move = self.modulations[site](moments, mean, deviation, goal.strength)
            mask = None if goal.masks is None else goal.masks[self.strides[site]].to(features)
            for values, found in ((move.gain, gains), (move.shift, shifts)):
                plane = values[:, :, None, None].to(features)
                found.append(plane if mask is None else plane * mask)
            moves.append(move)
        gain = gains[0] if len(gains) == 1 else torch.stack(gains).sum(0)
        shift = shifts[0] if len(shifts) == 1 else torch.stack(shifts).sum(0)
        return _Moves(
            torch.addcmul(shift, features, gain),
            torch.stack([move.gain.expand(len(features), -1) for move in moves]),
            torch.stack([move.distance.expand(len(features)) for move in moves]),
        )

    def _measured(
        self, features: Tensor, stride: int, core: Box, masks: dict[int, Tensor] | None
    ) -> ChannelMoments:
        inside = core.downscale(stride)
        mask = None if masks is None else inside.crop(masks[stride])
        moments = channel_moments(inside.crop(features), mask)
        # A mask that misses this tile has no mass here; alone it would divide by zero.
        return ChannelMoments(moments.mass.clamp_min(1e-12), moments.first, moments.second)


def check_code(code: StyleCode, network: OwnStatisticsNet) -> None:
    """Raise SettingsError unless ``code`` comes from such a network."""
    found = tuple(site.first.shape[1] for site in code.sites)
    if found != network.channels:
        raise SettingsError(
            f"This style code has the channels {found}, the network {network.channels}; "
            "encode the style with the network that is to paint it."
        )


def _split(vectors: Tensor, channels: Sequence[int]) -> list[Tensor]:
    """``(N, all channels)`` into ``(N, channels)`` per site."""
    return list(torch.split(vectors, list(channels), 1))


MOST_STRETCH = 1.5
"""Largest logarithm of a gain: no channel is stretched or pressed more than four and a half times at a site.
Through ten sites more would make anything of the noise on a flat wall; trainings did not survive twenty."""

GATE = 0.15
"""Distance of statistics, in units of their own size, at which the gate is three quarters open."""


@dataclass(frozen=True)
class Move:
    """``gain · x + shift``, each ``(N, C)``, and the squared relative distance ``(N,)`` that it covers."""

    gain: Tensor
    shift: Tensor
    distance: Tensor


class Modulation(nn.Module):
    """Renormalises features to a style's mean and deviation, each channel as far as training found good.

    A channel that carries the drawing may learn to stay (0), one that carries the stroke to overshoot
    (above 1); 1 is adaptive instance normalisation. Deviations go their way by ratios and means by
    differences, so that equal statistics, and the strength 0, give exactly the identity.

    Args:
        channels: of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.ones(channels))

    def forward(self, own: ChannelMoments, mean: Tensor, deviation: Tensor, strength: Tensor | float) -> Move:
        """How ``own`` gets to ``mean`` and ``deviation (N, C)``; ``strength`` is a number or ``(N, 1)``."""
        own_mean, own_deviation = own.mean, own.std
        ratio = (deviation / own_deviation).log()
        gain = (strength * self.gain * ratio).clamp(-MOST_STRETCH, MOST_STRETCH).exp()
        shift = own_mean * (1 - gain) + strength * self.shift * (mean - own_mean)
        apart = (mean - own_mean).square() + (deviation - own_deviation).square()
        size = deviation.square() + own_deviation.square()
        # Not as_tensor(): it would make a constant of a tensor in the graph of an inference engine.
        share = strength if isinstance(strength, Tensor) else torch.tensor(float(strength))
        distance = (apart / size).clamp_max(1).mean(1) * share.to(gain).square().view(-1)
        return Move(gain, shift, distance)


def gate(distance: Tensor) -> Tensor:
    """From the mean squared distance over all sites to a factor in [0, 1) for what the network adds.

    Exactly 0 where nothing had to move: a picture that already is in the style is left as it is.
    """
    # distance / (√(distance + ε²) + ε) is √distance with a finite slope at zero, where it is exactly zero.
    small = 1e-3
    length = distance / ((distance + small**2).sqrt() + small)
    return torch.tanh(length / GATE)
