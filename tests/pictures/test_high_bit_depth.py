"""Pictures with 16 bits per channel, exact to the last bit."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic_files import chunk, encoded, matrix_profile, png, tiff16

from bottega.errors import OutputError
from bottega.pictures import as_picture, color_profiles, encode, load

SAMPLES = np.random.default_rng(7).integers(0, 65536, (9, 7, 4), dtype=np.uint16)


def levels(tensor: torch.Tensor) -> np.ndarray:
    """(1, C, H, W) in [0, 1] to (H, W, C) uint16."""
    return (tensor[0].permute(1, 2, 0).double() * 65535).round().numpy().astype(np.uint16)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (65, 3), (130, 41)])
def test_16_bit_round_trip(kind: str, channels: int, size: tuple[int, int]) -> None:
    samples = np.random.default_rng(1).integers(0, 65536, (*size, channels), dtype=np.uint16)
    picture = load(encode(as_picture(samples), kind, bits=16))
    assert picture.bits == 16
    assert np.array_equal(levels(picture.pixels), samples[:, :, :3])
    assert (picture.alpha is None) == (channels == 3)
    if picture.alpha is not None:
        assert np.array_equal(levels(picture.alpha), samples[:, :, 3:])


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_pillow_reads_16_bit_files(kind: str, tmp_path) -> None:
    path = tmp_path / "a"
    path.write_bytes(encode(as_picture(SAMPLES), kind, bits=16))
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image.convert("RGBA")), SAMPLES >> 8)


def test_png_filters_compress_smooth_pictures() -> None:
    ramp = np.add.outer(np.arange(200) * 151, np.arange(160) * 97).astype(np.uint16)
    samples = np.stack([ramp, ramp.T[:160].repeat(2, 0)[:200, :160], ramp[::-1]], axis=2)
    content = encode(as_picture(samples), "PNG", bits=16)
    assert np.array_equal(levels(load(content).pixels), samples)
    assert len(content) < samples.nbytes / 4


@pytest.mark.parametrize("color", [0, 2, 4, 6])
def test_png_of_all_color_types(color: int) -> None:
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[color]
    samples = SAMPLES[:, :, :channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    picture = load(png(7, 9, 16, color, rows))
    colors = samples[:, :, :3] if channels > 2 else samples[:, :, :1].repeat(3, axis=2)
    assert picture.bits == 16
    assert np.array_equal(levels(picture.pixels), colors)
    if channels in (2, 4):
        assert np.array_equal(levels(picture.alpha), samples[:, :, -1:])


def test_interlaced_png() -> None:
    """2 × 2 pixels of Adam7: one pixel in pass 1, one in pass 6, the second row in pass 7."""
    samples = SAMPLES[:2, :2, :3]
    one, two, three, four = (pixel.astype(">u2").tobytes() for pixel in samples.reshape(4, 3))
    picture = load(png(2, 2, 16, 2, b"\0" + one + b"\0" + two + b"\0" + three + four, interlaced=True))
    assert np.array_equal(levels(picture.pixels), samples)


@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize("deflated", [False, True])
@pytest.mark.parametrize("channels", [3, 4])
def test_tiff_of_all_kinds(order: str, deflated: bool, channels: int) -> None:
    samples = SAMPLES[:, :, :channels]
    picture = load(tiff16(samples, order=order, deflated=deflated, extra=2 if channels == 4 else None))
    assert picture.bits == 16
    assert np.array_equal(levels(picture.pixels), samples[:, :, :3])
    if channels == 4:
        assert np.array_equal(levels(picture.alpha), samples[:, :, 3:])


@pytest.mark.parametrize("order", ["II", "MM"])
def test_tiff_with_separate_planes(order: str) -> None:
    samples = SAMPLES[:, :, :3]
    assert np.array_equal(levels(load(tiff16(samples, order=order, planar=True)).pixels), samples)
    shallow = load(tiff16(samples, order=order, planar=True, deflated=True))
    assert shallow.bits == 8
    assert "8 bits" in shallow.notes[0]
    assert np.array_equal(levels(shallow.pixels) >> 8, samples >> 8)


def test_tiff_multiplied_by_alpha() -> None:
    alpha = np.full((9, 7, 1), 40000, np.uint16)
    straight = (SAMPLES[:, :, :3] // 2).astype(np.uint16)
    multiplied = (straight.astype(np.float64) * 40000 / 65535).round().astype(np.uint16)
    picture = load(tiff16(np.concatenate([multiplied, alpha], axis=2), extra=1))
    assert np.abs(levels(picture.pixels).astype(int) - straight).max() <= 1
    assert (levels(picture.alpha) == 40000).all()


@pytest.mark.parametrize("white_is_zero", [False, True])
def test_gray_tiff(white_is_zero: bool) -> None:
    gray = SAMPLES[:, :, :1]
    picture = load(tiff16(gray, photometric=0 if white_is_zero else 1))
    assert np.array_equal(levels(picture.pixels)[:, :, :1], 65535 - gray if white_is_zero else gray)


def test_pillow_gray_image() -> None:
    image = Image.fromarray(SAMPLES[:, :, 0])
    assert image.mode == "I;16"
    for picture in (as_picture(image), load(encoded(image, "PNG")), load(encoded(image, "TIFF"))):
        assert picture.bits == 16
        assert np.array_equal(levels(picture.pixels)[:, :, 1], SAMPLES[:, :, 0])


def test_wide_gamut_at_16_bits() -> None:
    """Against the arithmetic of a matrix profile written down independently, in double precision."""
    colorants = [(0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)]  # Adobe RGB
    profile = matrix_profile(colorants, 2.19921875)
    inside = (20000 + SAMPLES[:, :, :3] // 8).astype(np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in inside)
    extra = chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))
    picture = load(png(7, 9, 16, 2, rows, extra))
    linear = (inside / 65535.0) ** 2.19921875
    bradford_d50 = np.array([[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169],
                             [0.0139322, 0.0971045, 0.7141733]])  # fmt: skip
    srgb = linear @ np.array(colorants) @ np.linalg.inv(bradford_d50).T
    expected = np.where(srgb <= 0.0031308, srgb * 12.92, 1.055 * srgb ** (1 / 2.4) - 0.055)
    got = picture.pixels[0].permute(1, 2, 0).double().numpy()
    assert picture.bits == 16
    assert picture.notes == ()
    assert np.abs(got - expected).max() < 2e-4
    assert np.abs(got - inside / 65535).max() > 0.01


def test_curves_of_profiles() -> None:
    x = np.linspace(0, 1, 1 << 16)
    parametric = b"para" + bytes(4) + struct.pack(">HH", 3, 0)
    parametric += struct.pack(
        ">5i", *(round(v * 65536) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
    )
    expected = np.where(x >= 0.04045, ((x + 0.055) / 1.055) ** 2.4, x / 12.92)
    assert np.abs(color_profiles._curve(parametric) - expected).max() < 1e-4
    table = b"curv" + bytes(4) + struct.pack(">I3H", 3, 0, 16384, 65535)
    assert color_profiles._curve(table).tolist() == pytest.approx([0, 0.25, 1], abs=1e-5)


def test_16_bits_only_for_png_and_tiff() -> None:
    for kind in ("JPEG", "WEBP", "AVIF"):
        with pytest.raises(OutputError, match="PNG or TIFF"):
            encode(as_picture(SAMPLES), kind, bits=16)
    with pytest.raises(OutputError, match="8 or 16"):
        encode(as_picture(SAMPLES), "PNG", bits=12)
