"""Orientation and color profiles."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps
from synthetic_files import chunk, encoded, ink_profile, matrix_profile, png

from bottega.pictures import as_picture, load
from bottega.pictures.color_profiles import srgb_profile

SRGB_D50 = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)]
ADOBE_D50 = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]


def four_colors() -> Image.Image:
    """Blocks that no turn or mirroring maps onto itself."""
    blocks = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[0, 0, 0], [255, 255, 255], [200, 120, 0]]])
    return Image.fromarray(blocks.astype(np.uint8).repeat(16, 0).repeat(16, 1))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations(kind: str, orientation: int) -> None:
    image = four_colors()
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(image, kind, exif=exif, quality=95)
    marked = image.copy()
    marked.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(marked)).astype(np.float32) / 255
    got = load(content).pixels[0].permute(1, 2, 0).numpy()
    assert got.shape == expected.shape
    assert np.abs(got - expected).mean() < 0.06


def test_orientation_of_alpha_and_invalid_orientation() -> None:
    samples = np.random.default_rng(0).integers(0, 256, (3, 2, 4), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = load(encoded(Image.fromarray(samples), "PNG", exif=exif))
    assert np.array_equal((picture.alpha[0, 0] * 255).round().numpy(), np.rot90(samples[:, :, 3], -1))
    exif[0x0112] = 77
    assert load(encoded(Image.fromarray(samples), "PNG", exif=exif)).height == 3
    broken = load(encoded(Image.fromarray(samples), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken"))
    assert broken.height == 3


def test_srgb_profile_changes_nothing() -> None:
    samples = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    for profile in (srgb_profile(), None):
        picture = load(encoded(Image.fromarray(samples), "PNG", icc_profile=profile))
        assert np.array_equal((picture.pixels[0].permute(1, 2, 0) * 255).round().numpy(), samples)
        assert picture.notes == ()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_swapped_primaries_swap_channels(kind: str) -> None:
    profile = matrix_profile(SRGB_D50[::-1], 2.2)
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100}
    content = encoded(Image.new("RGB", (16, 16), (220, 120, 40)), kind, icc_profile=profile, **options)
    got = load(content).pixels[0, :, 8, 8] * 255
    expected = 255 * (1.055 * (np.array([40, 120, 220]) / 255) ** (2.2 / 2.4) - 0.055)
    assert got.tolist() == pytest.approx(expected.tolist(), abs=2)


def test_wide_gamut_values() -> None:
    """Adobe RGB to sRGB, against the formula."""
    code = np.array([180, 130, 90])
    linear = (code / 255) ** 2.19921875 @ np.array(ADOBE_D50) @ np.linalg.inv(np.array(SRGB_D50))
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    image = Image.new("RGB", (2, 2), tuple(code.tolist()))
    picture = load(encoded(image, "PNG", icc_profile=matrix_profile(ADOBE_D50, 2.19921875)))
    assert (picture.pixels[0, :, 0, 0] * 255).tolist() == pytest.approx(expected.tolist(), abs=1.01)
    assert abs(expected[0] - 180) > 5
    image.info["icc_profile"] = matrix_profile(ADOBE_D50, 2.19921875)
    assert (as_picture(image).pixels == picture.pixels).all()


@pytest.mark.parametrize("mode", ["L", "I;16"])
@pytest.mark.parametrize("space", [b"GRAY", b"RGB "])
def test_gray_with_a_profile(mode: str, space: bytes) -> None:
    profile = matrix_profile(SRGB_D50, 1.0, space=space)
    image = Image.new(mode, (2, 2), 64 if mode == "L" else 64 * 257)
    picture = load(encoded(image, "PNG", icc_profile=profile))
    expected = 255 * (1.055 * (64 / 255) ** (1 / 2.4) - 0.055)
    assert (picture.pixels[0, :, 0, 0] * 255).tolist() == pytest.approx([expected] * 3, abs=1)
    assert picture.notes == ()
    assert picture.bits == (8 if mode == "L" else 16)


@pytest.mark.parametrize("profile", [b"nonsense", srgb_profile()[:200], ink_profile(),
                                     matrix_profile([], 2.2, space=b"GRAY")])  # fmt: skip
def test_invalid_profile_is_ignored_with_a_note(profile: bytes) -> None:
    picture = load(encoded(Image.new("RGB", (2, 2), (9, 99, 199)), "PNG", icc_profile=profile))
    assert (picture.pixels[0, :, 0, 0] * 255).round().tolist() == [9, 99, 199]
    assert len(picture.notes) == 1
    assert "read as sRGB" in picture.notes[0]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind: str) -> None:
    image = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    plain = load(encoded(image, kind, quality=95))
    assert (plain.pixels[0, :, 8, 8] * 255).tolist() == pytest.approx([0, 255, 255], abs=3)
    assert "without a color profile" in plain.notes[0]
    broken = load(encoded(image, kind, quality=95, icc_profile=b"nonsense"))
    assert (broken.pixels[0, :, 8, 8] * 255).tolist() == pytest.approx([0, 255, 255], abs=3)
    assert "converted without it" in broken.notes[0]
    followed = load(encoded(image, kind, quality=95, icc_profile=ink_profile()))
    # L* of 83.3 is Y = 0.629, which sRGB encodes as 0.815.
    assert (followed.pixels[0, :, 8, 8] * 255).tolist() == pytest.approx([207.8] * 3, abs=3)
    assert followed.notes == ()


@pytest.mark.parametrize(("gamma", "noted"), [(45455, False), (100000, True)])
def test_ignored_gamma_is_noted(gamma: int, noted: bool) -> None:
    picture = load(png(1, 1, 8, 2, b"\0\1\2\3", chunk(b"gAMA", gamma.to_bytes(4, "big"))))
    assert bool(picture.notes) == noted
    assert (picture.pixels[0, :, 0, 0] * 255).round().tolist() == [1, 2, 3]
