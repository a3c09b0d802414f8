"""Properties of every style term: additivity over tiles, masks, mixing, zero distance of equal pictures."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from bottega.errors import PictureError, SettingsError
from bottega.losses import STYLE_TERMS, SlicedWasserstein, Stats, StyleTerm, leaf, surrogate

Term = StyleTerm[Any, Any]


@pytest.fixture(params=sorted(STYLE_TERMS))
def term(request: pytest.FixtureRequest) -> Term:
    return STYLE_TERMS[request.param]()


def features(seed: int, height: int = 12, width: int = 16, channels: int = 6) -> Tensor:
    """Rectified, correlated and of unequal spread, as an encoder's are."""
    generator = torch.Generator().manual_seed(seed)
    draw = torch.randn(1, channels, height, width, generator=generator, dtype=torch.float64)
    mixing = torch.randn(channels, channels, generator=generator, dtype=torch.float64)
    return (torch.einsum("ij,njhw->nihw", mixing, draw) + 0.3).relu()


def target_of(term: Term, seed: int = 9) -> Any:
    return term.mix([term.measure(features(seed, 10, 14))], [1.0])


def tensors_close(one: Stats, other: Stats) -> None:
    for a, b in zip(one.tensors(), other.tensors(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_distance_to_itself_is_zero(term: Term) -> None:
    x = features(1)
    assert abs(float(term.distance(term.measure(x), term.mix([term.measure(x)], [3.0])))) < 1e-9


def test_zeros_are_at_distance_one(term: Term) -> None:
    zeros = term.measure(torch.zeros(1, 6, 12, 16, dtype=torch.float64))
    assert float(term.distance(zeros, target_of(term))) == pytest.approx(1, abs=5e-3)


def test_distance_does_not_depend_on_units_of_the_encoder(term: Term) -> None:
    x, y = features(1), features(2)
    plain = term.distance(term.measure(x), term.mix([term.measure(y)], [1]))
    scaled = term.distance(term.measure(200 * x), term.mix([term.measure(200 * y)], [1]))
    torch.testing.assert_close(plain, scaled, rtol=1e-8, atol=0)
    assert float(plain) > 0.01


def test_sums_of_tiles_are_those_of_the_picture(term: Term) -> None:
    x = features(1)
    # Row tiles keep the order of the positions, which the sliced term's samples are stored in.
    parts = [x[..., :5, :], x[..., 5:6, :], x[..., 6:, :]]
    tensors_close(term.merge([term.measure(part) for part in parts]), term.measure(x))


def test_gradients_through_tiles_are_those_of_the_whole(term: Term) -> None:
    x, target = features(1), target_of(term)
    whole = x.clone().requires_grad_()
    term.distance(term.measure(whole), target).backward()

    columns = [slice(0, 3), slice(3, 10), slice(10, 16)]
    leaves = [leaf(term.measure(x[..., part])) for part in columns]
    loss = term.distance(term.merge(leaves), target)
    flat = torch.autograd.grad(loss, [tensor for stats in leaves for tensor in stats.tensors()])
    per_tile = len(flat) // len(columns)
    tiled = torch.zeros_like(x)
    for i, part in enumerate(columns):
        tile = x[..., part].clone().requires_grad_()
        surrogate(term.measure(tile), flat[i * per_tile : (i + 1) * per_tile]).backward()
        assert tile.grad is not None
        tiled[..., part] = tile.grad
    assert whole.grad is not None
    assert float(whole.grad.abs().max()) > 1e-6
    torch.testing.assert_close(tiled, whole.grad, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", ["gram", "wasserstein"])
def test_added_sums_share_one_gradient(name: str) -> None:
    """The shorter form in the module's docstring: leaves of the merged sums serve every tile."""
    term = STYLE_TERMS[name]()
    x, target = features(1), target_of(term)
    whole = x.clone().requires_grad_()
    term.distance(term.measure(whole), target).backward()
    stats = leaf(term.merge([term.measure(x[..., :7]), term.measure(x[..., 7:])]))
    gradients = torch.autograd.grad(term.distance(stats, target), stats.tensors())
    tile = x[..., :7].clone().requires_grad_()
    surrogate(term.measure(tile), gradients).backward()
    assert whole.grad is not None
    torch.testing.assert_close(tile.grad, whole.grad[..., :7], rtol=1e-8, atol=1e-12)


def test_gradient_against_differences(term: Term) -> None:
    target = target_of(term)
    x = features(3, 4, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda f: term.distance(term.measure(f), target), (x,), atol=1e-6)


def test_descent_reaches_the_target(term: Term) -> None:
    target = term.mix([term.measure(features(2))], [1])
    x = features(1).requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.05)
    start = float(term.distance(term.measure(x), target).detach())
    for step in range(150):
        optimizer.zero_grad()
        now = term.at_step(step)
        loss = now.distance(now.measure(x), target)
        loss.backward()
        optimizer.step()
    assert float(term.distance(term.measure(x), target).detach()) < 0.02 * start


def test_a_mask_of_ones_changes_nothing(term: Term) -> None:
    x = features(1)
    tensors_close(term.measure(x, torch.ones(1, 1, 12, 16)), term.measure(x))


def test_masked_equals_cropped(term: Term) -> None:
    x, target = features(1), target_of(term)
    mask = torch.zeros(1, 1, 12, 16)
    mask[..., 3:9, 5:13] = 1
    masked = term.distance(term.measure(x, mask), target)
    cropped = term.distance(term.measure(x[..., 3:9, 5:13]), target)
    torch.testing.assert_close(masked, cropped, rtol=1e-8, atol=0)


def test_constant_mask_equals_ones(term: Term) -> None:
    x, target = features(1), target_of(term)
    halves = term.distance(term.measure(x, torch.full((1, 1, 12, 16), 0.5)), target)
    torch.testing.assert_close(halves, term.distance(term.measure(x), target), rtol=1e-6, atol=0)


def test_soft_weights_are_repeated_positions(term: Term) -> None:
    x, target = features(1, 1, 30), target_of(term)
    mask = torch.ones(1, 1, 1, 30)
    mask[..., 10:20] = 0.5
    repeated = torch.cat([x, x[..., :10], x[..., 20:]], dim=-1)
    soft = term.distance(term.measure(x, mask), target)
    # The sliced term reads a doubled position at two ranks instead of the one between them.
    torch.testing.assert_close(soft, term.distance(term.measure(repeated), target), rtol=0.02, atol=0)


def test_mixing_with_all_weight_on_one_is_that_one(term: Term) -> None:
    a, b, x = (term.measure(features(seed)) for seed in (1, 2, 3))
    alone = term.distance(x, term.mix([a], [1]))
    torch.testing.assert_close(term.distance(x, term.mix([a, b], [5, 0])), alone, rtol=1e-9, atol=1e-12)


def test_mixture_lies_between(term: Term) -> None:
    a, b = term.measure(features(1)), term.measure(features(2))
    full = float(term.distance(a, term.mix([b], [1])))
    near = [float(term.distance(a, term.mix([a, b], [1 - t, t]))) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert near == sorted(near)
    assert near[0] < 1e-9 < near[-1] == pytest.approx(full)


def test_bfloat16_features_are_summed_in_float32(term: Term) -> None:
    x = features(1, 64, 64).to(torch.bfloat16)
    stats = term.measure(x)
    assert all(tensor.dtype == torch.float32 for tensor in stats.tensors())
    exact = term.measure(x.double())
    torch.testing.assert_close(
        term.distance(stats, term.mix([stats], [1])),
        term.distance(exact, term.mix([exact], [1])).float(),
        rtol=0,
        atol=1e-5,
    )
    for one, other in zip(stats.tensors(), exact.tensors(), strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-4 * float(other.abs().max()))


def test_flat_features_are_finite(term: Term) -> None:
    """A style of one color, or a layer that is zero on it."""
    for value in (0.0, 0.7):
        flat = torch.full((1, 6, 8, 8), value)
        x = features(1).float().requires_grad_()
        loss = term.distance(term.measure(x), term.mix([term.measure(flat)], [1]))
        loss.backward()
        assert x.grad is not None
        assert bool(torch.isfinite(loss)), value
        assert bool(torch.isfinite(x.grad).all()), value


def test_bad_input(term: Term) -> None:
    x = features(1)
    with pytest.raises(PictureError, match=r"features of 16 × 12"):
        term.measure(x, torch.ones(1, 1, 16, 12))
    with pytest.raises(PictureError, match="features of one picture"):
        term.measure(torch.cat([x, x]))
    with pytest.raises(PictureError, match="mask of a style is empty"):
        term.mix([term.measure(x, torch.zeros(1, 1, 12, 16))], [1])
    stats = term.measure(x)
    for weights in ([1.0, 1.0], [0.0], [-1.0], [float("nan")], []):
        with pytest.raises(SettingsError):
            term.mix([stats], weights)


def test_sliced_rejects_invalid_settings() -> None:
    with pytest.raises(SettingsError, match="at least one direction"):
        SlicedWasserstein(directions_per_step=0)
