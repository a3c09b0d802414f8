"""Draw pictures: each from a seed of its own, so that it can be drawn again alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from bottega.errors import SettingsError
from bottega.generate.generator import Generator

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
