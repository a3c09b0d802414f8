"""DistortionClassifier pictures: every way shows, none changes shape, and the generator alone decides."""

import pytest
import torch

from bottega.layers import gaussian_blur
from bottega.pictures import photograph, resize
from recipes.encoder import distort

IDS = [way.__name__ for way in distort.DISTORTIONS]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def picture():
    return resize(photograph("flower").pixels[..., 100:340, 200:480], (60, 70))[0]


@pytest.mark.parametrize("way", distort.DISTORTIONS, ids=IDS)
def test_every_way_shows_and_keeps_the_shape(way, picture):
    for seed in range(8):
        spoiled = way(picture, seeded(seed))
        assert spoiled.shape == picture.shape
        assert spoiled.dtype == torch.float32
        assert bool(spoiled.isfinite().all())
        # Two levels of 8 bits on average are seen at once where they make texture.
        assert float((spoiled.clamp(0, 1) - picture).abs().mean()) > 2 / 255


@pytest.mark.parametrize("way", distort.DISTORTIONS, ids=IDS)
def test_the_generator_alone_decides(way, picture):
    before, state = picture.clone(), torch.get_rng_state()
    results = {tuple(way(picture, seeded(seed)).flatten().tolist()) for seed in (1, 1, 2, 3, 4, 5)}
    assert 2 <= len(results) <= 5  # few indices of levels or of pixels may come twice
    assert torch.equal(picture, before)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("way", distort.DISTORTIONS, ids=IDS)
@pytest.mark.parametrize("size", [(32, 32), (33, 47)])
def test_smallest_views_and_odd_sides(way, size):
    picture = torch.rand(3, *size, generator=seeded())
    for seed in range(12):
        assert way(picture, seeded(seed)).shape == picture.shape


@pytest.mark.parametrize("way", distort.DISTORTIONS, ids=IDS)
def test_the_palette_stays(way, picture):
    for seed in range(12):
        spoiled = way(picture, seeded(seed)).clamp(0, 1)
        if way is not distort.enlarge:  # a part of the picture has its own mean
            assert torch.allclose(spoiled.mean((1, 2)), picture.mean((1, 2)), atol=0.12)


def test_a_batch_is_in_range_and_its_kinds_count_from_one(picture):
    batch = picture.expand(200, -1, -1, -1)
    spoiled, kinds = distort.distort(batch, seeded())
    assert spoiled.shape == batch.shape
    assert float(spoiled.min()) >= 0
    assert float(spoiled.max()) <= 1
    assert set(kinds.tolist()) == set(range(1, len(distort.DISTORTIONS) + 1))
    again, same = distort.distort(batch, seeded())
    assert torch.equal(kinds, same)
    assert torch.equal(spoiled, again)


def test_kinds_name_the_ways_in_their_order(picture, monkeypatch):
    flat = tuple(lambda x, _, n=n: torch.full_like(x, n / 10) for n in range(1, 8))
    monkeypatch.setattr(distort, "DISTORTIONS", flat)
    spoiled, kinds = distort.distort(picture.expand(30, -1, -1, -1), seeded())
    assert torch.allclose(spoiled[:, 0, 0, 0], kinds / 10)


def test_scrambling_keeps_the_amplitudes_and_the_mean(picture):
    for seed in range(6):
        spoiled = distort.scramble(picture, seeded(seed))
        before, after = torch.fft.fft2(picture).abs(), torch.fft.fft2(spoiled).abs()
        assert torch.allclose(after, before, rtol=1e-3, atol=1e-3 * float(before[:, 1:].max()))
        assert torch.allclose(spoiled.mean((1, 2)), picture.mean((1, 2)), atol=1e-5)


def test_shuffling_moves_whole_pieces(picture):
    square = picture[:, :48, :48]
    for seed in range(6):
        spoiled = distort.shuffle(square, seeded(seed))
        assert torch.equal(spoiled.flatten().sort().values, square.flatten().sort().values)
        # A pixel and its right neighbor stay together, but for the edges of pieces.
        pairs = {
            tuple(p) for p in torch.stack([square[0, :, :-1], square[0, :, 1:]], -1).view(-1, 2).tolist()
        }
        moved = torch.stack([spoiled[0, :, :-1], spoiled[0, :, 1:]], -1).view(-1, 2).tolist()
        assert sum(tuple(pair) in pairs for pair in moved) > 0.7 * len(moved)


def test_posterising_leaves_few_levels(picture):
    for seed in range(6):
        assert 3 <= len(distort.posterize(picture, seeded(seed)).unique()) <= 5


def test_pixels_are_square(picture):
    even = picture[:, :48, :48]
    sides = set()
    for seed in range(12):
        spoiled = distort.pixelate(even, seeded(seed))
        side = next(s for s in (4, 3, 2) if torch.equal(spoiled, blocks(spoiled, s)))
        assert torch.allclose(spoiled[0, 0, 0], even[0, :side, :side].mean(), atol=1e-6)
        sides.add(side)
    assert sides == {2, 3, 4}


def blocks(picture, side):
    """Each block's first pixel, repeated."""
    first = picture[:, ::side, ::side]
    return first.repeat_interleave(side, 1).repeat_interleave(side, 2)


def test_blur_takes_detail_away_and_ringing_exaggerates_it(picture):
    def detail(x):
        return float((x - gaussian_blur(x[None], 1.0)[0]).square().mean())

    for seed in range(6):
        assert detail(distort.blur(picture, seeded(seed))) < 0.5 * detail(picture)
        assert detail(distort.ringing(picture, seeded(seed))) > 2 * detail(picture)


def test_stripes_have_one_color_and_a_period(picture):
    flat = torch.full((3, 64, 64), 0.5)
    for seed in range(6):
        wave = distort.stripes(flat, seeded(seed)) - flat
        _, values, _ = torch.linalg.svd(wave.flatten(1), full_matrices=False)
        assert float(values[1]) < 1e-3 * float(values[0])
        spectrum = torch.fft.fft2(wave.sum(0)).abs()
        peak = int(spectrum.argmax())
        down, across = torch.fft.fftfreq(64)[peak // 64], torch.fft.fftfreq(64)[peak % 64]
        assert 2.2 < 1 / float(torch.hypot(down, across)) < 13
