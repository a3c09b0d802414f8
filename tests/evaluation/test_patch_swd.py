"""Sliced Wasserstein distance of pictures and of sets."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from bottega.errors import PictureError
from bottega.evaluation import PatchSample, sliced_wasserstein, sliced_wasserstein_sets
from bottega.evaluation.metrics.patch_swd import wasserstein_1d
from bottega.layers import gaussian_blur, laplacian_pyramid


def stripes(period, height=64, width=64, angle=0.0, noise=0.0):
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    wave = 0.5 + 0.4 * torch.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)
    generator = torch.Generator().manual_seed(1)
    return (wave + noise * torch.randn(1, 3, height, width, generator=generator)).clamp(0, 1)


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 75), (7, 100), (1, 5)])
def test_transport_equals_scipy(n, m):
    rng = np.random.default_rng(n)
    a, b = rng.normal(0, 1, (n, 4)), rng.normal(0.3, 2, (m, 4))
    expected = [wasserstein_distance(x, y) for x, y in zip(a.T, b.T, strict=True)]
    result = wasserstein_1d(torch.from_numpy(a), torch.from_numpy(b))
    assert np.allclose(result, expected, rtol=0, atol=1e-12)


def test_distance_to_itself_is_zero():
    picture = stripes(8, noise=0.1)
    assert sliced_wasserstein(picture, picture).levels == (0.0, 0.0, 0.0)


def test_coarsest_level_by_hand():
    """At 16 pixels there is one level, the picture itself: normalize, cut, project, transport."""
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 3, 16, 16, generator=generator).split(1)
    axes = torch.randn(147, 256, generator=torch.Generator().manual_seed(9)).numpy()
    axes = axes / np.linalg.norm(axes, axis=0)
    mean, deviation = b.numpy().mean((2, 3), keepdims=True), b.numpy().std((2, 3), keepdims=True)
    patches = []
    for picture in (a, b):
        z = ((picture.numpy() - mean) / deviation)[0]
        rows = [z[:, i : i + 7, j : j + 7].ravel() for i in range(10) for j in range(10)]
        patches.append(np.stack(rows) @ axes)
    expected = np.mean([wasserstein_distance(x, y) for x, y in zip(patches[0].T, patches[1].T, strict=True)])
    assert sliced_wasserstein(a, b, seed=9).levels == pytest.approx((expected,), abs=1e-5)


def fibres(seed, along=(1, 9)):
    """Noise averaged along one direction, with a fixed contrast."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(1, 3, 96 + along[0], 96 + along[1], generator=generator)
    long = torch.nn.functional.avg_pool2d(noise, along, 1)[..., :96, :96]
    return (0.5 + 0.15 * (long - long.mean()) / long.std()).clamp(0, 1)


def test_similar_textures_are_closer():
    target = fibres(1)
    near = sliced_wasserstein(fibres(2), target).mean
    assert near < 0.7 * sliced_wasserstein(fibres(2, (9, 1)), target).mean
    assert near < 0.7 * sliced_wasserstein(fibres(2, (1, 3)), target).mean


def test_fine_detail_shows_in_the_fine_level():
    target = stripes(32)
    grainy = (target + 0.1 * torch.randn(target.shape, generator=torch.Generator().manual_seed(2))).clamp(
        0, 1
    )
    levels = sliced_wasserstein(grainy, target).levels
    assert levels[0] > 5 * levels[-1]


def test_sizes_may_differ_and_seeds_repeat():
    a, b = stripes(8, 48, 80, noise=0.1), stripes(8, 64, 64, noise=0.1)
    assert len(sliced_wasserstein(a, b).levels) == 2
    assert sliced_wasserstein(a, b, patches=500, seed=4) == sliced_wasserstein(a, b, patches=500, seed=4)
    assert sliced_wasserstein(a, b, patches=500, seed=4) != sliced_wasserstein(a, b, patches=500, seed=5)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [((1, 3, 15, 64), "16 pixels"), ((2, 3, 64, 64), "single pictures"), ((1, 1, 64, 64), r"\(N, 3, ")],
)
def test_other_shapes_are_refused(shape, reason):
    with pytest.raises(PictureError, match=reason):
        sliced_wasserstein(torch.zeros(shape), stripes(8))


def test_a_flat_target_gives_a_finite_distance():
    assert np.isfinite(sliced_wasserstein(stripes(8), torch.full((1, 3, 64, 64), 0.5)).mean)


def noise(count=8, side=64, seed=0):
    pictures = torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))
    return ((gaussian_blur(pictures, 1.0) - 0.5) * 2 + 0.5).clamp(0, 1)


def sample(pictures, **options):
    result = PatchSample(pictures.shape[-1], **{"per_picture": 32, **options})
    for picture in pictures:
        result.add(picture[None])
    return result


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


def test_invalid_sets_are_refused():
    with pytest.raises(PictureError, match="no pictures"):
        sliced_wasserstein_sets(PatchSample(64), sample(noise()))
    with pytest.raises(PictureError, match="32 and 64"):
        sliced_wasserstein_sets(sample(noise(side=32)), sample(noise()))
    with pytest.raises(PictureError, match=r"\(N, 3, 64, 64\)"):
        PatchSample(64).add(noise(side=32))
    with pytest.raises(PictureError, match="16 pixels"):
        PatchSample(8)
