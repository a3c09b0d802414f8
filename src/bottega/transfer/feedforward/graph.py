"""The micro network's trunk, tensors in and tensors out: what every engine runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bottega.layers import ChannelMoments
from bottega.transfer.feedforward.micro import COLORS, FOLD, MicroNet
from bottega.transfer.feedforward.self_modulated import Move, gate

COEFFICIENTS = COLORS * FOLD**2

MASK_STRIDES = (4, 8, 16)
"""Pixels per position of the sites of any micro network."""


@dataclass(frozen=True)
class Work:
    """What a trunk is asked to do; an engine compiles one graph for each kind of work.

    Attributes:
        known: how many sites have statistics that are known, so that their moves are handed in; the sites
            after them are measured.
        last: none paints; else the walk ends at this site and all statistics that were measured come out.
        regions: there are masks; else the whole picture is painted in one manner.
        cropped: statistics count the positions inside given boxes; else all.
        least: the shorter side has one position at the deepest layer, so that nothing can be mirrored there.
    """

    known: int = 0
    last: int | None = None
    regions: bool = False
    cropped: bool = False
    least: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what :class:`Trunk` takes, in order; ``K`` is the number of regions, or 1.

        ``waves (h, w, 48)`` from :meth:`Waves.seen`; ``boxes (sites, 4)``
        int64, top, left, bottom, right; ``mask4``, ``mask8``, ``mask16``, each ``(K, h', w')``; where nothing
        is known, the goals: ``means``, ``deviations`` ``(K, channels of all sites)`` and ``strength (K, 1)``;
        else ``gains`` and ``shifts (K, channels of the known sites)``.
        """
        goals = self.known == 0 and self.last != 0
        named = {
            "waves": True,
            "boxes": self.cropped,
            **{f"mask{stride}": self.regions for stride in MASK_STRIDES},
            "means": goals,
            "deviations": goals,
            "strength": goals,
            "gains": self.known > 0,
            "shifts": self.known > 0,
        }
        return tuple(name for name, there in named.items() if there)


class Trunk(nn.Module):
    """From the coefficients of blocks to the network's result, or to statistics.

    Args:
        network: is used as it is.
        work: decides which inputs there are.
    """

    def __init__(self, network: MicroNet, work: Work) -> None:
        super().__init__()
        self.network = network
        self.work = work

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Take what :attr:`Work.inputs` names.

        Returns:
            The network's result ``(h, w, 48)``, and its factors (:func:`factors`) unless all sites are known;
            or, where statistics are asked for, mean features and mean squares, each ``(K, channels of those
            sites)``.
        """
        given = dict(zip(self.work.inputs, inputs, strict=True))
        walk = self.network.walk_waves(given["waves"][None].permute(0, 3, 1, 2))
        features = next(walk)
        found: list[ChannelMoments] = []
        moves: list[Move] = []
        for site in range(len(self.network.channels)):
            if site < self.work.known:
                gain, shift = self._of_site(site, given["gains"]), self._of_site(site, given["shifts"])
            else:
                found.append(self._measured(site, features, given))
                if site == self.work.last:
                    return tuple(
                        torch.cat([getattr(own, n) for own in found], 1) for n in ("first", "second")
                    )
                moves.append(self._move(site, found[-1], given))
                gain, shift = moves[-1].gain, moves[-1].shift
            mask = given.get(f"mask{self.network.strides[site]}")
            features = self.moved(features, gain, shift, mask)
            try:
                features = walk.send(features)
            except StopIteration as end:
                features = end.value
        result = features.permute(0, 2, 3, 1)[0]
        return (result, factors(self.network, moves)) if moves else (result,)

    def moments(self, features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Means of ``features (1, C, h, w)`` and of their squares, each ``(K, C)``; ``mask (K, h, w)``."""
        if mask is None:
            return features.mean((2, 3)), (features * features).mean((2, 3))
        # Not as a product of matrices, which engines round. A mask that misses this tile has no mass here.
        mass = mask.sum((1, 2))[:, None].clamp_min(1e-12)
        weighted = features * mask[:, None]
        return weighted.sum((2, 3)) / mass, (weighted * features).sum((2, 3)) / mass

    def moved(self, features: Tensor, gain: Tensor, shift: Tensor, mask: Tensor | None) -> Tensor:
        """``gain`` and ``shift``, each ``(K, C)``, applied to ``features (1, C, h, w)``, each in its mask."""
        if mask is None:
            return torch.addcmul(shift[:, :, None, None], features, gain[:, :, None, None])
        weights = mask.flatten(1)
        planes = [(each.T @ weights).view_as(features) for each in (gain, shift)]
        return torch.addcmul(planes[1], features, planes[0])

    def _measured(self, site: int, features: Tensor, given: dict[str, Tensor]) -> ChannelMoments:
        """Per unit of mass."""
        mask = given.get(f"mask{self.network.strides[site]}")
        if self.work.cropped:
            features = _crop(features, given["boxes"][site])
            mask = None if mask is None else _crop(mask, given["boxes"][site])
        first, second = self.moments(features, mask)
        return ChannelMoments(torch.ones_like(first[:, :1]), first, second)

    def _move(self, site: int, own: ChannelMoments, given: dict[str, Tensor]) -> Move:
        mean, deviation = self._of_site(site, given["means"]), self._of_site(site, given["deviations"])
        return self.network.modulations[site](own, mean, deviation, given["strength"])

    def _of_site(self, site: int, vectors: Tensor) -> Tensor:
        before = sum(self.network.channels[:site])
        return vectors[:, before : before + self.network.channels[site]]


def factors(network: MicroNet, moves: Sequence[Move]) -> Tensor:
    """From the moves at all sites to the two factors of :meth:`MicroNet.finish`, ``(K, 2)``."""
    gates = gate(torch.stack([move.distance for move in moves]).mean(0))
    return torch.stack([gates, gates * network.sharpness(moves[0].gain)], 1)


@torch.jit.script
def _crop(features: Tensor, box: Tensor) -> Tensor:
    """Scripted, so that an engine's graph takes the box as numbers that it is given."""
    return features[..., int(box[0]) : int(box[2]), int(box[1]) : int(box[3])]


def example_inputs(network: MicroNet, work: Work) -> dict[str, Tensor]:
    """Inputs of the right kinds and of some size, for whoever traces a :class:`Trunk`."""
    rows, columns, regions = 4 if work.least else 16, 16, 2 if work.regions else 1
    channels, known = sum(network.channels), sum(network.channels[: work.known])
    every = {
        "waves": torch.zeros(rows, columns, COEFFICIENTS),
        "boxes": torch.tensor([[0, 0, 1, 1]]).repeat(len(network.channels), 1),
        "means": torch.zeros(regions, channels),
        "deviations": torch.ones(regions, channels),
        "strength": torch.ones(regions, 1),
        "gains": torch.ones(regions, known),
        "shifts": torch.zeros(regions, known),
    }
    for stride in MASK_STRIDES:
        height, width = rows * FOLD // stride, columns * FOLD // stride
        every[f"mask{stride}"] = torch.full((regions, height, width), 1 / regions)
    return {name: every[name] for name in work.inputs}
