"""Where pictures come from, and how recipes remember it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bottega import pictures, styles
from bottega.errors import PictureError
from bottega.files import file_sha256
from bottega.tools.common.image_sources import BundledSource, FileSource, MemorySource, file_source
from bottega.tools.common.output_paths import default_name


def test_bundled_styles_are_painted_with_their_seed_and_size() -> None:
    picture_of_style = BundledSource("risograph", 3).open(32).pixels
    assert torch.equal(picture_of_style, styles.paint("risograph", size=(32, 32), seed=3))
    assert not torch.equal(picture_of_style, BundledSource("risograph", 4).open(32).pixels)


def test_paths_are_recorded_as_seen_from_the_result(bench: Path) -> None:
    (bench / "out").mkdir()
    record = FileSource(Path("photo.png")).record(Path("out"))
    assert record["path"] == "../photo.png"
    assert record["name"] == "photo.png"
    assert record["sha256"] == file_sha256("photo.png")


def test_paths_that_share_only_the_root_are_absolute(bench: Path) -> None:
    record = FileSource(Path("photo.png")).record(Path("/elsewhere"))
    assert record["path"] == (bench / "photo.png").as_posix()


def test_pictures_in_memory_are_known_by_their_pixels() -> None:
    one = MemorySource(pictures.as_picture(torch.zeros(1, 3, 4, 6)))
    same = MemorySource(pictures.as_picture(torch.zeros(1, 3, 4, 6)))
    turned = MemorySource(pictures.as_picture(torch.zeros(1, 3, 6, 4)))
    assert one.sha256 == same.sha256
    assert one.sha256 != turned.sha256


def test_a_folder_is_no_picture(bench: Path) -> None:
    with pytest.raises(PictureError, match="is a folder"):
        file_source(bench)


def test_default_name() -> None:
    assert default_name(FileSource(Path("a/b.c.jpg")), "woodcut") == "b.c-woodcut.png"


def test_masks_that_are_nearly_black_are_refused() -> None:
    areas = np.array([[0, 1], [2, 3]], np.uint8)
    with pytest.raises(PictureError, match=r"brightest value of the mask .* is 3 of 255"):
        MemorySource(pictures.as_picture(areas), "mask").open_mask()
