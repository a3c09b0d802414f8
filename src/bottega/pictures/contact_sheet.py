"""Contact sheets: pictures in rows with captions, for comparing and for the documentation."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from bottega.errors import PictureError
from bottega.pictures.convert import as_picture
from bottega.pictures.resize import resize

_PAPER = (247, 246, 243)
_INK = (66, 64, 60)
_HAIRLINE = (214, 211, 205)
_NARROWEST, _WIDEST = 0.4, 2.5  # aspects of tiles; what is beyond is centred within
_MOST_GROWTH = 1.4  # how much taller than asked a row may become to reach the full width


@dataclass(frozen=True)
class _Row:
    images: list[Image.Image]
    captions: list[str]
    widths: list[int]
    height: int


def sheet(
    rows: Sequence[Sequence[Any]],
    labels: Sequence[Sequence[str]] | None = None,
    *,
    title: str = "",
    height: int = 288,
    font: str | Path | None = None,
) -> Tensor:
    """A sheet of pictures on light paper, every row of equal height and set to the full width.

    Args:
        rows: rows of tiles, each anything that ``as_picture`` takes; transparency shows the paper.
        labels: a caption for each tile, arranged as ``rows``; captions too long for their tile are shortened.
        title: one line above all.
        height: of a row in pixels, caption not counted; short rows grow up to 1.4 times to fill the width.
        font: a TrueType file for the captions. Pillow's own font, the default, has only plain Latin letters:
            accents are left off, and what remains foreign becomes a question mark.

    Returns:
        ``(1, 3, H, W)`` float32 in [0, 1].

    Raises:
        PictureError: no tiles, labels arranged otherwise than the tiles, or an unreadable font.
    """
    if len(rows) == 0 or any(len(row) == 0 for row in rows):
        raise PictureError("A sheet needs at least one tile in every row.")
    if labels is not None and [len(r) for r in labels] != [len(r) for r in rows]:
        raise PictureError("The labels of a sheet must be arranged as its tiles: one for each.")
    gap = max(4, round(height / 24))
    tiles = [[_on_paper(tile) for tile in row] for row in rows]
    texts = [list(row) for row in labels] if labels is not None else [[""] * len(row) for row in rows]
    return _to_tensor(_draw(_plan(tiles, texts, height, gap), title, height, gap, font))


def _on_paper(tile: Any) -> Tensor:
    picture = as_picture(tile)
    if picture.alpha is None:
        return picture.pixels
    paper = torch.tensor(_PAPER).view(1, 3, 1, 1) / 255
    return picture.pixels * picture.alpha + paper * (1 - picture.alpha)


def _aspect(tile: Tensor) -> float:
    return min(max(tile.shape[3] / tile.shape[2], _NARROWEST), _WIDEST)


def _plan(tiles: list[list[Tensor]], texts: list[list[str]], height: int, gap: int) -> list[_Row]:
    """Heights and widths: the widest row has the height asked for, the others grow towards its width."""
    aspects = [sum(_aspect(tile) for tile in row) for row in tiles]
    full = max(round(height * a) + gap * (len(row) - 1) for a, row in zip(aspects, tiles, strict=True))
    planned = []
    for row, captions, aspect in zip(tiles, texts, aspects, strict=True):
        filling = (full - gap * (len(row) - 1)) / aspect
        fills = filling <= _MOST_GROWTH * height
        row_height = round(filling) if fills else height
        widths = [max(1, round(row_height * _aspect(tile))) for tile in row]
        if fills:  # what rounding left over
            widths[-1] += full - gap * (len(row) - 1) - sum(widths)
        sized = [_sized(tile, row_height, width) for tile, width in zip(row, widths, strict=True)]
        planned.append(_Row(sized, captions, widths, row_height))
    return planned


def _sized(tile: Tensor, height: int, width: int) -> Image.Image:
    """The tile at the size of its cell, centred on paper when it is too slim for any cell."""
    factor = min(height / tile.shape[2], width / tile.shape[3])
    inner = (max(1, round(tile.shape[2] * factor)), max(1, round(tile.shape[3] * factor)))
    if abs(inner[0] - height) <= 2 and abs(inner[1] - width) <= 2:
        inner = (height, width)
    picture = _to_image(resize(tile, inner))
    cell = Image.new("RGB", (width, height), _PAPER)
    cell.paste(picture, ((width - inner[1]) // 2, (height - inner[0]) // 2))
    return cell


def _draw(rows: list[_Row], title: str, height: int, gap: int, typeface: str | Path | None) -> Image.Image:
    margin = 2 * gap
    font = _font(typeface, max(11, round(height / 19)))
    heading = _font(typeface, max(14, round(height / 12)))
    captioned = [any(row.captions) for row in rows]
    caption_height = round(_line_height(font) * 1.6)
    title_height = round(_line_height(heading) * 1.6) if title else 0
    row_heights = [row.height + caption_height * c + gap for row, c in zip(rows, captioned, strict=True)]
    width = 2 * margin + max(sum(row.widths) + gap * (len(row.widths) - 1) for row in rows)
    page = Image.new("RGB", (width, 2 * margin + title_height + sum(row_heights) - gap), _PAPER)
    pen = ImageDraw.Draw(page)
    if title:
        pen.text((margin, margin), _shortened(title, heading, width - 2 * margin), _INK, heading)
    top = margin + title_height
    for row, row_height in zip(rows, row_heights, strict=True):
        left = margin
        for image, caption, tile_width in zip(row.images, row.captions, row.widths, strict=True):
            page.paste(image, (left, top))
            pen.rectangle((left - 1, top - 1, left + tile_width, top + row.height), outline=_HAIRLINE)
            place = (left, top + row.height + round(0.28 * caption_height))
            pen.text(place, _shortened(caption, font, tile_width), _INK, font)
            left += tile_width + gap
        top += row_height
    return page


def _font(path: str | Path | None, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.load_default(size) if path is None else ImageFont.truetype(str(path), size)
    except OSError:
        raise PictureError(f"{path} cannot be read as a font; a TrueType file is expected.") from None


def _line_height(font: Any) -> int:
    return int(font.getbbox("Ág")[3])


def _drawable(character: str, font: Any) -> str:
    """The character, without its accent or as a question mark where the font has no glyph for it."""
    missing = font.getmask("\uffff")
    for choice in (character, unicodedata.normalize("NFKD", character)[0]):
        mask = font.getmask(choice)
        if choice.isspace() or (mask.size, bytes(mask)) != (missing.size, bytes(missing)):
            return choice
    return "?"


def _shortened(text: str, font: Any, width: int) -> str:
    """The text on one line, cut with an ellipsis where it is wider than its tile."""
    text = "".join(_drawable(character, font) for character in " ".join(text.split()))
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _to_image(tensor: Tensor) -> Image.Image:
    values = (tensor[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(values.numpy())


def _to_tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].to(torch.float32) / 255
