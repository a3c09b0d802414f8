"""Resizing, contact sheets and the sample photographs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from bottega.errors import PictureError
from bottega.pictures import PHOTOGRAPHS, Picture, contact_sheet, fit, photograph, resize


def test_resize_agrees_with_pillow() -> None:
    """Pillow's antialiased bicubic filter is an independent implementation of the same kernel (a = -0.5)."""
    image = photograph("china").pixels
    array = np.asarray(image[0, 0])
    expected = np.asarray(Image.fromarray(array).resize((200, 100), Image.Resampling.BICUBIC))
    got = resize(image, (100, 200))[0, 0].numpy()
    assert got.shape == (100, 200)
    assert np.abs(got - expected.clip(0, 1)).max() < 1e-4


def test_resize_keeps_constants_range_and_identity() -> None:
    for size in ((1, 1), (3, 50), (97, 2)):
        assert torch.allclose(resize(torch.full((2, 1, 20, 30), 0.3), size), torch.tensor(0.3), atol=1e-6)
    checks = (torch.arange(64).view(8, 8) % 2).float().view(1, 1, 8, 8)
    bigger = resize(checks, (37, 41))
    assert bigger.min() >= 0
    assert bigger.max() <= 1
    assert torch.equal(resize(checks, (8, 8)), checks)
    with pytest.raises(PictureError, match="at least 1"):
        resize(checks, (0, 4))


def test_resize_has_gradients() -> None:
    picture = torch.rand(1, 3, 9, 9, requires_grad=True)
    resize(picture, (4, 5)).sum().backward()
    assert torch.isfinite(picture.grad).all()
    assert picture.grad.abs().sum() > 0


def test_hidden_colors_do_not_bleed() -> None:
    pixels = torch.zeros(1, 3, 16, 16)
    pixels[:, 0, :, :7] = 1  # red, opaque; the rest is green and invisible
    pixels[:, 1, :, 7:] = 1
    alpha = torch.zeros(1, 1, 16, 16)
    alpha[:, :, :, :7] = 1
    small = resize(Picture(pixels, alpha, name="cut"), (4, 4))
    visible = small.alpha[0, 0] > 0.05
    assert small.name == "cut"
    assert small.pixels[0, 1][visible].max() < 0.02
    assert small.pixels[0, 0][visible].min() > 0.98


def test_fit() -> None:
    assert tuple(fit(torch.zeros(1, 3, 100, 200), 50).shape) == (1, 3, 25, 50)
    assert tuple(fit(torch.zeros(1, 3, 1, 20000), 512).shape) == (1, 3, 1, 512)
    picture = Picture(torch.zeros(1, 3, 10, 20))
    assert (fit(picture, 40).width, fit(picture, 40).height) == (40, 20)
    assert fit(picture, 40, enlarge=False) is picture
    with pytest.raises(PictureError, match="at least 1"):
        fit(picture, 0)


def test_contact_sheet_tiles() -> None:
    red, blue = torch.zeros(1, 3, 90, 120), torch.zeros(1, 3, 200, 100)
    red[:, 0], blue[:, 2] = 1, 1
    page = contact_sheet(
        [[red, blue], [blue, red]], [["red", "blue"], ["blue", "red"]], title="Two", height=100
    )
    assert page.shape[:2] == (1, 3)
    assert page.dtype == torch.float32
    assert 0 <= page.min() <= page.max() <= 1
    share_red = (page[0, 0] > 0.99) & (page[0, 1] < 0.01)
    share_blue = (page[0, 2] > 0.99) & (page[0, 1] < 0.01)
    assert int(share_red.sum()) == pytest.approx(2 * 100 * 133, rel=0.02)
    assert int(share_blue.sum()) == pytest.approx(2 * 100 * 50, rel=0.02)
    assert page[0, :, 0, 0].mul(255).round().tolist() == [247, 246, 243]
    plain = contact_sheet([[red, blue], [blue, red]], height=100)
    assert plain.shape[2] < page.shape[2]
    assert plain.shape[3] == page.shape[3]


def test_contact_sheet_with_unusual_tiles_and_captions() -> None:
    tiles = [
        [torch.rand(1, 3, 1, 500), np.zeros((400, 3), np.uint8), Image.new("RGBA", (5, 5))],
        [torch.rand(3, 2, 2)],
    ]
    labels = [["very long caption " * 9, "Käse 絵 ß\n", ""], ["alone"]]
    page = contact_sheet(tiles, labels, height=60)
    assert torch.equal(page, contact_sheet(tiles, labels, height=60))
    for rows in ([], [[]], [[torch.rand(3, 2, 2)], []]):
        with pytest.raises(PictureError, match="at least one tile"):
            contact_sheet(rows)
    with pytest.raises(PictureError, match="one for each"):
        contact_sheet(tiles, [["a"], ["b"]])


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs(name: str) -> None:
    picture = photograph(name)
    assert (picture.width, picture.height, picture.name) == (640, 427, name)
    assert picture.pixels.std() > 0.1
    assert "CC BY 2.0" in PHOTOGRAPHS[name]


def test_photographs_come_without_importing_scikit_learn() -> None:
    program = "import sys, bottega.pictures as p; p.photograph('china'); print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    with pytest.raises(PictureError, match="china or flower"):
        photograph("mona lisa")
