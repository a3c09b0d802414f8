"""Adversarial losses: values by hand, gradients, and the gradient penalty against calculus."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from bottega.errors import SettingsError
from bottega.losses.adversarial import (
    ADVERSARIAL_LOSSES,
    adversarial_loss,
    kl_to_normal,
    r1_penalty,
    reconstruction_loss,
)

REAL, FAKE = torch.tensor([[2.0], [0.5]]), torch.tensor([[-3.0], [0.25]])


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_hinge_by_hand() -> None:
    pair = adversarial_loss("hinge")
    assert pair.discriminator(REAL, FAKE).item() == pytest.approx((0 + 0.5) / 2 + (0 + 1.25) / 2)
    assert pair.generator(FAKE).item() == pytest.approx((3 - 0.25) / 2)


def test_non_saturating_by_the_papers_equations() -> None:
    pair = adversarial_loss("non-saturating")
    real = [-math.log(sigmoid(x)) for x in (2.0, 0.5)]
    fake = [-math.log(1 - sigmoid(x)) for x in (-3.0, 0.25)]
    generator_terms = [-math.log(sigmoid(x)) for x in (-3.0, 0.25)]
    assert pair.discriminator(REAL, FAKE).item() == pytest.approx(sum(real) / 2 + sum(fake) / 2, rel=1e-5)
    assert pair.generator(FAKE).item() == pytest.approx(sum(generator_terms) / 2, rel=1e-5)


def test_least_squares_by_hand() -> None:
    pair = adversarial_loss("least-squares")
    assert pair.discriminator(REAL, FAKE).item() == pytest.approx(0.5 * ((1 + 0.25) / 2 + (9 + 0.0625) / 2))
    assert pair.generator(FAKE).item() == pytest.approx(0.5 * (16 + 0.5625) / 2)


@pytest.mark.parametrize("name", list(ADVERSARIAL_LOSSES))
def test_gradients_have_the_right_sign(name: str) -> None:
    pair = adversarial_loss(name)
    real, fake = torch.zeros(4, 1, requires_grad=True), torch.zeros(4, 1, requires_grad=True)
    real_gradient, fake_gradient = torch.autograd.grad(pair.discriminator(real, fake), (real, fake))
    (generator_terms,) = torch.autograd.grad(pair.generator(fake), fake)
    assert (real_gradient < 0).all()
    assert (fake_gradient >= 0).all()
    assert (generator_terms < 0).all()


def test_extreme_logits_stay_finite() -> None:
    far = torch.tensor([[1e4], [-1e4]])
    for pair in ADVERSARIAL_LOSSES.values():
        assert pair.discriminator(far, far).isfinite()
        assert pair.generator(far).isfinite()


def test_unknown_loss() -> None:
    with pytest.raises(SettingsError, match=r'"wgan" is not an adversarial loss; use one of hinge'):
        adversarial_loss("wgan")


def test_r1_of_a_known_function() -> None:
    """Of f(x) = sum(a · x²) the gradient is 2 a x; two logits per picture are averaged."""
    torch.manual_seed(0)
    pictures, weight = torch.rand(3, 3, 4, 4, requires_grad=True), torch.randn(3, 4, 4)
    score = (weight * pictures.square()).sum((1, 2, 3))
    logits = torch.stack([score, 3 * score], 1)
    expected = (2 * 2 * weight * pictures).square().sum((1, 2, 3)).mean()
    assert r1_penalty(logits, pictures).item() == pytest.approx(expected.item(), rel=1e-5)


def test_r1_has_a_second_gradient() -> None:
    slope = torch.tensor(2.0, requires_grad=True)
    pictures = torch.rand(2, 3, 4, 4, requires_grad=True)
    penalty = r1_penalty(slope * pictures.sum((1, 2, 3)), pictures)
    (gradient,) = torch.autograd.grad(penalty, slope)
    assert penalty.item() == pytest.approx(4 * 48)
    assert gradient.item() == pytest.approx(2 * 2 * 48)


def test_kl_against_torch() -> None:
    torch.manual_seed(1)
    mean, log_variance = torch.randn(5, 7), torch.randn(5, 7)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(kl_to_normal(mean, log_variance), expected, atol=1e-5)
    assert kl_to_normal(torch.zeros(1, 7), torch.zeros(1, 7)).item() == 0


def test_reconstruction_is_a_normal_likelihood() -> None:
    torch.manual_seed(2)
    result, pictures = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
    likely = -Normal(result, 0.1).log_prob(pictures).sum((1, 2, 3))
    constant = 48 * math.log(0.1 * math.sqrt(2 * math.pi))
    assert torch.allclose(reconstruction_loss(result, pictures), likely - constant, rtol=1e-4)
