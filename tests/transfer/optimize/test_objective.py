"""The tiled gradient is the whole picture's gradient, and both are the gradient of the loss."""

import pytest
import torch

from bottega.encoders import build_encoder, normalize_activations
from bottega.layers import gaussian_blur
from bottega.losses import STYLE_TERMS, SlicedWasserstein, content_power
from bottega.transfer.optimize.objective import LossWeights, Objective, RegionTarget, TransferTarget
from bottega.transfer.regions import mask_pyramid


@pytest.fixture(scope="module")
def encoder():
    net = build_encoder("small", seed=3).double().frozen()
    torch.manual_seed(0)
    return normalize_activations(net, torch.rand(2, 3, 64, 64, dtype=torch.double))


def make_objective(encoder, term, tile, *, free=None):
    generator = torch.Generator().manual_seed(1)
    content = torch.rand(1, 3, 107, 150, dtype=torch.double, generator=generator)
    style = torch.rand(1, 3, 90, 80, dtype=torch.double, generator=generator)
    weights = LossWeights(1.0, 2.0, 3.0, encoder.content_layers, encoder.style_layers)
    features = encoder(content, encoder.content_layers)
    mask = gaussian_blur(torch.rand(1, 1, 107, 150, dtype=torch.double, generator=generator), 4.0)
    pyramid = mask_pyramid(mask, {encoder.strides[n] for n in weights.layers})
    masks = {n: pyramid[encoder.strides[n]] for n in weights.layers}
    style_features = encoder(style, encoder.style_layers)
    targets = {n: term.mix([term.measure(style_features[n])], [1.0]) for n in encoder.style_layers}
    powers = {n: content_power(f) for n, f in features.items()}
    target = TransferTarget(
        features, powers, masks, [RegionTarget(0.4, targets, masks), RegionTarget(1.0, targets)], free
    )
    return Objective(encoder, term, target, weights, tile, seed=5)


def make_term(name):
    # All positions, so that tiles and the whole sample the same ones.
    return SlicedWasserstein(samples=10**6) if name == "sliced" else STYLE_TERMS[name]()


@pytest.mark.parametrize("name", sorted(STYLE_TERMS))
def test_tiles_give_the_whole_pictures_loss_and_gradient(encoder, name):
    picture = torch.rand(1, 3, 107, 150, dtype=torch.double, generator=torch.Generator().manual_seed(2))
    loss, gradient = make_objective(encoder, make_term(name), 0)(picture)
    tiled = make_objective(encoder, make_term(name), 48)
    for step in (0, 7):
        if name != "sliced":  # which uses other directions in each step
            tiled.at_step(step)
        tiled_loss, tiled_gradient = tiled(picture)
        assert tiled_loss == pytest.approx(loss, rel=1e-9)
        assert float((tiled_gradient - gradient).abs().max()) < 1e-9 * float(gradient.abs().max())


@pytest.mark.parametrize("tile", [0, 48])
def test_gradient_agrees_with_finite_differences(encoder, tile):
    objective = make_objective(encoder, make_term("gram"), tile)
    generator = torch.Generator().manual_seed(4)
    picture = torch.rand(1, 3, 107, 150, dtype=torch.double, generator=generator)
    direction = torch.randn(picture.shape, dtype=torch.double, generator=generator)
    step = 1e-7  # so short that hardly a ReLU switches
    above, below = objective(picture + step * direction)[0], objective(picture - step * direction)[0]
    slope = float((objective(picture)[1] * direction).sum())
    assert (above - below) / (2 * step) == pytest.approx(slope, rel=1e-3)


def test_fixed_pixels_have_no_gradient(encoder):
    free = torch.ones(1, 1, 107, 150, dtype=torch.double)
    free[..., 20:40, 30:60] = 0
    gradient = make_objective(encoder, make_term("gram"), 0, free=free)(
        torch.rand(1, 3, 107, 150, dtype=torch.double)
    )[1]
    assert float(gradient[..., 20:40, 30:60].abs().max()) == 0
    assert float(gradient[..., :20, :].abs().max()) > 0


def test_grid_shifts_from_step_to_step(encoder):
    objective = make_objective(encoder, make_term("gram"), 48)
    picture = torch.rand(1, 3, 107, 150, dtype=torch.double)
    cuts = {objective.at_step(step)._tiles(picture)[0].core.bottom for step in range(8)}
    assert len(cuts) > 1
