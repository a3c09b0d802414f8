"""Two views of each picture: in order, in range, and with the colors that are said."""

import pytest
import torch

from recipes.encoder.views import Views


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(pictures, seed=0, **settings):
    views = Views(size=32, **settings).draw(pictures, seeded(seed))
    return views.views, views.same_colors


@pytest.fixture
def pictures():
    """Three flat pictures of quite different colors: a view shows which one it is of."""
    colors = torch.tensor([[200, 40, 40], [40, 200, 40], [60, 60, 220]], dtype=torch.uint8)
    return [color.view(3, 1, 1).expand(3, 70, 90).clone() for color in colors]


@pytest.fixture
def textured():
    return [torch.randint(256, (3, 60, 50), generator=seeded(n), dtype=torch.uint8) for n in range(3)]


@pytest.mark.parametrize("seed", range(12))
def test_shape_and_range(textured, seed):
    views = Views(size=32).draw(textured, seeded(seed))
    views, same_colors = views.views, views.same_colors
    assert views.shape == (6, 3, 32, 32)
    assert float(views.min()) >= 0
    assert float(views.max()) <= 1
    assert isinstance(same_colors, bool)


def test_first_views_come_first_and_in_order(pictures):
    views, same_colors = draw(pictures, 0, own_jitter=0, colorless=0)
    assert same_colors
    strongest = views.mean((2, 3)).argmax(1)
    assert strongest.tolist() == [0, 1, 2, 0, 1, 2]


def test_shared_colors_are_the_same_draw_and_own_colors_are_not(pictures):
    for seed in range(6):
        views, same_colors = draw(pictures, seed, own_jitter=0, colorless=0)
        assert same_colors
        first, second = views.mean((2, 3)).chunk(2)
        assert torch.allclose(first, second, atol=1e-3)
        views, same_colors = draw(pictures, seed, own_jitter=1)
        assert not same_colors
        first, second = views.mean((2, 3)).chunk(2)
        assert float((first - second).abs().max()) > 0.02


def test_colorless_batches_have_no_palette(textured):
    results = set()
    for seed in range(12):
        views, same_colors = draw(textured, seed, own_jitter=0, colorless=1)
        assert same_colors
        if float((views.amax(1) - views.amin(1)).max()) < 1e-4:
            results.add("gray")
        else:
            assert torch.allclose(views.mean((2, 3)), torch.tensor(0.5), atol=0.03)
            results.add("equal")
    assert results == {"gray", "equal"}


def test_both_kinds_of_batches_come(textured):
    kinds = [draw(textured, seed)[1] for seed in range(60)]
    assert 25 <= sum(kinds) <= 47  # 36 expected of binomial(60, 0.6), give or take three deviations


def test_the_generator_alone_decides(textured):
    state = torch.get_rng_state()
    one, same, other = (draw(textured, seed)[0] for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(state, torch.get_rng_state())


def agreement(views):
    """Mean correlation of the brightness of first and second views."""
    gray = views.views.mean(1).flatten(1)
    first, second = (gray - gray.mean(1, keepdim=True)).chunk(2)
    return float(torch.cosine_similarity(first, second).mean())


def test_some_batches_show_the_same_place_in_other_colors(textured):
    results = [
        Views(size=32, own_jitter=0.5, same_place=0.6).draw(textured, seeded(seed)) for seed in range(60)
    ]
    same = [views for views in results if views.same_place]
    assert 9 <= len(same) <= 28  # 18 expected of binomial(60, 0.3), give or take three deviations
    assert not any(views.same_colors for views in same)
    others = [views for views in results if not views.same_colors and not views.same_place]
    assert min(map(agreement, same)) > 0.3 > 0.2 > max(map(agreement, others))
    assert not any(Views(size=32).draw(textured, seeded(seed)).same_place for seed in range(20))
