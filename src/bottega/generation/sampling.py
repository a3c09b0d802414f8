"""Generate pictures from seeds, and move through the latent space: interpolation, walks, style mixing.

A code ``(levels, style_dim)`` is a style vector for each level of the generator. Every picture has its own
seed, so that it can be generated again alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.generation.models.generator import Classes, Generator

BATCH_SIZE = 16
MAX_TRUNCATION = 2.0


def sample(
    generator: Generator,
    count: int,
    seed: int = 0,
    classes: Classes = None,
    truncation: float = 1.0,
    attributes: Mapping[str, float] | None = None,
) -> Tensor:
    """Pictures ``(count, 3, size, size)`` in [0, 1].

    >>> pictures = sample(load("landscapes"), 4, seed=7)

    Args:
        seed: of the first picture; the next has ``seed + 1``, and so on, whatever the count.
        classes: a class, or shares of several; None picks a class for each picture at random.
        truncation: below 1 gives more typical pictures, 0 always the mean one; above 1 more unusual ones.
        attributes: values in [0, 1] by name; others are random.

    Raises:
        SettingsError: an unknown name, or a number out of range.
    """
    codes = sample_codes(generator, count, seed, classes, truncation, attributes)
    return torch.cat(list(synthesize_batches(generator, codes)))


@torch.no_grad()
def sample_codes(
    generator: Generator,
    count: int,
    seed: int = 0,
    classes: Classes = None,
    truncation: float = 1.0,
    attributes: Mapping[str, float] | None = None,
) -> Tensor:
    """The codes ``(count, levels, style_dim)`` of the pictures of :func:`sample`.

    Raises:
        SettingsError: as :func:`sample`.
    """
    if count < 1:
        raise SettingsError(f"The number of pictures is {count}; use 1 or more.")
    if not 0 <= truncation <= MAX_TRUNCATION:
        raise SettingsError(f"The truncation is {truncation:g}; its range is 0 to {MAX_TRUNCATION:g}.")
    device = next(generator.parameters()).device
    styles = []
    for i in range(count):
        source = torch.Generator().manual_seed(seed + i)
        noise = torch.randn(1, generator.latent, generator=source).to(device)
        condition = generator.sample_conditions(classes, 1, source, attributes)
        condition = None if condition is None else condition.to(device)
        style = generator.map_style(noise, condition)
        if truncation != 1:
            style = torch.lerp(generator.mean_style(condition), style, truncation)
        styles.append(style)
    return torch.cat(styles)[:, None].expand(-1, generator.levels, -1)


@torch.no_grad()
def synthesize_batches(generator: Generator, codes: Tensor) -> Iterator[Tensor]:
    """Pictures ``(n, 3, size, size)`` of codes ``(N, levels, style_dim)``, in batches.

    Raises:
        SettingsError: the codes have the wrong shape.
    """
    check_codes(generator, codes)
    for batch in torch.split(codes, BATCH_SIZE):
        yield generator.synthesize(list(batch.unbind(1))).clamp(0, 1)


def check_codes(generator: Generator, codes: Tensor) -> None:
    """Check that codes fit a generator.

    Raises:
        SettingsError: another number of levels, or another length of the style vectors.
    """
    expected = (generator.levels, generator.style_dim)
    if codes.ndim != 3 or tuple(codes.shape[1:]) != expected:
        raise SettingsError(
            f"Codes of this generator have the shape (N, {expected[0]}, {expected[1]}), "
            f"not {tuple(codes.shape)}."
        )


def interpolate(generator: Generator, first: Tensor, last: Tensor, count: int) -> Tensor:
    """Pictures ``(count, 3, size, size)`` on the straight line between two codes, including both ends.

    Args:
        first: codes ``(1, levels, style_dim)``.
        last: likewise.

    Raises:
        SettingsError: fewer than two pictures, or codes of another generator.
    """
    if count < 2:
        raise SettingsError(f"The number of pictures in an interpolation is {count}; use 2 or more.")
    check_codes(generator, first)
    check_codes(generator, last)
    positions = torch.linspace(0, 1, count).view(-1, 1, 1).to(first)
    return torch.cat(list(synthesize_batches(generator, torch.lerp(first, last, positions))))


def walk(generator: Generator, stops: Tensor, frames: int) -> Iterator[Tensor]:
    """Pictures ``(1, 3, size, size)`` of a closed walk through codes.

    The path is a closed Catmull-Rom spline through the stops, so that it has no sharp turns and the last
    frame is followed by the first as smoothly as any other.

    Args:
        stops: codes ``(N, levels, style_dim)``, two or more.
        frames: of the whole walk, at least one for each stop.

    Raises:
        SettingsError: too few stops or frames, or codes of another generator.
    """
    check_codes(generator, stops)
    if len(stops) < 2:
        raise SettingsError("A walk needs 2 stops or more.")
    if frames < len(stops):
        raise SettingsError(
            f"A walk through {len(stops)} stops needs {len(stops)} frames or more, not {frames}."
        )
    for first in range(0, frames, len(stops)):
        times = torch.arange(first, min(first + len(stops), frames)) * len(stops) / frames
        for pictures in synthesize_batches(generator, closed_spline(stops, times)):
            yield from pictures[:, None]


def closed_spline(points: Tensor, times: Tensor) -> Tensor:
    """Positions on the closed Catmull-Rom spline through ``points (N, …)``: at time n it is at point n.

    Catmull and Rom 1974, with tension one half. With two points it goes back and forth.

    Args:
        times: ``(T,)`` in [0, N).

    Returns:
        ``(T, …)``.
    """
    count = len(points)
    index = times.floor().long() % count
    shape = (-1,) + (1,) * (points.ndim - 1)
    t = (times - times.floor()).view(shape).to(points)
    previous, start, end, following = (points[(index + shift) % count] for shift in (-1, 0, 1, 2))
    start_velocity, end_velocity = (end - previous) / 2, (following - start) / 2
    return (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * start_velocity
        + (3 * t**2 - 2 * t**3) * end
        + (t**3 - t**2) * end_velocity
    )


def mix_styles(generator: Generator, coarse: Tensor, fine: Tensor, level: int) -> Tensor:
    """Codes with the first ``level`` levels (composition) of one, and the rest (brushwork) of another.

    Karras et al. 2019, section 3.1.

    Args:
        coarse: codes ``(N, levels, style_dim)``.
        fine: likewise.
        level: from 1 to the number of levels minus one.

    Raises:
        SettingsError: the generator has only one level, or ``level`` is out of range.
    """
    check_codes(generator, coarse)
    check_codes(generator, fine)
    if generator.levels < 2:
        raise SettingsError(
            "This generator has only one level, so its styles cannot be mixed; use a fewshot one."
        )
    if not 1 <= level < generator.levels:
        raise SettingsError(f"The level of mixing is {level}; its range is 1 to {generator.levels - 1}.")
    return torch.cat([coarse[:, :level], fine[:, level:]], 1)
