"""Draw pictures: each from a seed of its own, so that it can be drawn again alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.generate.models.generator import Generator

BATCH = 16
"""Pictures drawn together."""
WIDEST_TRUNCATION = 2.0


def sample(
    generator: Generator,
    count: int,
    seed: int = 0,
    like: str | Mapping[str, float] | None = None,
    truncation: float = 1.0,
    attributes: Mapping[str, float] | None = None,
) -> Tensor:
    """Pictures ``(count, 3, size, size)`` in [0, 1].

    Args:
        seed: of the first picture; the next has ``seed + 1``, and so on, whatever the count.
        like: a class, or shares of several; None draws a class for each picture.
        truncation: below 1 draws nearer to the typical picture, 0 always that; above 1 stranger ones.
        attributes: values in [0, 1] by name; others are drawn.

    Raises:
        SettingsError: an unknown name, or a number out of range.
    """
    code = codes(generator, count, seed, like, truncation, attributes)
    return torch.cat(list(drawn(generator, code)))


@torch.no_grad()
def codes(
    generator: Generator,
    count: int,
    seed: int = 0,
    like: str | Mapping[str, float] | None = None,
    truncation: float = 1.0,
    attributes: Mapping[str, float] | None = None,
) -> Tensor:
    """What :func:`sample` draws from: codes ``(count, levels, W)``, a style vector for each level.

    Raises:
        SettingsError: as :func:`sample`.
    """
    if count < 1:
        raise SettingsError(f"{count} pictures were asked for; use 1 or more.")
    if not 0 <= truncation <= WIDEST_TRUNCATION:
        raise SettingsError(f"The truncation is {truncation:g}; its range is 0 to {WIDEST_TRUNCATION:g}.")
    rows = [_one(generator, seed + number, like, truncation, attributes) for number in range(count)]
    return torch.cat(rows)[:, None].expand(-1, generator.levels, -1)


def _one(
    generator: Generator,
    seed: int,
    like: str | Mapping[str, float] | None,
    truncation: float,
    attributes: Mapping[str, float] | None,
) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    where = next(generator.parameters()).device
    noise = torch.randn(1, generator.latent, generator=source).to(where)
    condition = generator.condition_of(like, 1, source, attributes)
    condition = None if condition is None else condition.to(where)
    style = generator.style_of(noise, condition)
    if truncation == 1:
        return style
    return torch.lerp(generator.centre(condition), style, truncation)


@torch.no_grad()
def drawn(generator: Generator, code: Tensor) -> Iterator[Tensor]:
    """Pictures ``(n, 3, size, size)`` of codes ``(N, levels, W)``, in batches.

    Raises:
        SettingsError: the codes are of another generator.
    """
    check_code(generator, code)
    for part in torch.split(code, BATCH):
        yield generator.synthesise(list(part.unbind(1))).clamp(0, 1)


def check_code(generator: Generator, code: Tensor) -> None:
    """Refuse codes of another generator.

    Raises:
        SettingsError: another number of levels, or of numbers in a style vector.
    """
    wanted = (generator.levels, generator.style_length)
    if code.ndim != 3 or tuple(code.shape[1:]) != wanted:
        raise SettingsError(
            f"Codes of this generator have the shape (N, {wanted[0]}, {wanted[1]}), not {tuple(code.shape)}."
        )


def interpolate(generator: Generator, first: Tensor, last: Tensor, count: int) -> Tensor:
    """Pictures ``(count, 3, size, size)`` on the straight way between two codes, both ends with them.

    Args:
        first, last: codes ``(1, levels, W)``.

    Raises:
        SettingsError: fewer than two pictures, or codes of another generator.
    """
    if count < 2:
        raise SettingsError(f"An interpolation has 2 pictures or more, not {count}.")
    check_code(generator, first)
    check_code(generator, last)
    way = torch.linspace(0, 1, count).view(-1, 1, 1).to(first)
    return torch.cat(list(drawn(generator, torch.lerp(first, last, way))))


def walk(generator: Generator, stops: Tensor, frames: int) -> Iterator[Tensor]:
    """Pictures ``(1, 3, size, size)`` of a round walk through codes, which ends where it began.

    The way is a closed Catmull-Rom spline through the stops, so that it turns nowhere sharply; the last frame
    is followed by the first as smoothly as any other.

    Args:
        stops: codes ``(N, levels, W)``, two or more.
        frames: of the whole walk, one or more for each stop.

    Raises:
        SettingsError: too few stops or frames, or codes of another generator.
    """
    check_code(generator, stops)
    if len(stops) < 2:
        raise SettingsError("A walk needs 2 stops or more.")
    if frames < len(stops):
        raise SettingsError(
            f"A walk through {len(stops)} stops needs {len(stops)} frames or more, not {frames}."
        )
    for first in range(0, frames, len(stops)):
        times = torch.arange(first, min(first + len(stops), frames)) * len(stops) / frames
        for pictures in drawn(generator, closed_spline(stops, times)):
            yield from pictures[:, None]


def closed_spline(points: Tensor, times: Tensor) -> Tensor:
    """Places on the closed Catmull-Rom spline through ``points (N, …)``: at time n it passes through point n.

    Catmull and Rom 1974, with tension one half. At two points it goes there and back.

    Args:
        times: ``(T,)`` in [0, N).

    Returns:
        ``(T, …)``.
    """
    count = len(points)
    start = times.floor().long() % count
    shape = (-1,) + (1,) * (points.ndim - 1)
    t = (times - times.floor()).view(shape).to(points)
    before, here, following, after = (points[(start + shift) % count] for shift in (-1, 0, 1, 2))
    velocity, arriving = (following - before) / 2, (after - here) / 2
    return (
        (2 * t**3 - 3 * t**2 + 1) * here
        + (t**3 - 2 * t**2 + t) * velocity
        + (3 * t**2 - 2 * t**3) * following
        + (t**3 - t**2) * arriving
    )


def mix_styles(generator: Generator, coarse: Tensor, fine: Tensor, level: int) -> Tensor:
    """Codes with the first ``level`` levels (what is where) of one, the rest (how it is painted) of another.

    Karras et al. 2019, section 3.1.

    Args:
        coarse, fine: codes ``(N, levels, W)``.
        level: from 1 to the number of levels less one.

    Raises:
        SettingsError: the generator has one level only, or the level is none between.
    """
    check_code(generator, coarse)
    check_code(generator, fine)
    if generator.levels < 2:
        raise SettingsError(
            "This kind of generator has one level only, so styles do not mix; a fewshot one has several."
        )
    if not 1 <= level < generator.levels:
        raise SettingsError(f"The level of mixing is {level}; its range is 1 to {generator.levels - 1}.")
    return torch.cat([coarse[:, :level], fine[:, level:]], 1)
