"""Losses of generative adversarial networks and of the variational auto-encoder.

A discriminator outputs logits: above zero it classifies a picture as real. Logits may have any shape; means
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
PIXEL_STD = 0.1


@dataclass(frozen=True)
class AdversarialLoss:
    """A pair of losses.

    Attributes:
        discriminator: logits of real and of fake pictures to a scalar.
        generator: logits of fake pictures to a scalar.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


ADVERSARIAL_LOSSES: dict[str, AdversarialLoss] = {
    # Lim and Ye 2017: max(0, 1 − real) + max(0, 1 + fake), without gradient beyond ±1; minus the mean logit.
    "hinge": AdversarialLoss(
        lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
        lambda fake: -fake.mean(),
    ),
    # Goodfellow et al. 2014; Luo and Tao 2025, equations (3) and (2), with D the sigmoid of the logits:
    # −log D(x) − log(1 − D(G(z))), and −log D(G(z)), whose gradient does not vanish where D is confident.
    "non-saturating": AdversarialLoss(
        lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
        lambda fake: F.softplus(-fake).mean(),
    ),
    # Mao et al. 2017, equation (9): half the squared distances of real logits to 1, of fake ones to 0; to 1.
    "least-squares": AdversarialLoss(
        lambda real, fake: 0.5 * ((real - 1).square().mean() + fake.square().mean()),
        lambda fake: 0.5 * (fake - 1).square().mean(),
    ),
}


def adversarial_loss(name: str) -> AdversarialLoss:
    """The pair of losses with this name.

    Raises:
        SettingsError: the name is unknown.
    """
    if name not in ADVERSARIAL_LOSSES:
        raise SettingsError(
            f'"{name}" is not an adversarial loss; use one of {", ".join(ADVERSARIAL_LOSSES)}.'
        )
    return ADVERSARIAL_LOSSES[name]


def r1_penalty(logits: Tensor, pictures: Tensor) -> Tensor:
    """Mean over pictures of the squared gradient of their logits (Mescheder et al. 2018, equation 9).

    Without the paper's factor γ / 2. Logits of several positions per picture are averaged first.

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


def reconstruction_loss(result: Tensor, pictures: Tensor) -> Tensor:
    """−log p(x | z) per picture, ``(N,)``, up to a constant: the first term of Luo and Tao's equation (4).

    Pixels are normally distributed around the result with the deviation :data:`PIXEL_STD` (of sRGB values in
    [0, 1]), so this is the squared error summed over pixels, over 2 · deviation².
    """
    return (result - pictures).square().sum(PICTURE_AXES) / (2 * PIXEL_STD**2)
