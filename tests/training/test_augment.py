"""Random views: in range, decided by the generator, and each doing what it says."""

import colorsys

import pytest
import torch

from bottega.training import augment


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=2, height=24, width=30, seed=0):
    return torch.rand(count, 3, height, width, generator=seeded(seed))


def bytes_of(height, width):
    return torch.randint(256, (3, height, width), generator=seeded(), dtype=torch.uint8)


def test_uniform_covers_its_interval():
    generator = seeded()
    samples = torch.tensor([augment.random_uniform(generator, -2, 3) for _ in range(2000)])
    assert -2 <= float(samples.min()) < -1.95
    assert 2.95 < float(samples.max()) < 3
    assert float(samples.mean()) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("window", [1, 7.4, 20, 500])
@pytest.mark.parametrize("size", [(24, 40), (40, 24), (5, 5), (1, 9), (1, 1)])
def test_crops_are_square_and_in_range(window, size):
    piece = augment.random_crop(bytes_of(*size), window, 16, seeded())
    assert piece.shape == (3, 16, 16)
    assert piece.dtype == torch.float32
    assert float(piece.min()) >= 0
    assert float(piece.max()) <= 1


def test_an_unscaled_crop_is_a_part_of_the_picture_or_its_mirror():
    picture = bytes_of(9, 11)
    result = set()
    for seed in range(200):
        piece = (augment.random_crop(picture, 6, 6, seeded(seed)) * 255).round().to(torch.uint8)
        places = [
            (top, left, mirrored)
            for top in range(4)
            for left in range(6)
            for mirrored in (False, True)
            if torch.equal(piece.flip(-1) if mirrored else piece, picture[:, top : top + 6, left : left + 6])
        ]
        assert len(places) == 1
        result.add(places[0])
    # Every row, every column and both orientations occur, the last of each as well.
    assert {top for top, _, _ in result} == set(range(4))
    assert {left for _, left, _ in result} == set(range(6))
    assert {mirrored for _, _, mirrored in result} == {False, True}


def test_only_the_generator_is_random():
    x = pictures()
    picture = bytes_of(40, 40)
    for draw in (
        lambda g: augment.random_crop(picture, 20, 16, g),
        lambda g: augment.color_jitter(x, 1.0, g),
    ):
        assert torch.equal(draw(seeded(3)), draw(seeded(3)))
        assert not torch.equal(draw(seeded(3)), draw(seeded(4)))


def test_color_jitter_of_strength_zero():
    x = pictures()
    # Below 1e-4 a power with a broken exponent would have no gradient; the clamp there is all that differs.
    assert torch.allclose(augment.color_jitter(x, 0.0, seeded()), x, atol=1.1e-4)


@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_jitter_stays_in_range_and_changes_more_when_stronger(strength):
    x = pictures(16)
    result = augment.color_jitter(x, strength, seeded(1))
    assert result.shape == x.shape
    assert float(result.min()) >= 0
    assert float(result.max()) <= 1
    weaker = augment.color_jitter(x, strength / 4, seeded(1))
    assert 0 < float((weaker - x).abs().mean()) < float((result - x).abs().mean())


def test_jitter_differs_for_each_picture():
    same = pictures(1).expand(4, -1, -1, -1)
    result = augment.color_jitter(same, 1.0, seeded())
    assert not torch.allclose(result[0], result[1], atol=0.01)


def test_jitter_keeps_gray_pictures_gray():
    gray = pictures(4).mean(1, keepdim=True).expand(-1, 3, -1, -1)
    result = augment.color_jitter(gray, 1.0, seeded(2))
    assert float((result.amax(1) - result.amin(1)).max()) < 5e-3


def test_yiq_is_that_of_the_standard_library():
    for color in pictures(1, 1, 8)[0, :, 0].T:
        expected = torch.tensor(colorsys.rgb_to_yiq(*color.tolist()))
        assert torch.allclose(augment.RGB_TO_YIQ @ color, expected, atol=6e-3)
        assert torch.allclose(augment.YIQ_TO_RGB @ augment.RGB_TO_YIQ @ color, color, atol=1e-5)


def test_grayscale_with_a_mask():
    x = pictures(3)
    result = augment.grayscale(x, torch.tensor([True, False, True]))
    assert torch.equal(result[1], x[1])
    luma = 0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2]
    for index in (0, 2):
        for channel in range(3):
            assert torch.allclose(result[index, channel], luma[index], atol=1e-6)


