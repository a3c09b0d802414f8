"""Create the gallery of the documentation: ``python -m recipes.gallery``.

Every picture is created by the command line from free photographs and the bundled styles, contains its
recipe, and can be checked with ``bottega remake docs/gallery/NAME.jpg --verify``.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Sequence
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
PORTRAITS = {
    "astronaut": "Eileen Collins, photograph by NASA, public domain",
    "hopper": "Grace Hopper, photograph by James S. Davis, U.S. Navy, public domain",
}
"""Name and credit of each portrait in the folder; both are in the public domain."""

SKY, FLOWER = "china-sky.png", "flower-subject.png"
SOURCES = (SKY, FLOWER, *(f"{name}.jpg" for name in PORTRAITS))
"""Files of the folder that the commands read."""


@dataclass(frozen=True)
class GalleryItem:
    """One picture: file name, title, the arguments of ``bottega stylize``, and the long side in pixels."""

    name: str
    title: str
    arguments: str
    size: int = 640


DEFAULT_METHOD = (
    GalleryItem("ukiyo-e", "A Japanese color print", "china --style ukiyo-e"),
    GalleryItem(
        "astronaut-impasto",
        "A portrait in thick oil paint, in its own colors",
        "astronaut.jpg --style impasto --keep-color",
    ),
    GalleryItem("hopper-engraving", "A portrait as an engraving", "hopper.jpg --style engraving"),
    GalleryItem("ink-wash", "Ink on paper", "china --style ink-wash"),
    GalleryItem("stained-glass", "Glass and lead", "flower --style stained-glass"),
    GalleryItem(
        "hopper-watercolour", "A portrait in watercolor", "hopper.jpg --style watercolour --texture 0.6"
    ),
    GalleryItem("swirl", "Swirling oil, with larger strokes", "china --style swirl --style-scale 1.5"),
    GalleryItem("woodcut", "Cut lines and two colors", "flower --style woodcut"),
    GalleryItem(
        "keep-color", "Pastel strokes in the photograph's own colors", "china --style pastel --keep-color"
    ),
    GalleryItem("mixture", "Two styles, mixed by weight", "flower --style cut-out --style batik:0.5"),
    GalleryItem(
        "regions",
        "One style for the sky, another for the rest",
        f"china --region sky={SKY} --style sky=swirl --style background=embroidery --feather 12",
    ),
    GalleryItem(
        "protect",
        "The flower keeps its pixels; the leaves become charcoal",
        f"flower --protect {FLOWER} --style charcoal --feather 6",
    ),
)
"""By the method ``micro``, in about a second each."""

OPTIMIZATION = (
    GalleryItem("optimize-impasto", "Thick oil paint", "china --style impasto --method optimize", 512),
    GalleryItem("optimize-woodcut", "Woodcut", "flower --style woodcut --method optimize", 512),
    GalleryItem(
        "optimize-portrait", "A portrait in charcoal", "hopper.jpg --style charcoal --method optimize", 512
    ),
)
"""By the method ``optimize``, in a minute or two each."""

ITEMS = DEFAULT_METHOD + OPTIMIZATION

app = cyclopts.App(help=__doc__)


@app.default
def create(*, only: str = "") -> int:
    """Create the pictures and write the page.

    Parameters
    ----------
    only
        Names of pictures, separated by commas; the others are not changed.
    """
    write_masks()
    PAGE.write_text(page(), encoding="utf-8")
    selected = only.split(",") if only else [item.name for item in ITEMS]
    with contextlib.chdir(FOLDER):
        for item in ITEMS:
            if item.name in selected:
                code = bottega([*command(item)[1:], "--overwrite"])
                if code:
                    return code
    write_sheet()
    return 0


def write_sheet() -> None:
    """The README's picture: photograph, style and result of three items."""
    rows = [
        [
            (pictures.photograph(photo) if photo in PHOTOGRAPHS else pictures.load(FOLDER / photo)).pixels,
            paint(style, (512, 512)),
            pictures.load(FOLDER / f"{name}.jpg").pixels,
        ]
        for photo, style, name in (
            ("china", "ukiyo-e", "ukiyo-e"),
            ("astronaut.jpg", "impasto", "astronaut-impasto"),
            ("flower", "woodcut", "woodcut"),
        )
    ]
    labels = [["photograph", "style", "result"], ["", "", ""], ["", "", ""]]
    pictures.save(pictures.contact_sheet(rows, labels=labels), FOLDER / "sheet.jpg", quality=80)


