"""Pictures as blocks: nothing is lost, and sums over bytes are exact."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bottega.transfer.feedforward.colors import byte_moments

from bottega.layers import color_moments, fold
from bottega.layers.blocks import (
    ORDER,
    blocks_of_bytes,
    blocks_of_picture,
    picture_of_blocks,
    store_bytes,
)


def some_bytes(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 5), (3, 40), (1, 1), (48, 33)])
def test_bytes_come_back(height: int, width: int) -> None:
    pixels = some_bytes(height, width)
    blocks = blocks_of_bytes(pixels, 16)
    assert blocks.shape == (-(-height // 16) * 4, -(-width // 16) * 4, 48)
    back = np.zeros_like(pixels)
    store_bytes(blocks, back)
    assert (back == pixels).all()


def test_bytes_are_stored_in_a_part_of_a_picture() -> None:
    pixels, room = some_bytes(14, 18), np.zeros((30, 30, 3), np.uint8)
    store_bytes(blocks_of_bytes(pixels, 4), room[5:19, 7:25])
    assert (room[5:19, 7:25] == pixels).all()
    assert room.sum() == pixels.sum(dtype=np.int64)


def test_border_is_repeated() -> None:
    pixels = some_bytes(5, 6)
    blocks = blocks_of_bytes(pixels, 4).view(2, 2, 4, 4, 3).numpy()
    assert (blocks[1, 1, 3, 3] == pixels[4, 5]).all()
    assert (blocks[1, 0, 2, 1] == pixels[4, 1]).all()


def test_order_is_that_of_the_network_but_for_a_permutation() -> None:
    pixels = some_bytes(32, 48)
    picture = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    ours, theirs = blocks_of_bytes(pixels, 16).float(), fold(picture, 4)[0].permute(1, 2, 0)
    assert torch.equal(ours, theirs[..., ORDER])
    assert torch.equal(ours, blocks_of_picture(picture))
    assert torch.equal(picture_of_blocks(ours), picture)


@pytest.mark.parametrize(("height", "width"), [(64, 80), (7, 11), (301, 503)])
def test_byte_moments_are_exact(height: int, width: int) -> None:
    pixels = some_bytes(height, width)
    found = byte_moments(torch.from_numpy(pixels))
    rows = pixels.reshape(-1, 3).astype(np.float64) / 255
    assert found.mean[0].numpy() == pytest.approx(rows.mean(0), abs=1e-9)
    assert found.covariance[0].numpy() == pytest.approx(np.cov(rows.T, bias=True), abs=1e-8)


def test_float_moments_of_many_pixels_keep_their_digits() -> None:
    """One product over all pixels in float32 is off by 1e-4 here, a quarter of a grey level in the result."""
    pixels = some_bytes(700, 700)
    picture = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    rows = pixels.reshape(-1, 3).astype(np.float64) / 255
    assert color_moments(picture).covariance[0].numpy() == pytest.approx(np.cov(rows.T, bias=True), abs=3e-6)
