"""Round trips through files, over modes, sizes and formats."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from bottega.pictures import Picture, as_picture, encode, load, save

SIZES = st.tuples(st.integers(1, 33), st.integers(1, 33))
LOSSLESS = ["PNG", "TIFF", "WEBP"]


def random_samples(size: tuple[int, int], channels: int, seed: int, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, (*size, channels), dtype=dtype)


def levels(tensor: torch.Tensor, top: int = 255) -> np.ndarray:
    return (tensor[0].permute(1, 2, 0).double() * top).round().numpy()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SIZES, st.sampled_from([1, 2, 3, 4]), st.integers(0, 99), st.sampled_from(LOSSLESS))
def test_8_bit_round_trip(size: tuple[int, int], channels: int, seed: int, kind: str) -> None:
    samples = random_samples(size, channels, seed)
    picture = load(encode(as_picture(samples), kind, quality=100))
    colors = samples[:, :, :3] if channels > 2 else samples[:, :, :1].repeat(3, axis=2)
    assert picture.bits == 8
    assert np.array_equal(levels(picture.pixels), colors)
    assert (picture.alpha is not None) == (channels in (2, 4))
    if picture.alpha is not None:
        assert np.array_equal(levels(picture.alpha), samples[:, :, -1:])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    SIZES,
    st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"]),
    st.sampled_from(["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"]),
    st.integers(0, 99),
)
def test_round_trip_of_all_modes(size: tuple[int, int], mode: str, kind: str, seed: int) -> None:
    samples = random_samples(size, 4, seed)
    image = Image.fromarray(samples[:, :, 0].astype(np.uint16) * 200) if mode == "I;16" else None
    image = image or Image.fromarray(samples).convert("RGB" if mode == "CMYK" else mode).convert(mode)
    buffer = io.BytesIO()
    try:
        image.save(buffer, kind)
    except (OSError, ValueError):  # not every format holds every mode
        return
    picture = load(buffer.getvalue())
    assert tuple(picture.pixels.shape) == (1, 3, *size)
    again = load(encode(picture, "PNG", bits=picture.bits))
    assert torch.equal(again.pixels, picture.pixels)
    assert (again.alpha is None) == (picture.alpha is None)


def random_picture(size: tuple[int, int], seed: int, alpha: bool, coarse: int) -> Picture:
    """Noise of ``coarse`` × ``coarse`` pixels, enlarged to the size where it is larger."""
    generator = torch.Generator().manual_seed(seed)
    height, width = (side if side < coarse else coarse for side in size)
    noise = torch.rand(1, 4, height, width, generator=generator)
    smooth = torch.nn.functional.interpolate(noise, size, mode="bilinear", antialias=True)
    return Picture(smooth[:, :3].contiguous(), smooth[:, 3:].contiguous() if alpha else None)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    SIZES,
    st.integers(0, 99),
    st.booleans(),
    st.sampled_from([("PNG", 8), ("PNG", 16), ("TIFF", 8), ("TIFF", 16), ("WEBP", 8)]),
)
def test_lossless_formats_round_to_the_nearest_step(
    size: tuple[int, int], seed: int, alpha: bool, kind: tuple[str, int]
) -> None:
    form, bits = kind
    picture = random_picture(size, seed, alpha, coarse=33)
    again = load(encode(picture, form, bits=bits, quality=100))
    half_step = 0.5 / (2**bits - 1) + 1e-6
    assert again.bits == bits
    assert float((again.pixels - picture.pixels).abs().max()) <= half_step
    assert (again.alpha is not None) == alpha
    if again.alpha is not None and picture.alpha is not None:
        assert float((again.alpha - picture.alpha).abs().max()) <= half_step


LOSSY = {"JPEG": 1.5, "WEBP": 3.0, "AVIF": 2.0}
"""Largest mean difference of smooth_image pictures at quality 95, in 1/255. WebP always halves the color."""
LOSSY_TINY = 10.0
"""The same below 8 pixels on a side, where blocks are mostly padding."""


@settings(max_examples=40, deadline=None, derandomize=True)
@given(SIZES, st.integers(0, 99), st.booleans(), st.sampled_from(sorted(LOSSY)))
def test_lossy_formats_stay_close(size: tuple[int, int], seed: int, alpha: bool, form: str) -> None:
    picture = random_picture(size, seed, alpha and form != "JPEG", coarse=2)
    mean = picture.pixels.mean((2, 3), keepdim=True)
    smooth_image = Picture(0.9 * mean + 0.1 * picture.pixels, picture.alpha)
    again = load(encode(smooth_image, form, quality=95))
    limit = LOSSY[form] if min(size) >= 8 else LOSSY_TINY
    assert float((again.pixels - smooth_image.pixels).abs().mean()) * 255 < limit
    assert (again.alpha is None) == (picture.alpha is None)
    if again.alpha is not None and picture.alpha is not None:
        assert float((again.alpha - picture.alpha).abs().mean()) * 255 < 2


@pytest.mark.parametrize("size", [(1, 1), (1, 20000), (20000, 1)])
@pytest.mark.parametrize("kind", ["png", "tif", "jpg", "avif"])
def test_extreme_sizes(size: tuple[int, int], kind: str, tmp_path) -> None:
    picture = load(save(torch.full((1, 3, *size), 0.5), tmp_path / f"a.{kind}"))
    assert (picture.height, picture.width) == size
    assert float((picture.pixels - 0.5).abs().max()) < 0.02


def test_rounding_is_to_even_and_clamped() -> None:
    values = torch.tensor([-0.2, 0.5 / 255, 1.5 / 255, 2.5 / 255, 254.4 / 255, 1.3], dtype=torch.float64)
    row = (values.float()).view(1, 1, 1, -1).expand(1, 3, 1, -1)
    got = (load(encode(Picture(row.contiguous()), "PNG")).pixels[0, 0, 0] * 255).round().tolist()
    expected = (values.float().clamp(0, 1) * 255).numpy().round().tolist()
    assert got == expected == [0, 0, 2, 2, 254, 255]


def test_equal_pictures_make_equal_files() -> None:
    picture = as_picture(random_samples((9, 9), 4, 0))
    for kind in ("PNG", "TIFF", "JPEG", "WEBP"):
        assert encode(picture, kind, recipe={"a": 1}) == encode(picture, kind, recipe={"a": 1})


def test_files_are_tagged_as_srgb(tmp_path) -> None:
    for name in ("a.png", "b.tif", "c.jpg", "d.webp", "e.avif", "deep.png"):
        path = save(torch.rand(1, 3, 4, 4), tmp_path / name, bits=16 if name == "deep.png" else 8)
        with Image.open(path) as image:
            if image.format == "PNG":
                assert image.info["srgb"] == 0
            else:
                profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
                assert "sRGB" in ImageCms.getProfileDescription(profile), name


def test_jpeg_composites_on_white() -> None:
    pixels = torch.zeros(1, 3, 16, 16)
    picture = load(encode(pixels, "JPEG", alpha=torch.full((1, 1, 16, 16), 0.25), quality=100))
    assert picture.alpha is None
    assert float((picture.pixels - 0.75).abs().max()) < 0.01


def test_alpha_argument() -> None:
    picture = as_picture(random_samples((4, 4), 4, 0))
    assert torch.equal(load(encode(picture, "PNG")).alpha, picture.alpha)
    given_alpha = torch.ones(1, 1, 4, 4)
    assert torch.equal(load(encode(picture, "PNG", alpha=given_alpha)).alpha, given_alpha)
