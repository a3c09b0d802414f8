"""All modes of PIL images and all kinds of arrays are read correctly, or rejected with a message.

What is right is computed here from the samples, by the published formula of each color space.
"""

from __future__ import annotations

import colorsys
import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from bottega.errors import PictureError
from bottega.pictures import Picture, as_picture, load

Floats = NDArray[np.float64]
Right = tuple[Floats, Floats | None]  # colors (H, W, 3) and alpha (H, W), both in [0, 1]

SIDES = st.integers(1, 40)
SIZES = st.one_of(
    st.tuples(SIDES, SIDES), st.just((1, 1)), st.tuples(st.just(1), SIDES), st.tuples(SIDES, st.just(1))
)
SEEDS = st.integers(0, 10_000)
LINEAR_FROM_D50 = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)
"""XYZ of white D50 to linear sRGB, Bradford-adapted (Lindbloom)."""


def gray(values: Floats) -> Floats:
    return np.repeat(values[:, :, None], 3, axis=2)


def unpremultiplied(colors: Floats, alpha: Floats) -> Floats:
    """Colors divided by alpha; NaN where fully transparent."""
    return np.where(alpha[..., None] > 0, colors / np.maximum(alpha, 1e-9)[..., None], np.nan).clip(0, 1)


def from_ycbcr(s: Floats) -> Floats:
    """JFIF 1.02: full range, ITU-R BT.601 weights."""
    y, cb, cr = s[..., 0], s[..., 1] - 128 / 255, s[..., 2] - 128 / 255
    return np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1).clip(0, 1)


def from_lab(samples: NDArray[np.uint8]) -> Floats:
    """CIELAB of D50 with a and b as signed bytes; NaN for colors outside of sRGB."""
    lightness = samples[..., 0] / 255 * 100
    a, b = (samples[..., i].astype(np.int8).astype(float) for i in (1, 2))
    fy = (lightness + 16) / 116
    f = np.stack([fy + a / 500, fy, fy - b / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * (0.96422, 1, 0.82521)
    linear = xyz @ LINEAR_FROM_D50.T
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.abs(linear) ** (1 / 2.4) - 0.055)
    inside = ((linear >= 0) & (linear <= 1)).all(-1, keepdims=True)
    return np.where(inside, encoded, np.nan)


def from_hsv(s: Floats) -> Floats:
    return np.array([[colorsys.hsv_to_rgb(*pixel) for pixel in row] for row in s])


MODES: dict[str, Callable[[NDArray[np.uint8]], Right]] = {
    "L": lambda s: (gray(s / 255), None),
    "LA": lambda s: (gray(s[..., 0] / 255), s[..., 1] / 255),
    "La": lambda s: (unpremultiplied(gray(s[..., 0] / 255), s[..., 1] / 255), s[..., 1] / 255),
    "RGB": lambda s: (s / 255, None),
    "RGBX": lambda s: (s[..., :3] / 255, None),
    "RGBA": lambda s: (s[..., :3] / 255, s[..., 3] / 255),
    "RGBa": lambda s: (unpremultiplied(s[..., :3] / 255, s[..., 3] / 255), s[..., 3] / 255),
    "CMYK": lambda s: ((1 - s[..., :3] / 255) * (1 - s[..., 3:] / 255), None),
    "YCbCr": lambda s: (from_ycbcr(s / 255), None),
    "LAB": lambda s: (from_lab(s), None),
    "HSV": lambda s: (from_hsv(s / 255), None),
}
TOLERANCE = {"LAB": 1.01 / 255, "CMYK": 1.01 / 255, "YCbCr": 1.51 / 255, "HSV": 1.01 / 255}
TOLERANCE |= dict.fromkeys(("La", "RGBa"), 1.01 / 255)
"""Of one sample: what converting with 8 bits per channel may lose. The other modes are exact to 1e-6."""


def assert_matches(picture: Picture, right: Right, tolerance: float = 1e-6) -> None:
    colors, alpha = right
    got = picture.pixels[0].permute(1, 2, 0).numpy()
    assert got.shape == colors.shape
    visible = ~np.isnan(colors)
    assert np.abs(got - colors)[visible].max(initial=0) <= tolerance
    assert (picture.alpha is None) == (alpha is None)
    if picture.alpha is not None and alpha is not None:
        assert np.abs(picture.alpha[0, 0].numpy() - alpha).max() <= 1e-6


def random_bytes(shape: tuple[int, ...], seed: int) -> NDArray[np.uint8]:
    """Noise with its extremes: a fifth of the samples is 0 or 255."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, shape, dtype=np.uint8)
    return np.where(rng.random(shape) < 0.2, rng.choice(np.array([0, 255], np.uint8), shape), noise)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(MODES)), SIZES, SEEDS)
def test_8_bit_modes(mode: str, size: tuple[int, int], seed: int) -> None:
    channels = len(Image.new(mode, (1, 1)).getbands())
    if mode in ("La", "RGBa"):
        samples = premultiplied(random_bytes((*size, channels), seed))
    else:
        samples = random_bytes((*size, channels) if channels > 1 else size, seed)
    image = Image.frombytes(mode, size[::-1], samples.tobytes())
    picture = as_picture(image)
    assert_matches(picture, MODES[mode](samples), TOLERANCE.get(mode, 1e-6))
    assert picture.bits == 8
    assert image.mode == mode, "the image of the caller must not change"


def premultiplied(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colors that are not above their alpha, and an alpha that keeps at least a fourth of their steps."""
    alpha = np.maximum(samples[..., -1:], 1) | 128
    return np.concatenate([np.minimum(samples[..., :-1], alpha), alpha], axis=-1)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SIZES, SEEDS)