def command(item: GalleryItem) -> list[str]:
    """The command that creates a picture, as a list of arguments; it runs in the gallery's folder."""
    output = ["--size", str(item.size), "--quality", "82", "-o", f"{item.name}.jpg"]
    return ["bottega", "stylize", *shlex.split(item.arguments), *output]


def write_masks() -> None:
    """Masks by thresholds: the sky is light and at the top, the flower is the lightest object."""
    lab = rgb_to_oklab(pictures.photograph("china").pixels)[0].numpy()
    sky = (lab[0] > 0.72) & (np.arange(lab.shape[1])[:, None] < 0.55 * lab.shape[1])
    _save_mask(_largest_component(ndimage.binary_opening(sky, iterations=2)), FOLDER / SKY)
    lab = rgb_to_oklab(pictures.photograph("flower").pixels)[0].numpy()
    _save_mask(_largest_component(ndimage.binary_closing(lab[0] > 0.6, iterations=12)), FOLDER / FLOWER)


def _largest_component(mask: np.ndarray) -> np.ndarray:
    """The largest connected component, with holes filled and a smooth edge."""
    labels, count = ndimage.label(mask)
    sizes = ndimage.sum(mask, labels, range(1, count + 1))
    component = ndimage.binary_fill_holes(labels == 1 + int(np.argmax(sizes)))
    return ndimage.gaussian_filter(component.astype(np.float32), 1.5) > 0.5


def _save_mask(mask: np.ndarray, path: Path) -> None:
    gray = torch.from_numpy(mask.astype(np.float32))
    pictures.save(gray.expand(1, 3, *gray.shape).contiguous(), path)


def page() -> str:
    """The page of the documentation as Markdown."""
    lines = [
        "# Gallery",
        "",
        "Each picture stands above the command that made it. The styles are [bundled](bundled-styles.md).",
        "Run the commands in the folder `docs/gallery`: the portraits and the masks are there.",
        "",
        "Every file contains its recipe: `bottega remake docs/gallery/ukiyo-e.jpg --verify` makes it again",
        "and compares the pixels. `python -m recipes.gallery` creates the pictures and this page.",
        "",
        "## The default method",
        "",
        "`micro` is a small network that handles any style in one pass, in about a second.",
    ]
    lines += section(DEFAULT_METHOD)
    lines += [
        "## By optimization",
        "",
        "`--method optimize` changes the pixels step by step, for a minute or two.",
        "[How to choose a method](how-to/stylize.md#choose-a-method).",
    ]
    lines += section(OPTIMIZATION)
    credits = {**PHOTOGRAPHS, **PORTRAITS}
    lines += ["## Credits", "", *(f"- *{name}*: {credit}" for name, credit in credits.items()), ""]
    lines += ["The pictures above are adaptations of these photographs.", ""]
    return "\n".join(lines)


def section(items: Sequence[GalleryItem]) -> list[str]:
    """The pictures of one section, as lines of the page."""
    lines = [""]
    for item in items:
        lines += [
            f"### {item.title}",
            "",
            f"![{item.title}](gallery/{item.name}.jpg)",
            "",
            "```bash",
            shlex.join(command(item)).replace(" --size", " \\\n  --size"),
            "```",
            "",
        ]
    return lines


if __name__ == "__main__":
    raise SystemExit(app())
