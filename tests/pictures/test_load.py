"""Files of all color modes, with and without alpha."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic_files import chunk, encoded, png

from bottega.errors import PictureError
from bottega.pictures import as_picture, load, load_mask


def first_pixel(picture) -> list[int]:
    return [round(float(v) * 255) for v in picture.pixels[0, :, 0, 0]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize(("mode", "color", "expected"), [
    ("1", 1, [255, 255, 255]),
    ("L", 100, [100, 100, 100]),
    ("RGB", (10, 20, 30), [10, 20, 30]),
])  # fmt: skip
def test_opaque_modes(kind: str, mode: str, color, expected: list[int]) -> None:
    picture = load(encoded(Image.new(mode, (5, 3), color), kind))
    assert (picture.width, picture.height, picture.bits, picture.alpha) == (5, 3, 8, None)
    assert picture.pixels.dtype == torch.float32
    assert first_pixel(picture) == expected


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize(("mode", "color"), [("LA", (100, 50)), ("RGBA", (10, 20, 30, 40))])
def test_alpha_is_separate(kind: str, mode: str, color) -> None:
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    picture = load(encoded(Image.new(mode, (5, 3), color), kind, **options))
    assert picture.alpha is not None
    assert round(float(picture.alpha[0, 0, 2, 4]) * 255) == color[-1]
    assert first_pixel(picture) == (list(color[:3]) if mode == "RGBA" else [color[0]] * 3)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_alpha(kind: str) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([0, 1])
    plain = load(encoded(image, kind))
    assert plain.alpha is None
    assert first_pixel(plain) == [10, 20, 30]
    clear = load(encoded(image, kind, transparency=1))
    assert clear.alpha is not None
    assert clear.alpha.flatten().tolist() == [1, 0]
    assert first_pixel(clear) == [10, 20, 30]


@pytest.mark.parametrize(("bits", "color", "row", "key"), [
    (1, 0, b"\x80", struct.pack(">H", 1)),
    (4, 0, b"\x5f", struct.pack(">H", 5)),
    (2, 0, b"\x70", struct.pack(">H", 1)),
    (8, 0, b"\x07\x08", struct.pack(">H", 7)),
    (8, 2, b"\x01\x02\x03\x01\x02\x04", struct.pack(">HHH", 1, 2, 3)),
    (16, 0, b"\0\x07\0\x08", struct.pack(">H", 7)),
    (16, 2, struct.pack(">6H", 1, 2, 3, 1, 2, 4), struct.pack(">HHH", 1, 2, 3)),
])  # fmt: skip
def test_png_color_key(bits: int, color: int, row: bytes, key: bytes) -> None:
    picture = load(png(2, 1, bits, color, b"\0" + row, chunk(b"tRNS", key)))
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == [0, 1]


def test_first_frame_of_an_animation_with_a_note() -> None:
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue", "lime")]
    for kind in ("GIF", "WEBP", "TIFF", "PNG"):
        picture = load(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert picture.pixels[0, 0].min() > 0.9, kind
        assert picture.pixels[0, 1:].max() < 0.1, kind
        assert picture.notes == ("The file holds several pictures; only the first was read.",), kind


def test_float_and_32_bit_files() -> None:
    picture = load(encoded(Image.new("F", (2, 2), 0.25), "TIFF"))
    assert picture.pixels.unique().tolist() == [0.25]
    assert picture.bits == 16
    for mode, value in (("F", 2.0), ("F", float("nan")), ("I", 70000)):
        with pytest.raises(PictureError, match=r"between 0 and 1|no defined white"):
            load(encoded(Image.new(mode, (2, 2), value), "TIFF"))


@pytest.mark.parametrize(
    "mode",
    [
        "1",
        "L",
        "LA",
        "P",
        "PA",
        "RGB",
        "RGBA",
        "RGBX",
        "RGBa",
        "La",
        "YCbCr",
        "HSV",
        "CMYK",
        "LAB",
        "I;16",
        "F",
    ],
)
def test_pil_images_of_all_modes(mode: str) -> None:
    image = Image.new(mode, (3, 2))
    picture = as_picture(image)
    assert tuple(picture.pixels.shape) == (1, 3, 2, 3)
    assert (picture.alpha is not None) == (mode in ("LA", "PA", "RGBA", "RGBa", "La"))
    assert picture.name == "image"


def test_pil_image_and_file_agree(tmp_path) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (7, 5, 4), dtype=np.uint8)
    path = tmp_path / "a.png"
    Image.fromarray(samples).save(path)
    with Image.open(path) as image:
        opened = as_picture(image)
    loaded = load(path)
    assert torch.equal(opened.pixels, loaded.pixels)
    assert torch.equal(opened.alpha, loaded.alpha)
    assert opened.name == str(path)


def test_binary_files(tmp_path) -> None:
    content = encoded(Image.new("RGB", (3, 2)), "PNG")
    assert load(io.BytesIO(content)).width == load(bytearray(content)).width == 3
    path = tmp_path / "ein Bild é.PNG.wrong-suffix"
    path.write_bytes(content)
    assert load(path).name == load(str(path)).name == str(path)
    with path.open("rb") as file:
        assert load(file).name == str(path)


def test_mask_from_alpha_or_luminance() -> None:
    alpha = Image.new("RGBA", (2, 1), (255, 255, 255, 255))
    alpha.putpixel((0, 0), (255, 255, 255, 51))
    assert load_mask(encoded(alpha, "PNG")).flatten().tolist() == pytest.approx([0.2, 1])
    opaque = encoded(Image.new("RGBA", (2, 1), (110, 100, 100, 255)), "PNG")
    assert load_mask(opaque).flatten().tolist() == pytest.approx([(0.2126 * 10 + 100) / 255] * 2)
    gray = load_mask(np.array([[0, 128, 255]], np.uint8))
    assert tuple(gray.shape) == (1, 1, 1, 3)
    assert torch.equal(gray.flatten(), torch.tensor([0, 128, 255]) / 255)
    assert load_mask(torch.tensor([[True, False]])).flatten().tolist() == [1, 0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_masks_of_zeros_and_ones_are_stretched(dtype: type) -> None:
    assert load_mask(np.array([[0, 1], [1, 0]], dtype)).flatten().tolist() == [0, 1, 1, 0]


def test_colored_masks_are_refused() -> None:
    red = np.zeros((20, 20, 3), np.uint8)
    red[:10] = (255, 0, 0)
    with pytest.raises(PictureError, match="is colored; a mask is gray"):
        load_mask(red)