def test_1_bit_images(size: tuple[int, int], seed: int) -> None:
    bits = random_bytes(size, seed) > 127
    packed = np.packbits(bits, axis=1).tobytes()
    assert_matches(as_picture(Image.frombytes("1", size[::-1], packed)), (gray(bits.astype(float)), None))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(SIZES, SEEDS, st.sampled_from(["opaque", "one", "table", "short table", "PA", "RGBA palette"]))
def test_palette_images(size: tuple[int, int], seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (256, 4), dtype=np.uint8)
    indices = rng.integers(0, 256, size, dtype=np.uint8)
    alpha: Floats | None = None
    if kind == "PA":
        given_alpha = rng.integers(0, 256, size, dtype=np.uint8)
        image = Image.frombytes("PA", size[::-1], np.dstack([indices, given_alpha]).tobytes())
        alpha = given_alpha / 255
    else:
        image = Image.frombytes("P", size[::-1], indices.tobytes())
    image.putpalette(
        table.tobytes() if kind == "RGBA palette" else table[:, :3].tobytes(),
        kind[:4] * (kind == "RGBA palette") or "RGB",
    )
    if kind == "RGBA palette":
        alpha = table[indices, 3] / 255
    if kind == "one":
        image.info["transparency"] = int(indices[0, 0])
        alpha = np.where(indices == indices[0, 0], 0.0, 1.0)
    if kind.endswith("table"):
        table_size = 256 if kind == "table" else 100
        image.info["transparency"] = table[:table_size, 3].tobytes()
        alpha = np.where(indices < table_size, table[indices, 3] / 255, 1.0)
    assert_matches(as_picture(image), (table[indices, :3] / 255, alpha))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(SIZES, SEEDS, st.sampled_from(["L", "RGB"]))
