"""One pass over a set of pictures that measures everything a report needs, with one picture in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bottega.encoders import Encoder
from bottega.errors import PictureError, SettingsError
from bottega.evaluation.extractors import Extractor, center_square
from bottega.evaluation.metrics.color import palette_of_samples, rgb_to_lab, sample_colors
from bottega.evaluation.metrics.features import distinct_rows
from bottega.evaluation.metrics.patch_swd import PATCHES_PER_PICTURE, PatchSample
from bottega.evaluation.metrics.perceptual import style_vectors
from bottega.evaluation.metrics.sharpness import edge_width, laplacian_variance
from bottega.files import list_files
from bottega.layers.palette import Palette
from bottega.picture_formats import READ_SUFFIXES
from bottega.pictures import composite_on_white, load

MIN_PICTURES = 8
MIN_SIDE_PIXELS, MAX_SIDE_PIXELS = 32, 256
STYLE_SIDE_PIXELS = 128  # style statistics are as accurate there, for a quarter of the time
SIZE_SAMPLE = 15  # pictures of a set whose size is looked up
MAX_PATCHES = 32768  # per pyramid level, over the whole set
PALETTE_SAMPLES = 48  # colors of each picture for the palette of its set

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class MeasurementConfig:
    """What measures a set.

    Attributes:
        extractors: of features; the first serves shares, novelty and diversity.
        encoder: its style layers measure the style.
        side: sharpness and texture are measured in squares of that many pixels.

    Raises:
        SettingsError: no extractor, or two of one name.
    """

    extractors: tuple[Extractor, ...]
    encoder: Encoder
    side: int

    def __post_init__(self) -> None:
        names = [each.name for each in self.extractors]
        if not names or len(set(names)) < len(names):
            raise SettingsError(f"Name one extractor or more, each once, not {', '.join(names) or 'none'}.")


@dataclass
class MeasuredSet:
    """The measurements of each readable picture, in the order of ``files``.

    Attributes:
        unreadable: files that could not be read, with the reason.
        duplicates: number of pictures that were left out because they stood twice.
        features: ``(N, D)`` by the extractor's name.
        styles: ``(N, S)``, of :func:`~bottega.evaluation.style_vectors`.
        patches: of the texture.
        values: ``(N,)`` by the metric's name.
        palettes: of each picture.
        palette: of the whole set.
    """

    files: list[Path]
    unreadable: list[tuple[Path, str]]
    features: dict[str, Tensor]
    styles: Tensor
    patches: PatchSample
    values: dict[str, NDArray[np.float64]]
    palettes: list[Palette]
    palette: Palette
    duplicates: int = 0

    def __len__(self) -> int:
        return len(self.files)

    @property
    def extractor_name(self) -> str:
        """Name of the first extractor."""
        return next(iter(self.features))

    def without_duplicates(self) -> MeasuredSet:
        """Every picture once, as the first extractor sees them.

        Of pictures that stand twice, each has its nearest other one at the distance 0: nothing would be a
        copy.

        Raises:
            PictureError: fewer than eight pictures differ.
        """
        distinct = distinct_rows(self.features[self.extractor_name]).nonzero()[:, 0].tolist()
        if len(distinct) < MIN_PICTURES:
            raise PictureError(
                f"The reference needs {MIN_PICTURES} different pictures or more; {self.files[0].parent} has "
                f"{len(distinct)} and copies of them."
            )
        patches = replace(self.patches)
        patches.levels = [[level[index] for index in distinct] for level in self.patches.levels]
        return replace(
            self,
            files=[self.files[index] for index in distinct],
            features={name: rows[distinct] for name, rows in self.features.items()},
            styles=self.styles[distinct],
            patches=patches,
            values={name: column[distinct] for name, column in self.values.items()},
            palettes=[self.palettes[index] for index in distinct],
            duplicates=len(self) - len(distinct),
        )


def list_pictures(folder: Path | str) -> list[Path]:
    """The picture files of a folder and its subfolders, sorted; hidden ones are left out.

    Raises:
        PictureError: the folder is missing, or contains no picture.
    """
    files = list_files(folder, READ_SUFFIXES, recursive=True)
    if not files:
        raise PictureError(f"The folder {folder} contains no picture.")
    return files


def common_side(*sets: Sequence[Path]) -> int:
    """The side in pixels at which sets can be compared: that of the smaller pictures, 32 to 256.

    Enlarged pictures are soft and reduced ones sharp, so all are brought to the size of the smaller ones.
    """
    sides = []
    for files in sets:
        shorts = []
        for file in files[:: max(1, len(files) // SIZE_SAMPLE)]:
            try:
                shorts.append(min(load(file).pixels.shape[-2:]))
            except PictureError:  # `measure_set` names unreadable files
                continue
        sides.append(int(np.median(shorts)) if shorts else MAX_SIDE_PIXELS)
    return min(MAX_SIDE_PIXELS, max(MIN_SIDE_PIXELS, min(sides)))


def measure_set(
    files: Sequence[Path], config: MeasurementConfig, on_progress: Progress | None = None
) -> MeasuredSet:
    """Read and measure each picture once.

    Args:
        on_progress: called with the number of files done, and the number of all.

    Raises:
        PictureError: fewer than eight pictures can be read.
    """
    readable, unreadable = [], []
    rows: list[dict[str, Any]] = []
    patches = PatchSample(config.side, max(1, min(PATCHES_PER_PICTURE, MAX_PATCHES // len(files))))
    for index, file in enumerate(files):
        try:
            pixels = composite_on_white(load(file))
        except PictureError as error:
            unreadable.append((file, str(error)))
        else:
            rows.append(_measure(pixels, config, patches))
            readable.append(file)
        if on_progress:
            on_progress(index + 1, len(files))
    if len(readable) < MIN_PICTURES:
        raise PictureError(
            f"A set needs {MIN_PICTURES} pictures or more; {files[0].parent} has {len(readable)} that can be "
            "read."
        )
    return MeasuredSet(
        files=readable,
        unreadable=unreadable,
        features={
            each.name: torch.cat([row["features"][each.name] for row in rows]) for each in config.extractors
        },
        styles=torch.cat([row["style"] for row in rows]),
        patches=patches,
        values={name: np.array([row["values"][name] for row in rows]) for name in rows[0]["values"]},
        palettes=[row["palette"] for row in rows],
        palette=palette_of_samples(torch.cat([row["colors"] for row in rows])),
    )


def _measure(pixels: Tensor, config: MeasurementConfig, patches: PatchSample) -> dict[str, Any]:
    square = center_square(pixels, config.side)
    patches.add(square)
    colors = sample_colors(pixels)
    lab = rgb_to_lab(colors)
    clipped = ((square <= 1 / 255) | (square >= 254 / 255)).all(dim=1)
    return {
        "features": {each.name: each(pixels) for each in config.extractors},
        "style": style_vectors(config.encoder, center_square(pixels, min(config.side, STYLE_SIDE_PIXELS))),
        "palette": palette_of_samples(colors),
        "colors": colors[:: max(1, len(colors) // PALETTE_SAMPLES)][:PALETTE_SAMPLES],
        "values": {
            "edge width": edge_width(square).item(),
            "Laplacian variance": laplacian_variance(square).item(),
            "lightness": lab[:, 0].mean().item(),
            "chroma": lab[:, 1:].norm(dim=1).mean().item(),
            "contrast": lab[:, 0].std().item(),
            "clipped": clipped.float().mean().item(),
        },
    }
