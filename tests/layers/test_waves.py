import numpy as np
import pytest
import torch
from scipy.fft import dctn

from bottega.layers import block_cosines, fold


@pytest.mark.parametrize("side", [1, 2, 4])
def test_it_is_orthonormal(side):
    basis = block_cosines(side).double()
    assert torch.allclose(basis @ basis.T, torch.eye(3 * side**2).double(), atol=1e-6)


def test_grey_blocks_give_the_cosine_transform_of_scipy():
    grey = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(0)).expand(-1, 3, -1, -1)
    found = (block_cosines(4) @ fold(grey, 4).flatten()).view(16, 3)
    expected = dctn(grey[0, 0].numpy(), norm="ortho") * np.sqrt(3)
    assert np.allclose(found[:, 0].view(4, 4).numpy(), expected, atol=1e-5)
    assert np.allclose(found[:, 1:].numpy(), 0, atol=1e-5)


def test_a_flat_red_block_has_no_waves():
    red = torch.zeros(1, 3, 4, 4)
    red[:, 0] = 1
    found = (block_cosines(4) @ fold(red, 4).flatten()).view(16, 3)
    assert float(found[1:].abs().max()) < 1e-5
    assert np.allclose(found[0].numpy(), [4 / 3**0.5, 4 / 2**0.5, 2 / 1.5**0.5], atol=1e-5)
