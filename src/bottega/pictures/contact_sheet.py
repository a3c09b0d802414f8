"""Contact sheets: pictures in rows with captions, for comparisons and the documentation."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from bottega.errors import PictureError
from bottega.pictures.convert import as_picture
from bottega.pictures.resize import resize

_BACKGROUND = (247, 246, 243)
_TEXT_COLOR = (66, 64, 60)
_BORDER_COLOR = (214, 211, 205)
_MIN_ASPECT, _MAX_ASPECT = 0.4, 2.5  # of tiles; pictures beyond are centered in their tile
_MAX_ROW_GROWTH = 1.4  # times the requested height, to reach the full width


@dataclass(frozen=True)
class _Row:
    images: list[Image.Image]
    captions: list[str]
    widths: list[int]
    height: int


def contact_sheet(
    rows: Sequence[Sequence[Any]],
    labels: Sequence[Sequence[str]] | None = None,
    *,
    title: str = "",
    height: int = 288,
) -> Tensor:
    """Pictures in rows on a light background, each row scaled to the full width.

    Args:
        rows: rows of tiles, each anything that ``as_picture`` takes; transparency shows the background.
        labels: a caption for each tile, arranged as ``rows``; long captions are shortened.
        title: one line at the top.
        height: of a row in pixels, without captions; rows grow up to 1.4 times to fill the width.

    Pillow's font has only plain Latin letters: accents are dropped, other letters become question marks.

    Returns:
        ``(1, 3, H, W)`` float32 in [0, 1].

    Raises:
        PictureError: an empty row, or labels arranged differently from the tiles.
    """
    if len(rows) == 0 or any(len(row) == 0 for row in rows):
        raise PictureError("A contact sheet needs at least one tile in every row.")
    if labels is not None and [len(r) for r in labels] != [len(r) for r in rows]:
        raise PictureError("The labels of a contact sheet must be arranged as its tiles: one for each.")
    gap = max(4, round(height / 24))
    tiles = [[_on_background(tile) for tile in row] for row in rows]
    texts = [list(row) for row in labels] if labels is not None else [[""] * len(row) for row in rows]
    return _to_tensor(_draw(_layout(tiles, texts, height, gap), title, height, gap))


def _on_background(tile: Any) -> Tensor:
    picture = as_picture(tile)
    if picture.alpha is None:
        return picture.pixels
    background = torch.tensor(_BACKGROUND).view(1, 3, 1, 1) / 255
    return picture.pixels * picture.alpha + background * (1 - picture.alpha)


def _aspect(tile: Tensor) -> float:
    return min(max(tile.shape[3] / tile.shape[2], _MIN_ASPECT), _MAX_ASPECT)


def _layout(tiles: list[list[Tensor]], texts: list[list[str]], height: int, gap: int) -> list[_Row]:
    """Heights and widths: the widest row has the requested height, the others grow towards its width."""
    aspects = [sum(_aspect(tile) for tile in row) for row in tiles]
    full_width = max(round(height * a) + gap * (len(row) - 1) for a, row in zip(aspects, tiles, strict=True))
    layout = []
    for row, captions, aspect in zip(tiles, texts, aspects, strict=True):
        filling_height = (full_width - gap * (len(row) - 1)) / aspect
        fills = filling_height <= _MAX_ROW_GROWTH * height
        row_height = round(filling_height) if fills else height
        widths = [max(1, round(row_height * _aspect(tile))) for tile in row]
        if fills:  # the remainder of rounding
            widths[-1] += full_width - gap * (len(row) - 1) - sum(widths)
        images = [_fit_tile(tile, row_height, width) for tile, width in zip(row, widths, strict=True)]
        layout.append(_Row(images, captions, widths, row_height))
    return layout


def _fit_tile(tile: Tensor, height: int, width: int) -> Image.Image:
    """The tile at the size of its cell, centered on the background where its aspect is beyond the limits."""
    factor = min(height / tile.shape[2], width / tile.shape[3])
    inner = (max(1, round(tile.shape[2] * factor)), max(1, round(tile.shape[3] * factor)))
    if abs(inner[0] - height) <= 2 and abs(inner[1] - width) <= 2:
        inner = (height, width)
    image = _to_image(resize(tile, inner))
    cell = Image.new("RGB", (width, height), _BACKGROUND)
    cell.paste(image, ((width - inner[1]) // 2, (height - inner[0]) // 2))
    return cell


def _draw(rows: list[_Row], title: str, height: int, gap: int) -> Image.Image:
    margin = 2 * gap
    font = ImageFont.load_default(max(11, round(height / 19)))
    heading = ImageFont.load_default(max(14, round(height / 12)))
    captioned = [any(row.captions) for row in rows]
    caption_height = round(_line_height(font) * 1.6)
    title_height = round(_line_height(heading) * 1.6) if title else 0
    row_heights = [row.height + caption_height * c + gap for row, c in zip(rows, captioned, strict=True)]
    width = 2 * margin + max(sum(row.widths) + gap * (len(row.widths) - 1) for row in rows)
    page = Image.new("RGB", (width, 2 * margin + title_height + sum(row_heights) - gap), _BACKGROUND)
    draw = ImageDraw.Draw(page)
    if title:
        draw.text((margin, margin), _shorten(title, heading, width - 2 * margin), _TEXT_COLOR, heading)
    top = margin + title_height
    for row, row_height in zip(rows, row_heights, strict=True):
        left = margin
        for image, caption, tile_width in zip(row.images, row.captions, row.widths, strict=True):
            page.paste(image, (left, top))
            draw.rectangle((left - 1, top - 1, left + tile_width, top + row.height), outline=_BORDER_COLOR)
            position = (left, top + row.height + round(0.28 * caption_height))
            draw.text(position, _shorten(caption, font, tile_width), _TEXT_COLOR, font)
            left += tile_width + gap
        top += row_height
    return page


def _line_height(font: Any) -> int:
    return int(font.getbbox("Ág")[3])


def _replace_missing_glyph(character: str, font: Any) -> str:
    """The character; without its accent, or a question mark, where the font has no glyph for it."""
    missing_glyph = font.getmask("\uffff")
    for candidate in (character, unicodedata.normalize("NFKD", character)[0]):
        mask = font.getmask(candidate)
        if candidate.isspace() or (mask.size, bytes(mask)) != (missing_glyph.size, bytes(missing_glyph)):
            return candidate
    return "?"


def _shorten(text: str, font: Any, width: int) -> str:
    """The text on one line, cut with an ellipsis where it is wider than ``width``."""
    text = "".join(_replace_missing_glyph(character, font) for character in " ".join(text.split()))
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
