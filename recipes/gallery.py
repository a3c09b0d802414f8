"""Make the gallery of the documentation: ``python -m recipes.gallery``.

Every picture is made by the command line from the demonstration photographs and the bundled styles, carries
its recipe, and can be checked with ``bottega remake docs/gallery/NAME.jpg --verify``.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import cyclopts
import numpy as np
import torch
from scipy import ndimage

from bottega import pictures
from bottega.cli import main as bottega
from bottega.layers import rgb_to_oklab
from bottega.pictures import PHOTOGRAPHS
from bottega.styles import paint

FOLDER = Path("docs/gallery")
PAGE = Path("docs/gallery.md")


@dataclass(frozen=True)
class Exhibit:
    """One picture: file name, what it shows, and the words after ``bottega stylize``."""

    name: str
    caption: str
    words: str


SKY, FLOWER = FOLDER / "china-sky.png", FOLDER / "flower-subject.png"

EXHIBITS = (
    Exhibit("impasto", "Thick paint over a photograph.", "china --style impasto"),
    Exhibit("swirl", "The same photograph, another hand.", "china --style swirl"),
    Exhibit("ukiyo-e", "A colour print.", "china --style ukiyo-e"),
    Exhibit("ink-wash", "Ink on paper.", "china --style ink-wash"),
    Exhibit("stained-glass", "Lead and glass.", "flower --style stained-glass"),
    Exhibit("watercolour", "A wash of light colours.", "flower --style watercolour"),
    Exhibit("woodcut", "Cut lines and three blocks.", "flower --style woodcut"),
    Exhibit("mosaic", "Tesserae, kept small by --style-scale.", "china --style mosaic --style-scale 0.7"),
    Exhibit(
        "keep-color", "Pastel strokes in the photograph's own colours.", "china --style pastel --keep-color"
    ),
    Exhibit("mixture", "Two styles mixed by weight.", "flower --style cut-out --style batik:0.5"),
    Exhibit(
        "regions",
        "Two styles, each in its place: a mask for the sky, the rest is background.",
        f"china --region sky={SKY} --style sky=swirl --style background=embroidery --feather 12",
    ),
    Exhibit(
        "protect",
        "The flower is left as it was, to the pixel; only the leaves are drawn in charcoal.",
        f"flower --protect {FLOWER} --style charcoal --feather 6",
    ),
)

app = cyclopts.App(help=__doc__)


@app.default
def make(*, only: str = "", size: int = 512) -> int:
    """Paint the exhibits and write the page.

    Parameters
    ----------
    only
        Names of exhibits, separated by commas; the others are left as they are.
    size
        Long side of the pictures.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_masks()
    wanted = only.split(",") if only else [exhibit.name for exhibit in EXHIBITS]
    for exhibit in EXHIBITS:
        if exhibit.name in wanted:
            code = bottega([*command(exhibit, size)[1:], "--overwrite"])
            if code:
                return code
    write_sheet()
    PAGE.write_text(page(size), encoding="utf-8")
    return 0


def write_sheet() -> None:
    """The README's picture: photograph, style and result of three exhibits."""
    rows = [
        [
            pictures.photograph(content).pixels,
            paint(style, (512, 512)),
            pictures.load(FOLDER / f"{style}.jpg").pixels,
        ]
        for content, style in (("china", "ukiyo-e"), ("flower", "woodcut"), ("china", "ink-wash"))
    ]
    labels = [["a photograph", "a style", "the photograph in that style"], ["", "", ""], ["", "", ""]]
    pictures.save(pictures.contact_sheet(rows, labels=labels), FOLDER / "sheet.jpg", quality=88)


def command(exhibit: Exhibit, size: int) -> list[str]:
    """The command that makes an exhibit, word by word."""
    output = FOLDER / f"{exhibit.name}.jpg"
    return ["bottega", "stylize", *shlex.split(exhibit.words), "--size", str(size), "-o", str(output)]


def write_masks() -> None:
    """Masks found by simple means: the sky is light and touches the top, the flower is the lightest thing."""
    lab = rgb_to_oklab(pictures.photograph("china").pixels)[0].numpy()
    sky = (lab[0] > 0.72) & (np.arange(lab.shape[1])[:, None] < 0.55 * lab.shape[1])
    _write(_largest(ndimage.binary_opening(sky, iterations=2)), SKY)
    lab = rgb_to_oklab(pictures.photograph("flower").pixels)[0].numpy()
    _write(_largest(ndimage.binary_closing(lab[0] > 0.6, iterations=12)), FLOWER)


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected part, its holes filled and its edge smoothed."""
    parts, count = ndimage.label(mask)
    sizes = ndimage.sum(mask, parts, range(1, count + 1))
    whole = ndimage.binary_fill_holes(parts == 1 + int(np.argmax(sizes)))
    return ndimage.gaussian_filter(whole.astype(np.float32), 1.5) > 0.5


def _write(mask: np.ndarray, path: Path) -> None:
    grey = torch.from_numpy(mask.astype(np.float32))
    pictures.save(grey.expand(1, 3, *grey.shape).contiguous(), path)


def page(size: int) -> str:
    """The page of the documentation."""
    lines = [
        "# Gallery",
        "",
        "Twelve pictures, each with the command that made it, from the demonstration photographs and the",
        "bundled styles, by the packaged encoder. Each file carries its recipe:",
        "`bottega remake docs/gallery/impasto.jpg --verify` makes it again and compares. This page is made",
        "by `python -m recipes.gallery`.",
        "",
    ]
    for exhibit in EXHIBITS:
        lines += [
            f"## {exhibit.caption}",
            "",
            f"![{exhibit.caption}](gallery/{exhibit.name}.jpg)",
            "",
            "```",
            shlex.join(command(exhibit, size)),
            "```",
            "",
        ]
    credits = "; ".join(f"*{name}*: {credit}" for name, credit in PHOTOGRAPHS.items())
    lines += [f"Photographs: {credits}. The pictures above are adaptations of them.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(app())
