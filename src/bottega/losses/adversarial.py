"""Losses of two networks that play against each other, and of the variational auto-encoder.

A discriminator gives logits: above zero it believes that a picture is real. Logits may have any shape; means
are over all of them. Every adversarial loss is a pair, one for the discriminator and one for the generator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.errors import SettingsError

PICTURE_AXES = (1, 2, 3)


@dataclass(frozen=True)
class AdversarialLoss:
    """A pair of losses.

    Attributes:
        discriminator: logits of real and of made pictures to a scalar.
        generator: logits of made pictures to a scalar.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def hinge_discriminator(real: Tensor, made: Tensor) -> Tensor:
    """Mean of max(0, 1 − real) plus mean of max(0, 1 + made) (Lim and Ye 2017): no gradient beyond ±1."""
    return F.relu(1 - real).mean() + F.relu(1 + made).mean()


def hinge_generator(made: Tensor) -> Tensor:
    """Minus the mean logit."""
    return -made.mean()


def cross_entropy_discriminator(real: Tensor, made: Tensor) -> Tensor:
    """−log D(x) − log(1 − D(G(z))) with D the sigmoid of the logits (Goodfellow et al. 2014).

    Luo and Tao 2025, equation (3).
    """
    return F.softplus(-real).mean() + F.softplus(made).mean()


def non_saturating_generator(made: Tensor) -> Tensor:
    """−log D(G(z)), whose gradient does not fade where D is sure. Luo and Tao 2025, equation (2)."""
    return F.softplus(-made).mean()


def least_squares_discriminator(real: Tensor, made: Tensor) -> Tensor:
    """Half the squared distance of real logits to 1, of made ones to 0 (Mao et al. 2017, equation 9)."""
    return 0.5 * ((real - 1).square().mean() + made.square().mean())


def least_squares_generator(made: Tensor) -> Tensor:
    """Half the squared distance of made logits to 1."""
    return 0.5 * (made - 1).square().mean()


ADVERSARIAL_LOSSES: dict[str, AdversarialLoss] = {
    "hinge": AdversarialLoss(hinge_discriminator, hinge_generator),
    "non-saturating": AdversarialLoss(cross_entropy_discriminator, non_saturating_generator),
    "least-squares": AdversarialLoss(least_squares_discriminator, least_squares_generator),
}
"""By name; "non-saturating" is the pair of the equations (2) and (3) of Luo and Tao 2025."""


def adversarial_loss(name: str) -> AdversarialLoss:
    """The pair of a name.

    Raises:
        SettingsError: no such loss.
    """
    if name not in ADVERSARIAL_LOSSES:
        raise SettingsError(
            f'"{name}" is not an adversarial loss; use one of {", ".join(ADVERSARIAL_LOSSES)}.'
        )
    return ADVERSARIAL_LOSSES[name]


def r1_penalty(logits: Tensor, pictures: Tensor) -> Tensor:
    """Mean over pictures of the squared gradient of their logits (Mescheder et al. 2018, equation 9).

    The paper's factor γ / 2 is left to the caller. Logits of several places per picture are averaged first.

    Args:
        logits: ``(N, …)``, computed from ``pictures``.
        pictures: real ones ``(N, C, H, W)`` that require a gradient.
    """
    score = logits.reshape(len(logits), -1).mean(1).sum()
    (gradient,) = torch.autograd.grad(score, pictures, create_graph=True)
    return gradient.square().sum(PICTURE_AXES).mean()


def kl_to_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence of N(mean, exp(log_variance)) to the standard normal, per picture, ``(N,)``, in nats.

    Kingma and Welling 2014, appendix B; the second term of Luo and Tao 2025, equation (4).
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def reconstruction_loss(result: Tensor, pictures: Tensor, deviation: float = 0.1) -> Tensor:
    """−log p(x | z) per picture, ``(N,)``, up to a constant: the first term of Luo and Tao's equation (4).

    Pixels are taken as normal around the result with a fixed ``deviation`` (of sRGB values in [0, 1]), so
    this is the squared error summed over pixels, over 2 · deviation².
    """
    return (result - pictures).square().sum(PICTURE_AXES) / (2 * deviation**2)
