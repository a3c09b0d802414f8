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
    drawn = torch.tensor([augment.uniform(generator, -2, 3) for _ in range(2000)])
    assert -2 <= float(drawn.min()) < -1.95
    assert 2.95 < float(drawn.max()) < 3
    assert float(drawn.mean()) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("window", [1, 7.4, 20, 500])
@pytest.mark.parametrize("size", [(24, 40), (40, 24), (5, 5), (1, 9), (1, 1)])
def test_crops_are_square_and_in_range(window, size):
    piece = augment.crop(bytes_of(*size), window, 16, seeded())
    assert piece.shape == (3, 16, 16)
    assert piece.dtype == torch.float32
    assert float(piece.min()) >= 0
    assert float(piece.max()) <= 1


def test_a_crop_of_its_own_size_is_a_piece_of_the_picture_or_its_mirror():
    picture = bytes_of(9, 11)
    found = set()
    for seed in range(200):
        piece = (augment.crop(picture, 6, 6, seeded(seed)) * 255).round().to(torch.uint8)
        places = [
            (top, left, mirrored)
            for top in range(4)
            for left in range(6)
            for mirrored in (False, True)
            if torch.equal(piece.flip(-1) if mirrored else piece, picture[:, top : top + 6, left : left + 6])
        ]
        assert len(places) == 1
        found.add(places[0])
    # Every row, every column and both orientations occur, the last of each as well.
    assert {top for top, _, _ in found} == set(range(4))
    assert {left for _, left, _ in found} == set(range(6))
    assert {mirrored for _, _, mirrored in found} == {False, True}


def test_the_generator_alone_decides():
    x = pictures()
    picture = bytes_of(40, 40)
    for draw in (
        lambda g: augment.crop(picture, 20, 16, g),
        lambda g: augment.color_jitter(x, 1.0, g),
    ):
        assert torch.equal(draw(seeded(3)), draw(seeded(3)))
        assert not torch.equal(draw(seeded(3)), draw(seeded(4)))


def test_jitter_of_strength_zero_leaves_pictures():
    x = pictures()
    # Below 1e-4 a power with a broken exponent would have no gradient; the clamp there is all that differs.
    assert torch.allclose(augment.color_jitter(x, 0.0, seeded()), x, atol=1.1e-4)


@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_jitter_stays_in_range_and_changes_more_when_stronger(strength):
    x = pictures(16)
    found = augment.color_jitter(x, strength, seeded(1))
    assert found.shape == x.shape
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
    weaker = augment.color_jitter(x, strength / 4, seeded(1))
    assert 0 < float((weaker - x).abs().mean()) < float((found - x).abs().mean())


def test_jitter_draws_for_each_picture():
    same = pictures(1).expand(4, -1, -1, -1)
    found = augment.color_jitter(same, 1.0, seeded())
    assert not torch.allclose(found[0], found[1], atol=0.01)


def test_jitter_keeps_grey_pictures_grey():
    grey = pictures(4).mean(1, keepdim=True).expand(-1, 3, -1, -1)
    found = augment.color_jitter(grey, 1.0, seeded(2))
    assert float((found.amax(1) - found.amin(1)).max()) < 5e-3


def test_the_colour_axes_are_those_of_the_standard_library():
    for color in pictures(1, 1, 8)[0, :, 0].T:
        expected = torch.tensor(colorsys.rgb_to_yiq(*color.tolist()))
        assert torch.allclose(augment.RGB_TO_YIQ @ color, expected, atol=6e-3)
        assert torch.allclose(augment.YIQ_TO_RGB @ augment.RGB_TO_YIQ @ color, color, atol=1e-5)


def test_grayscale_of_the_chosen_only():
    x = pictures(3)
    found = augment.grayscale(x, torch.tensor([True, False, True]))
    assert torch.equal(found[1], x[1])
    luma = 0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2]
    for number in (0, 2):
        for channel in range(3):
            assert torch.allclose(found[number, channel], luma[number], atol=1e-6)


def test_equalised_colours_share_mean_and_covariance():
    # Three quite different palettes, whose channels depend on each other.
    mixing = torch.tensor(
        [
            [[0.5, 0.3, 0.1], [0.0, 0.4, 0.0], [0.1, 0.1, 0.3]],
            [[0.4, 0.0, 0.0], [0.1, 0.3, 0.0], [0.0, 0.0, 0.6]],
            [[0.3, 0.5, 0.1], [0.6, 0.0, 0.3], [0.0, 0.1, 0.6]],
        ]
    )
    x = torch.einsum("nij,njhw->nihw", mixing, pictures(3, 60, 60))
    found = augment.equalise_color(x)
    assert found.shape == x.shape
    assert float(found.min()) > 0  # nothing was clipped, so the moments are the whole truth
    assert float(found.max()) < 1
    for flat in found.flatten(2):
        assert torch.allclose(flat.mean(1), torch.full((3,), 0.5), atol=1e-4)
        # 1e-4 is added to variances of 3e-3 and more before they are made equal.
        assert torch.allclose(torch.cov(flat), 0.18**2 * torch.eye(3), atol=0.05 * 0.18**2)


def test_equalising_a_flat_picture_gives_grey():
    assert torch.allclose(augment.equalise_color(torch.full((1, 3, 8, 8), 0.9)), torch.tensor(0.5), atol=1e-3)


def test_equalising_clips():
    x = pictures(1, 40, 40)
    x[..., 0, 0] = 40.0
    found = augment.equalise_color(x)
    assert float(found.min()) >= 0
    assert float(found.max()) == 1
