"""The base class of all generators: noise and a condition in, pictures out, with a named latent space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bottega.errors import SettingsError
from bottega.suggestions import closest_match

SIZES = (32, 64, 128, 256, 512)
MEAN_STYLE_SAMPLES = 512
Classes = str | Mapping[str, float] | None
"""A class name, shares of several classes, or None for random classes."""


class Generator(nn.Module):
    """A network that generates pictures from noise; subclasses define :meth:`synthesize`.

    Noise ``z (N, latent)`` is standard normal. A condition ``(N, classes + attributes)`` holds one share for
    each class (they sum to one, and may be mixed) and one number in [0, 1] for each attribute. Both become a
    style vector, which enters the picture at one or several :attr:`levels`, coarse to fine.

    Attributes:
        latent: length of the noise vector.
        size: side of the pictures.
        classes: names of the classes; empty for an unconditional generator.
        attributes: names of continuous attributes.
        class_weights: how often a random picture has each class, relative to the others; empty for all alike.
        levels: number of places where the style vector enters; each may get a different one.
        has_mapping: whether :meth:`map_style` is a network; without one, the style vector is noise and
            condition themselves.
    """

    levels = 1
    has_mapping = False

    def __init__(
        self,
        size: int,
        latent: int,
        classes: Sequence[str] = (),
        attributes: Sequence[str] = (),
        class_weights: Sequence[float] = (),
    ) -> None:
        super().__init__()
        if size not in SIZES:
            raise SettingsError(
                f"The size of a generator is {size}; use one of {', '.join(map(str, SIZES))}."
            )
        if latent < 1:
            raise SettingsError(f"The length of the noise vector is {latent}; use 1 or more.")
        names = [*classes, *attributes]
        if len(set(names)) != len(names):
            raise SettingsError("The names of classes and attributes must differ from each other.")
        self.size, self.latent = size, latent
        if class_weights and (
            len(class_weights) != len(classes) or min(class_weights) < 0 or not sum(class_weights) > 0
        ):
            raise SettingsError(
                f"There are {len(classes)} classes but the weights {list(class_weights)}; give one number of "
                "0 or more for each class."
            )
        self.classes, self.attributes = tuple(classes), tuple(attributes)
        self.class_weights = tuple(float(weight) for weight in class_weights)

    @property
    def configuration(self) -> dict[str, Any]:
        """The arguments that build the same network again."""
        names = {"classes": list(self.classes), "attributes": list(self.attributes)}
        weights = {"class_weights": list(self.class_weights)} if self.class_weights else {}
        return {"size": self.size, "latent": self.latent, **names, **weights}

    @property
    def condition_dim(self) -> int:
        """Length of a condition."""
        return len(self.classes) + len(self.attributes)

    @property
    def style_dim(self) -> int:
        """Length of a style vector."""
        return self.latent + self.condition_dim

    @property
    def sides(self) -> tuple[int, ...]:
        """Sides of the pictures that can be generated, small to large; most generators have one."""
        return (self.size,)

    def forward(self, z: Tensor, condition: Tensor | None = None, side: int = 0) -> Tensor:
        """Pictures ``(N, 3, side, side)`` in [0, 1]; side 0 is the full :attr:`size`.

        Raises:
            SettingsError: noise or condition have the wrong shape, the condition is missing, or pictures of
                this side cannot be generated.
        """
        return self.synthesize([self.map_style(z, condition)] * self.levels_for(side or self.size))

    def levels_for(self, side: int) -> int:
        """How many of the :attr:`levels` a picture of ``side`` uses.

        Raises:
            SettingsError: the generator does not make this side.
        """
        if side not in self.sides:
            sides = ", ".join(map(str, self.sides))
            raise SettingsError(f"This generator makes squares of {sides} pixels, not {side}.")
        return self.levels - sum(larger > side for larger in self.sides)

    def map_style(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """The style vector ``(N, style_dim)`` of noise and condition."""
        return self.join(z, condition)

    def synthesize(self, styles: Sequence[Tensor]) -> Tensor:
        """Pictures from one style vector per level, coarse to fine; fewer give a smaller picture."""
        raise NotImplementedError

    def mean_style(self, condition: Tensor | None = None) -> Tensor:
        """The mean style vector for a condition, ``(N, style_dim)``: what truncation moves towards.

        With a mapping network, the mean over the same 512 noise vectors each time.
        """
        count = 1 if condition is None else len(condition)
        device = next(self.parameters()).device
        if not self.has_mapping:
            return self.join(torch.zeros(count, self.latent, device=device), condition)
        source = torch.Generator().manual_seed(0)
        noise = torch.randn(MEAN_STYLE_SAMPLES, self.latent, generator=source).to(device)
        means = []
        for row in range(count):
            repeated = None if condition is None else condition[row : row + 1].expand(len(noise), -1)
            means.append(self.map_style(noise, repeated).mean(0))
        return torch.stack(means)

    def join(self, z: Tensor, condition: Tensor | None) -> Tensor:
        """Noise and condition side by side ``(N, latent + condition_dim)``, after a check of both.

        Raises:
            SettingsError: they have the wrong shape.
        """
        if z.ndim != 2 or z.shape[1] != self.latent:
            raise SettingsError(f"Noise has the shape (N, {self.latent}), not {tuple(z.shape)}.")
        if not self.condition_dim:
            if condition is not None:
                raise SettingsError("This generator takes no condition.")
            return z
        if condition is None or condition.shape != (len(z), self.condition_dim):
            actual = "it is missing" if condition is None else f"not {tuple(condition.shape)}"
            raise SettingsError(f"The condition has the shape ({len(z)}, {self.condition_dim}); {actual}.")
        return torch.cat([z, condition.to(z)], 1)

    def sample_conditions(
        self,
        classes: Classes,
        count: int,
        generator: torch.Generator,
        attributes: Mapping[str, float] | None = None,
    ) -> Tensor | None:
        """Conditions ``(count, condition_dim)``; None for an unconditional generator.

        Args:
            classes: a class, or shares of several (normalized to sum 1); None picks classes at random, by
                :attr:`class_weights`.
            attributes: values in [0, 1]; others are random.

        Raises:
            SettingsError: an unknown name, or a number out of range.
        """
        if classes and not self.classes:
            raise SettingsError(f"This generator has no classes, so it cannot use {classes!r}.")
        values = attributes or {}
        for name, value in values.items():
            if name not in self.attributes:
                raise SettingsError(unknown_name("attribute", name, self.attributes))
            if not 0 <= value <= 1:
                raise SettingsError(f"The attribute {name} is {value}; its range is 0 to 1.")
        if not self.condition_dim:
            return None
        columns = [self._class_shares(classes, count, generator)] if self.classes else []
        for name in self.attributes:
            random = torch.rand(count, 1, generator=generator)
            columns.append(torch.full((count, 1), values[name]) if name in values else random)
        return torch.cat(columns, 1)

    def _class_shares(self, classes: Classes, count: int, generator: torch.Generator) -> Tensor:
        if classes is None:
            if self.class_weights:
                weights = torch.tensor(self.class_weights)
                labels = torch.multinomial(weights, count, replacement=True, generator=generator)
            else:
                labels = torch.randint(len(self.classes), (count,), generator=generator)
            return nn.functional.one_hot(labels, len(self.classes)).float()
        shares = {classes: 1.0} if isinstance(classes, str) else dict(classes)
        for name in shares:
            if name not in self.classes:
                raise SettingsError(unknown_name("class", name, self.classes))
        total = sum(shares.values())
        if not total > 0 or min(shares.values()) < 0:
            raise SettingsError("Shares of classes must be 0 or more, and at least one of them above 0.")
        return torch.tensor([[shares.get(name, 0.0) / total for name in self.classes]]).repeat(count, 1)


def unknown_name(kind: str, name: str, names: Sequence[str]) -> str:
    """The message for an unknown name, with the closest existing one."""
    if not names:
        return f'Unknown {kind} "{name}": this generator has none.'
    closest = closest_match(name, names)
    hint = f' (did you mean "{closest}"?)' if closest else ""
    return f'Unknown {kind} "{name}"{hint}; use {", ".join(names)}.'
