"""Edge agreement on gratings whose orientation is known."""

import numpy as np
import pytest
import torch

from bottega.errors import PictureError
from bottega.evaluate import edge_agreement


def grating(angle, size=64):
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    wave = 0.5 + 0.4 * torch.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / 12)
    return wave.expand(1, 3, size, size)


@pytest.mark.parametrize("degrees", [0, 20, 45, 70, 90])
def test_turned_gratings_agree_by_the_cosine_of_twice_the_angle(degrees):
    turn = np.deg2rad(degrees)
    # Central differences bend orientations by up to two degrees at this period.
    assert edge_agreement(grating(turn), grating(0)) == pytest.approx(np.cos(2 * turn), abs=0.06)


def test_contrast_and_colour_cost_nothing():
    picture = grating(0.4)
    assert edge_agreement(picture, picture) == pytest.approx(1, abs=1e-9)
    assert edge_agreement(1 - 0.5 * picture, picture) == pytest.approx(1, abs=1e-9)


def test_unrelated_pictures_do_not_agree():
    a, b = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0)).split(1)
    assert abs(edge_agreement(a, b)) < 0.1


def test_flat_pictures_are_finite_and_other_shapes_refused():
    flat = torch.full((1, 3, 32, 32), 0.5)
    assert edge_agreement(flat, flat) == 0
    with pytest.raises(PictureError):
        edge_agreement(flat, flat[..., :16])
