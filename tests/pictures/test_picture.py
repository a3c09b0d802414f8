"""8-bit pictures stay bytes until floats are needed, and are written without a conversion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bottega import pictures
from bottega.errors import PictureError
from bottega.pictures import Picture


@pytest.fixture
def samples() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)


def test_samples_and_pixels_agree(samples: np.ndarray) -> None:
    picture = Picture(samples)
    assert (picture.width, picture.height) == (9, 7)
    assert picture.samples is samples
    expected = torch.from_numpy(samples.astype(np.float32) / np.float32(255)).permute(2, 0, 1)[None]
    assert torch.equal(picture.pixels, expected)
    assert picture.pixels is picture.pixels, "made once"
    assert Picture(expected).samples is None
    assert replace(picture, name="a").samples is samples


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
def test_8_bit_files_are_read_as_samples(tmp_path: Path, samples: np.ndarray, name: str) -> None:
    path = pictures.save(Picture(samples), tmp_path / name, quality=100)
    read = pictures.load(path)
    assert read.samples is not None
    assert read.samples.flags.c_contiguous
    assert read.samples.flags.writeable
    if name != "a.jpg":
        assert np.array_equal(read.samples, samples)
    assert pictures.encode(read, "PNG") == pictures.encode(read.pixels, "PNG"), "as by way of floats"


def test_rotated_and_16_bit_files(tmp_path: Path, samples: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(samples).save(tmp_path / "turned.png", exif=exif)
    turned = pictures.load(tmp_path / "turned.png").samples
    assert turned is not None
    assert np.array_equal(turned, np.rot90(samples, 3))
    assert turned.flags.c_contiguous
    pictures.save(Picture(samples), tmp_path / "deep.png", bits=16)
    assert pictures.load(tmp_path / "deep.png").samples is None


def test_samples_with_alpha(tmp_path: Path, samples: np.ndarray) -> None:
    alpha = torch.rand(1, 1, 7, 9)
    path = pictures.save(Picture(samples, alpha), tmp_path / "cut.png")
    read = pictures.load(path)
    assert read.alpha is not None
    assert np.array_equal(read.samples, samples)
    composite_on_white = np.asarray(
        Image.open(pictures.save(Picture(samples, alpha * 0), tmp_path / "white.jpg"))
    )
    assert composite_on_white.min() == 255


def test_arrays_are_copied(samples: np.ndarray) -> None:
    picture = pictures.as_picture(samples)
    samples[:] = 0
    assert picture.samples is not None
    assert picture.samples.max() > 0


@pytest.mark.parametrize(
    "array", [np.zeros((3, 7, 9), np.uint8), np.zeros((7, 9, 3), np.uint16), np.zeros((0, 9, 3), np.uint8)]
)
def test_other_arrays_have_no_samples(array: np.ndarray) -> None:
    with pytest.raises(PictureError, match="have the shape"):
        Picture(array)
