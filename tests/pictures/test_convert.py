"""Conversion of arrays and tensors to pictures and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bottega.errors import PictureError
from bottega.pictures import Picture, as_picture


@pytest.mark.parametrize(
    ("shape", "alpha"),
    [
        ((4, 5), False),
        ((4, 5, 1), False),
        ((4, 5, 2), True),
        ((4, 5, 3), False),
        ((4, 5, 4), True),
        ((1, 1, 3), False),
        ((3, 3, 3), False),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, np.float16, np.bool_])
def test_arrays_of_all_types(shape: tuple[int, ...], alpha: bool, dtype: type) -> None:
    unit = np.random.default_rng(0).random(shape)
    array = (
        (unit * np.iinfo(dtype).max).astype(dtype) if np.issubdtype(dtype, np.integer) else unit.astype(dtype)
    )
    scale = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    expected = array.reshape(*shape[:2], -1).astype(np.float64) / scale
    picture = as_picture(array)
    colors = expected[:, :, :3] if expected.shape[2] > 2 else expected[:, :, :1].repeat(3, 2)
    assert np.abs(picture.pixels[0].permute(1, 2, 0).numpy() - colors).max() < 1e-6
    assert (picture.alpha is not None) == alpha
    if picture.alpha is not None:
        assert np.abs(picture.alpha[0, 0].numpy() - expected[:, :, -1]).max() < 1e-6
    assert picture.bits == (8 if dtype in (np.uint8, np.bool_) else 16)
    assert picture.name == "array"


@pytest.mark.parametrize(
    "shape",
    [
        (4, 5),
        (1, 4, 5),
        (3, 4, 5),
        (4, 4, 5),
        (1, 1, 4, 5),
        (1, 3, 4, 5),
        (1, 4, 4, 5),
        (3, 3, 3),
        (1, 1, 4, 3),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.uint8, torch.bool])
def test_tensors_of_all_types(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    unit = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    tensor = (unit * 255).to(dtype) if dtype == torch.uint8 else unit.round() if dtype == torch.bool else unit
    tensor = tensor.to(dtype)
    picture = as_picture(tensor)
    planes = tensor.reshape(-1, *shape[-2:]).float() / (255 if dtype == torch.uint8 else 1)
    assert torch.allclose(picture.pixels[0], planes[:3].expand(3, -1, -1), atol=1e-6)
    assert (picture.alpha is not None) == (len(planes) == 4)


def test_arrays_and_tensors_are_copied() -> None:
    array = np.full((2, 2, 3), 0.5, np.float32)
    tensor = torch.full((1, 3, 2, 2), 0.5, requires_grad=True)
    for picture in (as_picture(array), as_picture(tensor)):
        assert not picture.pixels.requires_grad
        picture.pixels.zero_()
    assert array.min() == 0.5
    assert tensor.min() == 0.5
    picture = as_picture(array)
    assert as_picture(picture) is picture


@pytest.mark.parametrize("thing", [
    np.zeros((3, 40, 50)), np.zeros((2, 4, 5, 3)), np.zeros(5), np.zeros((0, 5, 3)), np.zeros((4, 5, 5)),
    np.zeros((4, 5), np.int64), np.zeros((4, 5), np.complex64), np.zeros((4, 5), object),
    torch.zeros(40, 50, 3), torch.zeros(1, 40, 50, 3), torch.zeros(2, 3, 4, 5), torch.zeros(1, 40, 3),
    torch.zeros(4, 40, 3), torch.zeros(1, 2, 4, 5), torch.zeros(5), torch.zeros(1, 3, 0, 5),
    torch.zeros(3, 4, 5, dtype=torch.int64),
    np.full((4, 5), 2.0), np.full((4, 5), -0.1), np.full((4, 5), np.nan), np.full((4, 5), np.inf),
    torch.full((3, 4, 5), 255.0), torch.full((3, 4, 5), float("nan")),
    None, 3, [[1, 2]], {"a": 1},
])  # fmt: skip
def test_invalid_inputs_are_rejected(thing) -> None:
    with pytest.raises(PictureError) as caught:
        as_picture(thing)
    assert str(caught.value).endswith(".")


def test_messages_contain_a_hint() -> None:
    for thing, hint in (
        (np.zeros((3, 40, 50)), "transpose"),
        (torch.zeros(40, 50, 3), "permute"),
        (torch.full((3, 4, 5), 255.0), "divide by 255"),
        (torch.zeros(2, 3, 4, 5), "one at a time"),
        (torch.zeros(1, 40, 3), "channels first or last"),
    ):
        with pytest.raises(PictureError, match=hint):
            as_picture(thing)


def test_rounding_errors_beyond_the_range_are_clamped() -> None:
    picture = as_picture(np.array([[1.00001, -0.00001]]))
    assert picture.pixels[0, 0, 0].tolist() == [1, 0]


def test_picture_checks_shapes() -> None:
    with pytest.raises(PictureError, match=r"\(1, 3, H, W\) is expected"):
        Picture(torch.zeros(3, 4, 5))
    with pytest.raises(PictureError, match="alpha"):
        Picture(torch.zeros(1, 3, 4, 5), torch.zeros(1, 1, 5, 4))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [3, 4])
def test_to_numpy_round_trip(bits: int, channels: int) -> None:
    dtype = np.uint8 if bits == 8 else np.uint16
    values = np.random.default_rng(0).integers(0, 2**bits, (5, 7, channels)).astype(dtype)
    array = as_picture(values).to_numpy(bits)
    assert array.dtype == dtype
    assert np.array_equal(array, values)
    array[:] = 0
    assert np.array_equal(as_picture(values).to_numpy(bits), values)


def test_to_numpy_returns_a_copy() -> None:
    picture = as_picture(np.full((2, 3, 3), 7, np.uint8))
    picture.to_numpy()[:] = 0
    assert (picture.to_numpy() == 7).all()


def test_to_numpy_rounds_and_clamps() -> None:
    picture = Picture(torch.tensor([0.5, 1.2, 0.001]).view(1, 3, 1, 1).requires_grad_())
    assert picture.to_numpy().tolist() == [[[128, 255, 0]]]


@pytest.mark.parametrize(("channels", "mode"), [(3, "RGB"), (4, "RGBA")])
def test_to_pil(channels: int, mode: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (5, 7, channels)).astype(np.uint8)
    image = as_picture(values).to_pil()
    assert (image.mode, image.size) == (mode, (7, 5))
    assert np.array_equal(np.asarray(image), values)
