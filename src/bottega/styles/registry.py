"""The table of bundled styles, and the function that paints in them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from bottega.errors import SettingsError
from bottega.suggestions import closest_match

if TYPE_CHECKING:
    from torch import Tensor

MIN_SIDE_PIXELS = 16
MAX_SIDE_PIXELS = 8192


@dataclass(frozen=True)
class Style:
    """A bundled style: its name, title and short description."""

    name: str
    title: str
    summary: str

    def paint(self, size: tuple[int, int] = (768, 768), seed: int = 0) -> Tensor:
        """Paint one picture; see :func:`paint`."""
        if len(size) != 2 or any(isinstance(side, bool) or not isinstance(side, int) for side in size):
            raise SettingsError(f"The size {size!r} must be two whole numbers: (height, width) in pixels.")
        if not all(MIN_SIDE_PIXELS <= side <= MAX_SIDE_PIXELS for side in size):
            raise SettingsError(
                f"The size {size[0]} × {size[1]} is out of range: each side must have "
                f"{MIN_SIDE_PIXELS} to {MAX_SIDE_PIXELS} pixels."
            )
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise SettingsError(f"The seed {seed!r} must be a whole number from 0.")
        import torch

        from bottega.styles.drawing.canvas import Canvas

        module = import_module(f"bottega.styles.{self.name.replace('-', '_')}")
        # Every style has its own random stream, so that seed 0 is not the same composition in all of them.
        picture = module.paint(Canvas(size, seed, salt=zlib.crc32(self.name.encode())))
        return torch.from_numpy(picture).permute(2, 0, 1).unsqueeze(0).clamp(0, 1).contiguous()


def paint(name: str, size: tuple[int, int] = (768, 768), seed: int = 0) -> Tensor:
    """Paint one picture in a bundled style.

    Args:
        name: a key of ``STYLES``.
        size: (height, width) in pixels, each from 16 to 8192. Strokes grow with the picture: every size
            shows the same number.
        seed: a whole number from 0; another seed is another composition in the same style.

    Returns:
        (1, 3, H, W) float32, sRGB in [0, 1]; the same name, size and seed give the same bits.

    Raises:
        SettingsError: the name is unknown, or the size or the seed is invalid.

    Example:
        >>> paint("woodcut", (512, 512)).shape
        torch.Size([1, 3, 512, 512])
    """
    if name not in STYLES:
        suggestion = closest_match(str(name), STYLES)
        hint = f" Did you mean {suggestion!r}?" if suggestion else ""
        raise SettingsError(
            f"The bundled style {name!r} is unknown.{hint} Known styles: {', '.join(STYLES)}."
        )
    return STYLES[name].paint(size, seed)


STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style("impasto", "Impasto", "thick oil from a loaded bristle brush, lit from the side"),
        Style("swirl", "Swirling oil", "long curling dashes of ultramarine and yellow in a moving sky"),
        Style("pointillism", "Pointillism", "small dots of divided, complementary color"),
        Style("pastel", "Pastel", "soft chalk dragged over dark, toothed paper"),
        Style("charcoal", "Charcoal", "smudged tone and slanting hatches, warm black on gray paper"),
        Style("ink-wash", "Ink wash", "wet and dry black ink in mist, with a few touches of vermilion"),
        Style("watercolour", "Watercolour", "transparent washes with granulation, blooms and dark edges"),
        Style("woodcut", "Woodcut", "carved black lines over two flat colors"),
        Style("engraving", "Engraving", "swelling and crossing lines of sepia ink, like a banknote"),
        Style("ukiyo-e", "Ukiyo-e", "Japanese color woodblock: graded flat color, indigo outlines, waves"),
        Style("risograph", "Risograph", "three spot inks in halftone screens, slightly out of register"),
        Style("mosaic", "Mosaic", "hand-cut stone and glass set in rows that follow the forms"),
        Style("stained-glass", "Stained glass", "glowing panes of colored glass between dark leads"),
        Style("cut-out", "Cut-out", "scissored sheets of painted paper with bold leaf and star shapes"),
        Style("batik", "Batik", "wax-resist dyed cloth in indigo and madder with fine crackle"),
        Style("cubist", "Cubist", "ochre and gray facets, broken outlines and short brush dabs"),
        Style("embroidery", "Embroidery", "satin stitches of glossy silk thread on linen"),
    )
}
