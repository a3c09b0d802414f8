"""What tests of the documentation share: its pages, their code blocks, the files that examples use."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(bottega [^`]+)`")

EXAMPLE_FILES = """
photo.jpg other.jpg portrait.jpg painting.jpg second.jpg sketch.png mask.png sky.png face.png
photos/ pictures/ real/ results/ clip.mp4
"""
"""The names that examples in the documentation may use; :func:`write_example_files` makes them."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(match[1], match[2], text.count("\n", 0, match.start()) + 1) for match in FENCE.finditer(text)
    ]


def commands(text: str) -> list[list[str]]:
    """The ``bottega`` commands of a shell block, each as a list of arguments without the program's name."""
    lines = text.replace("\\\n", " ").splitlines()
    lines_of_arguments = (
        shlex.split(line.strip().removeprefix("$ "), comments=True) for line in lines if "bottega " in line
    )
    return [words[1:] for words in lines_of_arguments if words and words[0] == "bottega"]


def inline_commands(page: Path) -> list[list[str]]:
    """The commands inside the rows of a page's tables."""
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [shlex.split(match[1])[1:] for row in rows for match in INLINE.finditer(row)]


def write_example_files(folder: Path) -> None:
    """The files that examples name, tiny and different from each other."""
    generator = np.random.default_rng(0)

    def picture(path: str, height: int = 48, width: int = 64) -> None:
        coarse = generator.integers(0, 255, (6, 8, 3), dtype=np.uint8)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(folder / path)

    for name in ("photo.jpg", "other.jpg", "portrait.jpg", "painting.jpg", "second.jpg", "sketch.png"):
        picture(name)
    for name in ("photos", "pictures", "real", "results"):
        for index in range(12):
            picture(f"{name}/{index:02d}.png", 40, 40)
    for name, area in (
        ("mask.png", np.s_[12:36, 16:48]),
        ("sky.png", np.s_[:20, :]),
        ("face.png", np.s_[20:32, 24:40]),
    ):
        mask = np.zeros((48, 64), np.uint8)
        mask[area] = 255
        Image.fromarray(mask).save(folder / name)
    _write_clip(folder / "clip.mp4", generator)


def _write_clip(path: Path, generator: np.random.Generator) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        start = generator.integers(0, 255, (48, 64, 3), dtype=np.uint8)
        for index in range(4):
            frame = av.VideoFrame.from_ndarray(np.roll(start, index, 1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
