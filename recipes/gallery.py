"""Create the gallery of the documentation: ``python -m recipes.gallery``.

Every picture is created by the command line from the sample photographs and the bundled styles, contains its
recipe, and can be checked with ``bottega remake docs/gallery/NAME.jpg --verify``.
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
class GalleryItem:
    """One picture: file name, caption, and the arguments of ``bottega stylize``."""

    name: str
    caption: str
    arguments: str


SKY, FLOWER = FOLDER / "china-sky.png", FOLDER / "flower-subject.png"

ITEMS = (
    GalleryItem("impasto", "Thick paint over a photograph.", "china --style impasto"),
    GalleryItem("swirl", "The same photograph in swirling strokes.", "china --style swirl"),
    GalleryItem("ukiyo-e", "A colour print.", "china --style ukiyo-e"),
    GalleryItem("ink-wash", "Ink on paper.", "china --style ink-wash"),
    GalleryItem("stained-glass", "Lead and glass.", "flower --style stained-glass"),
    GalleryItem("watercolour", "A wash of light colours.", "flower --style watercolour"),
    GalleryItem("woodcut", "Cut lines and three blocks.", "flower --style woodcut"),
    GalleryItem("mosaic", "Tesserae, kept small by --style-scale.", "china --style mosaic --style-scale 0.7"),
    GalleryItem(
        "keep-color", "Pastel strokes in the photograph's own colours.", "china --style pastel --keep-color"
    ),
    GalleryItem("mixture", "Two styles mixed by weight.", "flower --style cut-out --style batik:0.5"),
    GalleryItem(
        "regions",
        "Two styles, each in its place: a mask for the sky, the rest is background.",
        f"china --region sky={SKY} --style sky=swirl --style background=embroidery --feather 12",
    ),
    GalleryItem(
        "protect",
        "The flower is left as it was, to the pixel; only the leaves are drawn in charcoal.",
        f"flower --protect {FLOWER} --style charcoal --feather 6",
    ),
)

app = cyclopts.App(help=__doc__)


@app.default
def create(*, only: str = "", size: int = 512) -> int:
    """Create the pictures and write the page.

    Parameters
    ----------
    only
        Names of pictures, separated by commas; the others are not changed.
    size
        Long side of the pictures.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_masks()
    selected = only.split(",") if only else [item.name for item in ITEMS]
    for item in ITEMS:
        if item.name in selected:
            code = bottega([*command(item, size)[1:], "--overwrite"])
            if code:
                return code
    write_sheet()
    PAGE.write_text(page(size), encoding="utf-8")
    return 0


def write_sheet() -> None:
    """The README's picture: photograph, style and result of three items."""
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


def command(item: GalleryItem, size: int) -> list[str]:
    """The command that creates a picture, as a list of arguments."""
    output = FOLDER / f"{item.name}.jpg"
    return ["bottega", "stylize", *shlex.split(item.arguments), "--size", str(size), "-o", str(output)]


def write_masks() -> None:
    """Masks by thresholds: the sky is light and at the top, the flower is the lightest object."""
    lab = rgb_to_oklab(pictures.photograph("china").pixels)[0].numpy()
    sky = (lab[0] > 0.72) & (np.arange(lab.shape[1])[:, None] < 0.55 * lab.shape[1])
    _save_mask(_largest_component(ndimage.binary_opening(sky, iterations=2)), SKY)
    lab = rgb_to_oklab(pictures.photograph("flower").pixels)[0].numpy()
    _save_mask(_largest_component(ndimage.binary_closing(lab[0] > 0.6, iterations=12)), FLOWER)


def _largest_component(mask: np.ndarray) -> np.ndarray:
    """The largest connected component, with holes filled and a smooth edge."""
    labels, count = ndimage.label(mask)
    sizes = ndimage.sum(mask, labels, range(1, count + 1))
    component = ndimage.binary_fill_holes(labels == 1 + int(np.argmax(sizes)))
    return ndimage.gaussian_filter(component.astype(np.float32), 1.5) > 0.5


def _save_mask(mask: np.ndarray, path: Path) -> None:
    grey = torch.from_numpy(mask.astype(np.float32))
    pictures.save(grey.expand(1, 3, *grey.shape).contiguous(), path)


def page(size: int) -> str:
    """The page of the documentation as Markdown."""
    lines = [
        "# Gallery",
        "",
        "Twelve pictures, each with the command that made it, from the demonstration photographs and the",
        "bundled styles, by the packaged encoder. Each file contains its recipe:",
        "`bottega remake docs/gallery/impasto.jpg --verify` makes it again and compares. This page is made",
        "by `python -m recipes.gallery`.",
        "",
    ]
    for item in ITEMS:
        lines += [
            f"## {item.caption}",
            "",
            f"![{item.caption}](gallery/{item.name}.jpg)",
            "",
            "```",
            shlex.join(command(item, size)),
            "```",
            "",
        ]
    credits = "; ".join(f"*{name}*: {credit}" for name, credit in PHOTOGRAPHS.items())
    lines += [f"Photographs: {credits}. The pictures above are adaptations of them.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(app())