def test_equalized_colors_share_mean_and_covariance():
    # Three quite different palettes, whose channels depend on each other.
    mixing = torch.tensor(
        [
            [[0.5, 0.3, 0.1], [0.0, 0.4, 0.0], [0.1, 0.1, 0.3]],
            [[0.4, 0.0, 0.0], [0.1, 0.3, 0.0], [0.0, 0.0, 0.6]],
            [[0.3, 0.5, 0.1], [0.6, 0.0, 0.3], [0.0, 0.1, 0.6]],
        ]
    )
    x = torch.einsum("nij,njhw->nihw", mixing, pictures(3, 60, 60))
    result = augment.equalize_color(x)
    assert result.shape == x.shape
    assert float(result.min()) > 0  # nothing was clipped, so the moments are the whole truth
    assert float(result.max()) < 1
    for flat in result.flatten(2):
        assert torch.allclose(flat.mean(1), torch.full((3,), 0.5), atol=1e-4)
        # 1e-4 is added to variances of 3e-3 and more before they are made equal.
        assert torch.allclose(torch.cov(flat), 0.18**2 * torch.eye(3), atol=0.05 * 0.18**2)


def test_equalizing_a_flat_picture_gives_gray():
    assert torch.allclose(augment.equalize_color(torch.full((1, 3, 8, 8), 0.9)), torch.tensor(0.5), atol=1e-3)


def test_equalizing_clips():
    x = pictures(1, 40, 40)
    x[..., 0, 0] = 40.0
    result = augment.equalize_color(x)
    assert float(result.min()) >= 0
    assert float(result.max()) == 1


def test_without_flip_a_crop_is_never_mirrored():
    picture = bytes_of(6, 6)
    for seed in range(10):
        piece = augment.random_crop(picture, 6, 6, seeded(seed), flip=False)
        assert torch.equal((piece * 255).round().to(torch.uint8), picture)


def slope(angle, side=121):
    """A picture whose brightness rises in one direction, from 0 to 255 over its diagonal."""
    line = torch.linspace(-1, 1, side)
    down, across = torch.meshgrid(line, line, indexing="ij")
    rising = across * torch.tensor(angle).cos() + down * torch.tensor(angle).sin()
    return ((rising / 2.84 + 0.5) * 255).round().to(torch.uint8).expand(3, -1, -1)


def test_rotated_crops_use_all_angles():
    turned = []
    for seed in range(60):
        view = augment.random_rotated_crop(slope(0.5), 60, 30, 25, seeded(seed), flip=False)[0]
        across, down = (view[:, 20:] - view[:, :-20]).mean(), (view[20:] - view[:-20]).mean()
        turned.append(float(torch.rad2deg(torch.atan2(down, across) - 0.5)))
    assert max(map(abs, turned)) < 25.5
    assert min(turned) < -20
    assert max(turned) > 20


@pytest.mark.parametrize("size", [(121, 121), (40, 70), (9, 5)])
def test_rotated_crops_have_no_empty_corners(size):
    white = torch.full((3, *size), 255, dtype=torch.uint8)
    for seed in range(10):
        view = augment.random_rotated_crop(white, 60, 24, 45, seeded(seed))
        assert view.shape == (3, 24, 24)
        assert float(view.min()) > 0.999


def test_rotated_crops_keep_their_scale():
    ramp = slope(0.0)
    # Over 30 pixels of view, a window of 60 pixels of the picture: 60/120 of 2/2.84 of the range.
    for seed in range(5):
        view = augment.random_rotated_crop(ramp, 60, 30, 40, seeded(seed), flip=False)[0]
        across = (view[:, 20:] - view[:, :-20]).mean() / 20
        down = (view[20:] - view[:-20]).mean() / 20
        assert float((across**2 + down**2).sqrt()) == pytest.approx(60 / 120 * 2 / 2.84 / 30, rel=0.03)


def test_center_square():
    picture = bytes_of(8, 20)
    result = augment.center_square(picture, 8)
    assert torch.equal((result * 255).round().to(torch.uint8), picture[:, :, 6:14])
    assert augment.center_square(picture, 3).shape == (3, 3, 3)
