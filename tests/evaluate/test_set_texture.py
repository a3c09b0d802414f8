"""Sliced Wasserstein distance of sets."""

import pytest
import torch

from bottega.errors import PictureError
from bottega.evaluate import PatchSample, sliced_wasserstein_sets
from bottega.layers import gaussian_blur, laplacian_pyramid


def noise(count=8, side=64, seed=0):
    pictures = torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))
    return (gaussian_blur(pictures, 1.0) - 0.5) * 2 + 0.5


def sample(pictures, **options):
    found = PatchSample(pictures.shape[-1], **{"per_picture": 32, **options})
    for picture in pictures:
        found.add(picture[None])
    return found


def test_patches_are_pieces_of_the_pyramid():
    pictures = noise(1, 32)
    rows = sample(pictures, per_picture=5).rows(1)
    level = laplacian_pyramid(pictures, 2)[1]
    pieces = level.unfold(2, 7, 1).unfold(3, 7, 1)[0].permute(1, 2, 0, 3, 4).reshape(-1, 3, 49)
    assert rows.shape == (5, 3, 49)
    assert all((row - pieces).abs().amax(dim=(1, 2)).min() < 1e-6 for row in rows)


def test_equal_sets_are_near_and_others_far():
    target = sample(noise(16))
    near = sliced_wasserstein_sets(sample(noise(16, seed=1), seed=1), target)
    assert len(near.levels) == 3
    assert near.mean < 0.12
    assert sliced_wasserstein_sets(target, target).mean == pytest.approx(0, abs=1e-6)
    blurred = sliced_wasserstein_sets(sample(gaussian_blur(noise(16, seed=1), 1.0), seed=1), target)
    assert blurred.levels[0] > 4 * near.levels[0]
    assert blurred.levels[0] > blurred.levels[2]


def test_refusals():
    with pytest.raises(PictureError, match="no pictures"):
        sliced_wasserstein_sets(PatchSample(64), sample(noise()))
    with pytest.raises(PictureError, match="32 and 64"):
        sliced_wasserstein_sets(sample(noise(side=32)), sample(noise()))
    with pytest.raises(PictureError, match=r"\(N, 3, 64, 64\)"):
        PatchSample(64).add(noise(side=32))
    with pytest.raises(PictureError, match="16 pixels"):
        PatchSample(8)