def test_transparent_color_key(size: tuple[int, int], seed: int, mode: str) -> None:
    samples = random_bytes((*size, 3) if mode == "RGB" else size, seed)
    image = Image.frombytes(mode, size[::-1], samples.tobytes())
    key = samples[0, 0]
    image.info["transparency"] = tuple(map(int, key)) if mode == "RGB" else int(key)
    same = (samples == key).all(-1) if mode == "RGB" else samples == key
    colors = samples / 255 if mode == "RGB" else gray(samples / 255)
    assert_matches(as_picture(image), (colors, np.where(same, 0.0, 1.0)))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(SIZES, SEEDS, st.sampled_from(["I;16", "I;16L", "I;16B", "I;16N"]))
def test_16_bit_gray(size: tuple[int, int], seed: int, mode: str) -> None:
    values = np.random.default_rng(seed).integers(0, 65536, size, dtype=np.uint16)
    order = ">u2" if mode == "I;16B" else "<u2" if mode != "I;16N" else "=u2"
    picture = as_picture(Image.frombytes(mode, size[::-1], values.astype(order).tobytes()))
    assert_matches(picture, (gray(values / 65535), None))
    assert picture.bits == 16


@settings(max_examples=40, deadline=None, derandomize=True)
@given(SIZES, SEEDS, st.sampled_from([1.0, 1.5, np.nan, -1.0]))
def test_float_images(size: tuple[int, int], seed: int, top: float) -> None:
    values = (np.random.default_rng(seed).random(size) * 0.9).astype(np.float32)
    values[-1, -1] = top
    image = Image.frombytes("F", size[::-1], values.tobytes())
    if top == 1.0:
        assert_matches(as_picture(image), (gray(values.astype(float)), None))
        assert as_picture(image).bits == 16
    else:
        with pytest.raises(PictureError, match="between 0 and 1"):
            as_picture(image)


@pytest.mark.parametrize("value", [0, 1, 200, 70_000, -5])
def test_32_bit_integers_are_rejected(value: int) -> None:
    with pytest.raises(PictureError, match="no defined white"):
        as_picture(Image.new("I", (3, 2), value))


def test_all_modes_of_pillow_are_covered() -> None:
    tested = {*MODES, "1", "P", "PA", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
    assert set(Image.MODES) <= tested


FORMATS = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "TIFF": ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "F"],
    "BMP": ["1", "L", "P", "RGB"],
    "GIF": ["1", "L", "P"],
    "WEBP": ["L", "RGB", "RGBA"],
}
"""Modes that each format keeps without loss."""


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.sampled_from([(k, m) for k, modes in FORMATS.items() for m in modes]), SIZES, SEEDS)
def test_files_and_pil_images_agree(kind: tuple[str, str], size: tuple[int, int], seed: int) -> None:
    form, mode = kind
    samples = random_bytes((*size, 4), seed)
    image = image_of(mode, samples)
    buffer = io.BytesIO()
    image.save(buffer, form, **({"lossless": True, "exact": True} if form == "WEBP" else {}))
    read, held = load(buffer.getvalue()), as_picture(image)
    assert torch.equal(read.pixels, held.pixels)
    if form == "WEBP" and held.alpha is not None and bool((held.alpha == 1).all()):
        assert read.alpha is None  # that format drops an alpha that is opaque everywhere
    else:
        assert (read.alpha is None) == (held.alpha is None)
        assert read.alpha is None or held.alpha is None or torch.equal(read.alpha, held.alpha)
    assert read.bits == held.bits


def image_of(mode: str, samples: NDArray[np.uint8]) -> Image.Image:
    """An image of a mode from ``(H, W, 4)`` bytes."""
    if mode == "I;16":
        return Image.fromarray(np.ascontiguousarray(samples[..., :2]).view(np.uint16)[..., 0])
    if mode == "F":
        return Image.fromarray((samples[..., 0] / np.float32(255)).astype(np.float32))
    size = samples.shape[1::-1]
    if mode in ("CMYK", "YCbCr", "LAB"):
        channels = 4 if mode == "CMYK" else 3
        return Image.frombytes(mode, size, np.ascontiguousarray(samples[..., :channels]).tobytes())
    return Image.fromarray(samples).convert("RGB" if mode == "P" else "RGBA").convert(mode)


