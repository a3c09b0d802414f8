"""Blocks of pixels round-trip, sums over bytes are exact, and the block DCT agrees with scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.fft import dctn
from torch.nn import functional as F

from bottega.layers import block_dct_matrix, color_moments
from bottega.layers.blocks import (
    NETWORK_ORDER,
    blocks_to_bytes,
    blocks_to_picture,
    bytes_to_blocks,
    picture_to_blocks,
)
from bottega.transfer.feedforward.pixel_blocks import byte_moments


def random_pixels(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 5), (3, 40), (1, 1), (48, 33)])
def test_bytes_round_trip(height: int, width: int) -> None:
    pixels = random_pixels(height, width)
    blocks = bytes_to_blocks(pixels, 16)
    assert blocks.shape == (-(-height // 16) * 4, -(-width // 16) * 4, 48)
    restored = np.zeros_like(pixels)
    blocks_to_bytes(blocks, restored)
    assert (restored == pixels).all()


def test_bytes_are_written_into_a_part_of_a_picture() -> None:
    pixels, canvas = random_pixels(14, 18), np.zeros((30, 30, 3), np.uint8)
    blocks_to_bytes(bytes_to_blocks(pixels, 4), canvas[5:19, 7:25])
    assert (canvas[5:19, 7:25] == pixels).all()
    assert canvas.sum() == pixels.sum(dtype=np.int64)


def test_border_is_repeated() -> None:
    pixels = random_pixels(5, 6)
    blocks = bytes_to_blocks(pixels, 4).view(2, 2, 4, 4, 3).numpy()
    assert (blocks[1, 1, 3, 3] == pixels[4, 5]).all()
    assert (blocks[1, 0, 2, 1] == pixels[4, 1]).all()


def test_order_is_a_permutation_of_pixel_unshuffle() -> None:
    pixels = random_pixels(32, 48)
    picture = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    blocks, unshuffled = (
        bytes_to_blocks(pixels, 16).float(),
        F.pixel_unshuffle(picture, 4)[0].permute(1, 2, 0),
    )
    assert torch.equal(blocks, unshuffled[..., NETWORK_ORDER])
    assert torch.equal(blocks, picture_to_blocks(picture))
    assert torch.equal(blocks_to_picture(blocks), picture)


@pytest.mark.parametrize(("height", "width"), [(64, 80), (7, 11), (301, 503)])
def test_byte_moments_are_exact(height: int, width: int) -> None:
    pixels = random_pixels(height, width)
    moments = byte_moments(torch.from_numpy(pixels))
    rows = pixels.reshape(-1, 3).astype(np.float64) / 255
    assert moments.mean[0].numpy() == pytest.approx(rows.mean(0), abs=1e-9)
    assert moments.covariance[0].numpy() == pytest.approx(np.cov(rows.T, bias=True), abs=1e-8)


def test_float_moments_of_many_pixels_keep_their_digits() -> None:
    """One product over all pixels in float32 is off by 1e-4 here, a quarter of a gray level in the result."""
    pixels = random_pixels(700, 700)
    picture = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    rows = pixels.reshape(-1, 3).astype(np.float64) / 255
    assert color_moments(picture).covariance[0].numpy() == pytest.approx(np.cov(rows.T, bias=True), abs=3e-6)


@pytest.mark.parametrize("side", [1, 2, 4])
def test_block_dct_is_orthonormal(side: int) -> None:
    basis = block_dct_matrix(side).double()
    assert torch.allclose(basis @ basis.T, torch.eye(3 * side**2).double(), atol=1e-6)


def test_block_dct_of_gray_blocks_is_that_of_scipy() -> None:
    gray = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(0)).expand(-1, 3, -1, -1)
    coefficients = (block_dct_matrix(4) @ F.pixel_unshuffle(gray, 4).flatten()).view(16, 3)
    expected = dctn(gray[0, 0].numpy(), norm="ortho") * np.sqrt(3)
    assert np.allclose(coefficients[:, 0].view(4, 4).numpy(), expected, atol=1e-5)
    assert np.allclose(coefficients[:, 1:].numpy(), 0, atol=1e-5)


def test_block_dct_of_a_flat_red_block_has_only_means() -> None:
    red = torch.zeros(1, 3, 4, 4)
    red[:, 0] = 1
    coefficients = (block_dct_matrix(4) @ F.pixel_unshuffle(red, 4).flatten()).view(16, 3)
    assert float(coefficients[1:].abs().max()) < 1e-5
    assert np.allclose(coefficients[0].numpy(), [4 / 3**0.5, 4 / 2**0.5, 2 / 1.5**0.5], atol=1e-5)
