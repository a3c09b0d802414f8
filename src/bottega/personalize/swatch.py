"""Colours of a palette, and palettes mixed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from bottega.errors import SettingsError
from bottega.layers import oklab_to_rgb, rgb_to_oklab
from bottega.personalize.attributes import SWATCHES

HEX = re.compile(r"#?(?P<digits>[0-9a-fA-F]{6})(?::(?P<share>\d*\.?\d+))?")


class Swatch(BaseModel):
    """One colour of a palette, in OKLab, and the share of the picture that it covers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lightness: float = Field(ge=0, le=1, description="L of OKLab")
    a: float = Field(ge=-0.5, le=0.5, description="a of OKLab, from green to red")
    b: float = Field(ge=-0.5, le=0.5, description="b of OKLab, from blue to yellow")
    share: float = Field(
        1.0, gt=0, description="of the picture; a palette's shares are scaled to add up to 1"
    )

    @property
    def color(self) -> tuple[float, float, float]:
        """L, a, b."""
        return self.lightness, self.a, self.b

    @property
    def hex(self) -> str:
        """``#rrggbb`` in sRGB; colours outside are cut off."""
        rgb = oklab_to_rgb(torch.tensor(self.color).view(1, 3, 1, 1)).clamp(0, 1)
        return "#" + "".join(f"{round(255 * value):02x}" for value in rgb.flatten().tolist())

    @classmethod
    def of_hex(cls, word: str) -> Swatch:
        """From ``#203040``, or ``#203040:0.3`` with a share.

        Raises:
            SettingsError: it is neither.
        """
        match = HEX.fullmatch(word.strip())
        if match is None or (match["share"] and float(match["share"]) <= 0):
            raise SettingsError(
                f'"{word}" is no colour; write six digits, as in #203040, or #203040:0.3 with a share.'
            )
        digits = match["digits"]
        rgb = torch.tensor([int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]).double()
        lab = rgb_to_oklab(rgb.view(1, 3, 1, 1)).flatten().tolist()
        return cls(lightness=min(max(lab[0], 0), 1), a=lab[1], b=lab[2], share=float(match["share"] or 1))


Palette = tuple[Swatch, ...]


def palette_of(words: Sequence[str] | str) -> Palette:
    """A palette from ``"#203040,#e0c080:2"`` or a list of such words; shares add up to one.

    Raises:
        SettingsError: no colour, more than six, or a word that is none.
    """
    parts = [word for word in (words.split(",") if isinstance(words, str) else words) if word.strip()]
    if not 1 <= len(parts) <= SWATCHES:
        raise SettingsError(f"A palette has one to {SWATCHES} colours, not {len(parts)}.")
    return scaled([Swatch.of_hex(word) for word in parts])


def scaled(swatches: Sequence[Swatch]) -> Palette:
    """With shares that add up to one, the largest first."""
    total = sum(swatch.share for swatch in swatches)
    ordered = sorted(swatches, key=lambda swatch: -swatch.share)
    return tuple(swatch.model_copy(update={"share": swatch.share / total}) for swatch in ordered)


def palette_numbers(palette: Palette) -> Tensor:
    """``(6, 4)``: L, a, b and share of each swatch; zeros where there are fewer."""
    rows = torch.zeros(SWATCHES, 4)
    for row, swatch in zip(rows, palette, strict=False):
        row.copy_(torch.tensor([*swatch.color, swatch.share]))
    return rows


def palette_from(numbers: Tensor) -> Palette:
    """The palette of ``(6, 4)``; swatches without a share are left out."""
    return scaled(
        [
            Swatch(lightness=min(max(light, 0.0), 1.0), a=_chroma(a), b=_chroma(b), share=share)
            for light, a, b, share in numbers.tolist()
            if share > 1e-6
        ]
    )


def mixed_palettes(palettes: Sequence[Palette], weights: Sequence[float]) -> Palette:
    """All colours together, those that lie nearest merged until six are left (Ward 1963)."""
    colors = [
        swatch.model_copy(update={"share": swatch.share * weight})
        for palette, weight in zip(palettes, weights, strict=True)
        for swatch in palette
        if weight > 0
    ]
    while len(colors) > SWATCHES:
        pairs = [(i, j) for i in range(len(colors)) for j in range(i)]
        i, j = min(pairs, key=lambda pair: _cost(colors[pair[0]], colors[pair[1]]))
        merged = _merged(colors[i], colors[j])
        colors = [color for k, color in enumerate(colors) if k not in (i, j)] + [merged]
    return scaled(colors)


def _cost(one: Swatch, other: Swatch) -> float:
    """By how much merging raises the spread within: m₁m₂ / (m₁ + m₂) · d²."""
    apart = sum((x - y) ** 2 for x, y in zip(one.color, other.color, strict=True))
    return one.share * other.share / (one.share + other.share) * apart


def _merged(one: Swatch, other: Swatch) -> Swatch:
    total = one.share + other.share
    color = [(one.share * x + other.share * y) / total for x, y in zip(one.color, other.color, strict=True)]
    return Swatch(lightness=color[0], a=color[1], b=color[2], share=total)


def _chroma(value: float) -> float:
    return min(max(value, -0.5), 0.5)