KINDS = ["?", "u1", "<u2", ">u2", "f2", "<f4", ">f4", "f8", "g"]
FOREIGN = ["i1", "i2", "i4", "i8", "u4", "u8", "c8", "c16", "O", "S3", "U3", "M8[s]", "m8[s]"]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.sampled_from(KINDS), SIZES, st.integers(0, 4), SEEDS, st.sampled_from(["C", "F", "flipped", "step"])
)
@example(">u2", (3, 4), 3, 0, "C")
def test_arrays_of_all_kinds(kind: str, size: tuple[int, int], channels: int, seed: int, order: str) -> None:
    shape = (*size, channels) if channels else size
    unit = np.random.default_rng(seed).random(shape)
    dtype = np.dtype(kind)
    top = 1 if dtype.kind in "f" else 1 if dtype.kind == "b" else np.iinfo(dtype).max
    array = (unit * top).round().astype(dtype) if dtype.kind in "bu" else unit.astype(dtype)
    scale = float(top)
    if order == "F":
        array = np.asfortranarray(array)
    elif order == "flipped":
        array = array[::-1, ::-1]
    elif order == "step":
        array = np.repeat(array, 2, axis=1)[:, ::2]
    array.setflags(write=False)
    layers = array.astype(np.float64).reshape(*size, -1) / scale
    colors = layers[..., :3] if layers.shape[2] > 2 else np.repeat(layers[..., :1], 3, axis=2)
    alpha = layers[..., -1] if layers.shape[2] in (2, 4) else None
    picture = as_picture(array)
    assert_matches(picture, (colors, alpha))
    assert picture.bits == (8 if dtype.itemsize == 1 else 16)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from(KINDS + FOREIGN), st.lists(st.integers(0, 6), max_size=5))
def test_any_array_is_read_or_rejected(kind: str, shape: list[int]) -> None:
    array = np.zeros(shape, kind)
    check_read_or_rejected(array, readable=kind in KINDS and is_picture_shape(shape))


def is_picture_shape(shape: list[int]) -> bool:
    return 0 not in shape and (len(shape) == 2 or (len(shape) == 3 and 1 <= shape[2] <= 4))


TENSORS = [torch.uint8, torch.bool, torch.float16, torch.bfloat16, torch.float32, torch.float64]
FOREIGN_TENSORS = [torch.int8, torch.int16, torch.uint16, torch.int32, torch.int64, torch.complex64]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from(TENSORS + FOREIGN_TENSORS), st.lists(st.integers(0, 6), max_size=5))
@example(torch.uint8, [1, 3])
def test_any_tensor_is_read_or_rejected(dtype: torch.dtype, shape: list[int]) -> None:
    tensor = torch.zeros(shape, dtype=dtype)
    planes = shape[1:] if len(shape) == 4 and shape[0] == 1 else shape
    fits = 0 not in shape and (len(planes) == 2 or (len(planes) == 3 and planes[0] in (1, 3, 4)))
    ambiguous = len(shape) == 3 and shape[0] in (1, 4) and shape[2] == 3
    if len(shape) == 4 and len(planes) == 4:
        fits = False
    check_read_or_rejected(tensor, readable=dtype in TENSORS and fits and not ambiguous)


@pytest.mark.parametrize("tensor", [torch.zeros(3, 4, 5, device="meta"), torch.zeros(3, 4, 5).to_sparse()])
def test_tensors_without_plain_values(tensor: torch.Tensor) -> None:
    check_read_or_rejected(tensor, readable=False)


def check_read_or_rejected(thing: object, readable: bool) -> None:
    if readable:
        assert float(as_picture(thing).pixels.max()) == 0
        return
    with pytest.raises(PictureError) as caught:
        as_picture(thing)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
