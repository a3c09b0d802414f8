"""One pass over a set of pictures: everything that a report needs of each, and none of the pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bottega.encoders import Encoder
from bottega.errors import PictureError, SettingsError
from bottega.evaluate.extractors import Extractor, square
from bottega.evaluate.metrics.set_texture import PER_PICTURE, PatchSample
from bottega.evaluate.metrics.sharpness import edge_width, laplacian_variance
from bottega.evaluate.metrics.style_scatter import style_vectors
from bottega.evaluate.palettes import Palette, color_samples, palette_of
from bottega.pictures import load
from bottega.pictures.formats import READ_SUFFIXES

FEWEST = 8
LARGEST_SIDE = 256
STYLE_SIDE = 128  # the manner's statistics are as sure there, for a quarter of the time
SMALLEST_SIDE = 32
LOOKED_AT = 15  # pictures that tell how large those of a set are
MOST_PATCHES = 32768  # of each level, over the whole set
POOLED = 48  # colours that each picture gives to the palette of its set

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Instruments:
    """What measures.

    Attributes:
        extractors: of features, the first is that of shares, novelty and diversity.
        encoder: whose style layers tell the manner.
        side: squares of so many pixels are looked at for sharpness and texture.
    """

    extractors: tuple[Extractor, ...]
    encoder: Encoder
    side: int


@dataclass
class MeasuredSet:
    """What was measured of each picture that could be read, in the order of ``files``.

    Attributes:
        broken: files that could not be read, with the reason.
        features: ``(N, D)`` by the extractor's name.
        styles: ``(N, S)``, of :func:`~bottega.evaluate.metrics.style_scatter.style_vectors`.
        patches: of the texture.
        values: ``(N,)`` by the measure's name.
        palettes: of each picture.
        palette: of all of them.
    """

    files: list[Path]
    broken: list[tuple[Path, str]]
    features: dict[str, Tensor]
    styles: Tensor
    patches: PatchSample
    values: dict[str, NDArray[np.float64]]
    palettes: list[Palette]
    palette: Palette

    def __len__(self) -> int:
        return len(self.files)


@dataclass
class _Rows:
    """Lists that grow picture by picture."""

    files: list[Path] = field(default_factory=list)
    broken: list[tuple[Path, str]] = field(default_factory=list)
    features: dict[str, list[Tensor]] = field(default_factory=dict)
    styles: list[Tensor] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)
    palettes: list[Palette] = field(default_factory=list)
    pooled: list[Tensor] = field(default_factory=list)


def pictures_in(folder: Path | str) -> list[Path]:
    """The picture files of a folder and the folders in it, sorted; hidden ones are left out.

    Raises:
        PictureError: there is no such folder, or no picture in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PictureError(f"{folder} is not a folder; a folder of pictures is expected.")
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in READ_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    if not found:
        raise PictureError(f"There is no picture in {folder}.")
    return found


def common_side(*sets: Sequence[Path]) -> int:
    """The side at which sets can be compared: that of the smaller ones, 32 to 256 pixels.

    Enlarged pictures are soft and reduced ones sharp, so all are brought to the size that the smaller have.
    """
    sides = []
    for files in sets:
        step = max(1, len(files) // LOOKED_AT)
        shorts = [short for file in files[::step] if (short := _short_side(file))]
        sides.append(int(np.median(shorts)) if shorts else LARGEST_SIDE)
    return min(LARGEST_SIDE, max(SMALLEST_SIDE, min(sides)))


def measure_set(
    files: Sequence[Path], instruments: Instruments, on_progress: Progress | None = None
) -> MeasuredSet:
    """Read each picture once and measure it; one is in memory at a time.

    Args:
        on_progress: called with the files that are done, and how many there are.

    Raises:
        PictureError: fewer than eight pictures can be read.
    """
    rows = _Rows()
    per_picture = max(1, min(PER_PICTURE, MOST_PATCHES // len(files)))
    patches = PatchSample(instruments.side, per_picture)
    for number, file in enumerate(files):
        try:
            pixels = load(file).pixels
        except PictureError as error:
            rows.broken.append((file, str(error)))
        else:
            _measure(pixels, instruments, rows, patches)
            rows.files.append(file)
        if on_progress:
            on_progress(number + 1, len(files))
    if len(rows.files) < FEWEST:
        raise PictureError(
            f"Sets of {FEWEST} pictures or more can be compared; in {files[0].parent} there are "
            f"{len(rows.files)} that can be read."
        )
    return MeasuredSet(
        files=rows.files,
        broken=rows.broken,
        features={name: torch.cat(parts) for name, parts in rows.features.items()},
        styles=torch.cat(rows.styles),
        patches=patches,
        values={name: np.array(found) for name, found in rows.values.items()},
        palettes=rows.palettes,
        palette=palette_of(torch.cat(rows.pooled)),
    )


def check_extractors(extractors: Sequence[Extractor]) -> None:
    """Refuse none, or two of one name.

    Raises:
        SettingsError: so.
    """
    names = [each.name for each in extractors]
    if not names or len(set(names)) < len(names):
        raise SettingsError(f"Name one extractor or more, each once, not {', '.join(names) or 'none'}.")


def _measure(pixels: Tensor, instruments: Instruments, rows: _Rows, patches: PatchSample) -> None:
    small = square(pixels, instruments.side)
    for each in instruments.extractors:
        rows.features.setdefault(each.name, []).append(each(pixels))
    rows.styles.append(style_vectors(instruments.encoder, square(pixels, min(instruments.side, STYLE_SIDE))))
    patches.add(small)
    samples = color_samples(pixels)
    rows.palettes.append(palette_of(samples))
    rows.pooled.append(samples[:: max(1, len(samples) // POOLED)][:POOLED])
    values = {
        "edge width": edge_width(small).item(),
        "Laplacian variance": laplacian_variance(small).item(),
        "lightness": samples[:, 0].mean().item(),
        "chroma": samples[:, 1:].norm(dim=1).mean().item(),
        "contrast": samples[:, 0].std().item(),
        "clipped": ((small <= 1 / 255) | (small >= 254 / 255)).all(dim=1).float().mean().item(),
    }
    for name, value in values.items():
        rows.values.setdefault(name, []).append(value)


def _short_side(file: Path) -> int | None:
    """``None`` for a file that cannot be read, which the pass over the set names."""
    try:
        return min(load(file).pixels.shape[-2:])
    except PictureError:
        return None
