"""HEIC, the format of phones, as pillow-heif writes and reads it."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic_files import encoded, heic, matrix_profile

from bottega.errors import OutputError, PictureError
from bottega.pictures import as_picture, embedded_recipe, load, read_recipe, save

pillow_heif = pytest.importorskip("pillow_heif", reason="pip install pillow-heif brings it")

WIDE = [(0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)]
"""Colorants of Display P3, the colors of phones."""


def smooth_image(mode: str, size: tuple[int, int] = (33, 21)) -> Image.Image:
    """A picture without fine detail, which the lossy format keeps."""
    noise = np.random.default_rng(4).integers(60, 200, (2, 3, 4), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).convert(mode)


@pytest.mark.parametrize(("mode", "tolerance"), [("RGB", 1.5), ("RGBA", 1.5), ("L", 0.5), ("LA", 0.5)])
def test_modes(mode: str, tolerance: float) -> None:
    image = smooth_image(mode)
    picture, right = load(heic(image)), as_picture(image)
    assert (picture.width, picture.height, picture.bits) == (33, 21, 8)
    assert float((picture.pixels - right.pixels).abs().mean()) * 255 < tolerance
    assert (picture.alpha is None) == (right.alpha is None)
    if picture.alpha is not None and right.alpha is not None:
        assert float((picture.alpha - right.alpha).abs().mean()) * 255 < 1
    assert picture.notes == ()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (7, 3)])
def test_small_and_odd_sizes(size: tuple[int, int]) -> None:
    picture = load(heic(smooth_image("RGB", size)))
    assert (picture.width, picture.height) == size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_orientation(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = load(heic(smooth_image("RGB"), exif=exif.tobytes()))
    right = load(encoded(smooth_image("RGB"), "PNG", exif=exif))
    assert picture.pixels.shape == right.pixels.shape
    assert float((picture.pixels - right.pixels).abs().mean()) * 255 < 1.5


def test_display_p3_profile_is_applied() -> None:
    profile = matrix_profile(WIDE, 2.2)
    image = smooth_image("RGB")
    picture, right = load(heic(image, icc_profile=profile)), load(encoded(image, "PNG", icc_profile=profile))
    assert float((picture.pixels - right.pixels).abs().mean()) * 255 < 1.5
    assert float((right.pixels - as_picture(image).pixels).abs().mean()) * 255 > 3


def test_opened_heic_image(tmp_path) -> None:
    path = tmp_path / "phone.heic"
    path.write_bytes(heic(smooth_image("RGBA")))
    with Image.open(path) as image:
        assert torch.equal(as_picture(image).pixels, load(path).pixels)


def test_heic_recipe() -> None:
    packet = embedded_recipe.to_xmp(embedded_recipe.to_json({"tool": "test", "é": 1}))
    content = heic(smooth_image("RGB"), xmp=packet)
    assert load(content).recipe == read_recipe(content) == {"tool": "test", "é": 1}


def test_ignored_color_properties_are_noted() -> None:
    content = encoded(
        smooth_image("RGB"), "HEIF", save_all=True, append_images=[smooth_image("L")], primary_index=1
    )
    assert load(content).notes == ("The file holds several pictures; only the main one was read.",)
    assert torch.equal(*load(content).pixels.chunk(3, dim=1)[:2]), "the main one is gray"
    assert load(heic(smooth_image("RGB"), color_primaries=12)).notes == (
        "The file has wide-gamut or HDR colors without a profile; they were read as sRGB.",
    )


def test_10_bit_heic_is_read_with_8(tmp_path) -> None:
    samples = np.full((8, 8, 3), (10_000, 30_000, 60_000), np.uint16)
    pillow_heif.from_bytes("RGB;16", (8, 8), samples.tobytes()).save(tmp_path / "deep.heic", quality=95)
    picture = load(tmp_path / "deep.heic")
    assert picture.notes == ("The file holds 10 bits per channel; the picture was read with 8.",)
    assert (
        float((picture.pixels[0, :, 4, 4] - torch.tensor([10_000, 30_000, 60_000]) / 65535).abs().max())
        < 0.02
    )


def test_heic_size_limit() -> None:
    content = heic(Image.new("RGB", (2000, 1500)))
    with pytest.raises(PictureError, match="2000 × 1500 pixels, more than the limit"):
        load(content, max_pixels=1_000_000)


def test_heic_header_with_wrong_size_is_rejected() -> None:
    content = bytearray(heic(Image.new("RGB", (4096, 4096), (10, 20, 200)), quality=50))
    place = content.find(b"ispe") + 8
    content[place : place + 8] = struct.pack(">II", 64, 64)
    with pytest.raises(PictureError, match="damaged"):
        load(bytes(content), max_pixels=1_000_000)


def test_heic_is_not_written(tmp_path) -> None:
    with pytest.raises(OutputError, match=r"a\.heic has the suffix '\.heic'; a picture is written as"):
        save(torch.zeros(1, 3, 4, 4), tmp_path / "a.heic")
