"""What every generator offers: noise and a condition in, pictures out, with its latent spaces named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bottega.errors import SettingsError
from bottega.suggestions import nearest

SIZES = (32, 64, 128, 256, 512)
CENTRE_DRAWS = 512


class Generator(nn.Module):
    """A network that draws pictures from noise; subclasses give :meth:`style_of` and :meth:`synthesise`.

    Noise ``z (N, latent)`` is standard normal. A condition ``(N, classes + attributes)`` holds one share for
    each class (they sum to one, and may be mixed) and one number in [0, 1] for each attribute. Both become a
    style vector, which enters the picture at one or several :attr:`levels`, coarse to fine.

    Attributes:
        latent: numbers of noise per picture.
        size: side of the pictures.
        classes: names of the classes; none where pictures are drawn without condition.
        attributes: names of continuous attributes.
        levels: places where the style vector enters; each may be given another one.
    """

    levels = 1

    def __init__(
        self, size: int, latent: int, classes: Sequence[str] = (), attributes: Sequence[str] = ()
    ) -> None:
        super().__init__()
        if size not in SIZES:
            raise SettingsError(
                f"Generators draw squares of {', '.join(map(str, SIZES))} pixels, not {size}."
            )
        if latent < 1:
            raise SettingsError(f"The noise needs 1 number or more, not {latent}.")
        names = [*classes, *attributes]
        if len(set(names)) != len(names):
            raise SettingsError("The names of classes and attributes must differ from each other.")
        self.size, self.latent = size, latent
        self.classes, self.attributes = tuple(classes), tuple(attributes)

    @property
    def conditions(self) -> int:
        """Numbers of a condition."""
        return len(self.classes) + len(self.attributes)

    @property
    def configuration(self) -> dict[str, Any]:
        """What builds it again."""
        return {
            "size": self.size,
            "latent": self.latent,
            "classes": list(self.classes),
            "attributes": list(self.attributes),
        }

    def forward(self, z: Tensor, condition: Tensor | None = None, side: int = 0) -> Tensor:
        """Pictures ``(N, 3, side, side)`` in [0, 1]; 0 is the whole :attr:`size`.

        Raises:
            SettingsError: noise or condition have another shape, the condition is missing, or pictures of
                this side cannot be drawn.
        """
        return self.synthesise([self.style_of(z, condition)] * self.levels_to(side or self.size))

    @property
    def sides(self) -> tuple[int, ...]:
        """Sides of the pictures that can be drawn, small to large; of simple generators one."""
        return (self.size,)

    def levels_to(self, side: int) -> int:
        """How many of the :attr:`levels` a picture of ``side`` takes.

        Raises:
            SettingsError: there is no such side.
        """
        if side not in self.sides:
            known = ", ".join(map(str, self.sides))
            raise SettingsError(f"This generator draws squares of {known} pixels, not {side}.")
        return self.levels - sum(larger > side for larger in self.sides)

    def style_of(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """The style vector ``(N, W)`` of noise and condition."""
        raise TypeError(f"{type(self).__name__} does not define style_of().")

    @property
    def style_length(self) -> int:
        """Numbers of a style vector; of simple generators noise and condition themselves."""
        return self.latent + self.conditions

    def synthesise(self, styles: Sequence[Tensor]) -> Tensor:
        """Pictures from one style vector for each level, coarse to fine; fewer draw a smaller one."""
        raise TypeError(f"{type(self).__name__} does not define synthesise().")

    def centre(self, condition: Tensor | None = None) -> Tensor:
        """The mean style vector for a condition, ``(N, W)``: what truncation moves towards.

        The mean over 512 draws of noise, always the same.
        """
        count = 1 if condition is None else len(condition)
        source = torch.Generator().manual_seed(0)
        where = next(self.parameters()).device
        noise = torch.randn(CENTRE_DRAWS, self.latent, generator=source).to(where)
        rows = [
            self.style_of(
                noise, None if condition is None else condition[row : row + 1].expand(len(noise), -1)
            )
            for row in range(count)
        ]
        return torch.stack([row.mean(0) for row in rows])

    def condition_of(
        self,
        like: str | Mapping[str, float] | None,
        count: int,
        generator: torch.Generator,
        attributes: Mapping[str, float] | None = None,
    ) -> Tensor | None:
        """Conditions ``(count, D)``; None for a generator that takes none.

        Args:
            like: a class, or shares of several (scaled to the sum one); None draws classes at random.
            attributes: values in [0, 1]; those not named are drawn at random.

        Raises:
            SettingsError: an unknown name, or numbers that make no sense.
        """
        if like and not self.classes:
            raise SettingsError(f"This generator knows no classes, so it cannot draw like {like!r}.")
        if not self.conditions:
            self._check_attributes(attributes or {})
            return None
        parts = []
        if self.classes:
            parts.append(self._shares(like, count, generator))
        given = self._check_attributes(attributes or {})
        for name in self.attributes:
            drawn = torch.rand(count, 1, generator=generator)
            parts.append(torch.full((count, 1), given[name]) if name in given else drawn)
        return torch.cat(parts, 1)

    def _shares(
        self, like: str | Mapping[str, float] | None, count: int, generator: torch.Generator
    ) -> Tensor:
        if like is None:
            chosen = torch.randint(len(self.classes), (count,), generator=generator)
            return nn.functional.one_hot(chosen, len(self.classes)).float()
        wanted = {like: 1.0} if isinstance(like, str) else dict(like)
        for name in wanted:
            if name not in self.classes:
                raise SettingsError(unknown_name("class", name, self.classes))
        total = sum(wanted.values())
        if not total > 0 or min(wanted.values()) < 0:
            raise SettingsError("Shares of classes must be 0 or more, and at least one of them above 0.")
        return torch.tensor([[wanted.get(name, 0.0) / total for name in self.classes]]).repeat(count, 1)

    def _check_attributes(self, given: Mapping[str, float]) -> Mapping[str, float]:
        for name, value in given.items():
            if name not in self.attributes:
                raise SettingsError(unknown_name("attribute", name, self.attributes))
            if not 0 <= value <= 1:
                raise SettingsError(f"The attribute {name} is {value}; its range is 0 to 1.")
        return given

    def joined(self, z: Tensor, condition: Tensor | None) -> Tensor:
        """Noise beside its condition ``(N, latent + D)``, after a check of both.

        Raises:
            SettingsError: they have other shapes.
        """
        if z.ndim != 2 or z.shape[1] != self.latent:
            raise SettingsError(f"Noise has the shape (N, {self.latent}), not {tuple(z.shape)}.")
        if not self.conditions:
            if condition is not None:
                raise SettingsError("This generator takes no condition.")
            return z
        if condition is None or condition.shape != (len(z), self.conditions):
            found = "none was given" if condition is None else f"not {tuple(condition.shape)}"
            raise SettingsError(f"The condition has the shape ({len(z)}, {self.conditions}); {found}.")
        return torch.cat([z, condition.to(z)], 1)


def unknown_name(kind: str, name: str, known: Sequence[str]) -> str:
    """One sentence about a name that is not known, with the one that was probably meant."""
    if not known:
        return f'There is no {kind} "{name}": this generator has none.'
    meant = nearest(name, known)
    guess = f' (did you mean "{meant}"?)' if meant else ""
    return f'There is no {kind} "{name}"{guess}; there are {", ".join(known)}.'
