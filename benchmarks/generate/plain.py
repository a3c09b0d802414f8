"""The same training as anyone would first write it: float32, the usual layout, nothing shared.

The networks are ours, weight for weight, so only the way of computing differs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bottega.generate import Generator
from bottega.generate.models.vae import VAE
from bottega.generate.training.diff_augment import Augmentation
from bottega.losses.adversarial import (
    hinge_discriminator,
    hinge_generator,
    kl_to_normal,
    reconstruction_loss,
)

BETAS = (0.0, 0.99)


RATE = 3e-4

Batches = Callable[[], tuple[Tensor, Tensor | None]]


def plain_game(
    generator: Generator, discriminator: nn.Module, augmentation: Augmentation, batches: Batches
) -> Callable[[], None]:
    """One step of a plain loop: pictures are made for the discriminator, then again for the generator."""
    of_generator = torch.optim.Adam(generator.parameters(), RATE, betas=BETAS)
    learned = [weights for weights in discriminator.parameters() if weights.requires_grad]
    of_discriminator = torch.optim.Adam(learned, RATE, betas=BETAS)
    source = torch.Generator().manual_seed(0)

    def draw(count: int, condition: Tensor | None) -> Tensor:
        return generator(torch.randn(count, generator.latent, generator=source), condition)

    def step() -> None:
        real, condition = batches()
        with torch.no_grad():
            made = draw(len(real), condition)
        of_discriminator.zero_grad()
        wrong = hinge_discriminator(
            discriminator(augmentation(real, source), condition),
            discriminator(augmentation(made, source), condition),
        )
        torch.autograd.backward(wrong)
        of_discriminator.step()
        of_generator.zero_grad()
        fooled = hinge_generator(discriminator(augmentation(draw(len(real), condition), source), condition))
        torch.autograd.backward(fooled)
        of_generator.step()

    return step


def plain_autoencoding(vae: VAE, batches: Batches) -> Callable[[], None]:
    """One step of a variational auto-encoder."""
    optimizer = torch.optim.Adam(vae.parameters(), RATE, betas=BETAS)
    source = torch.Generator().manual_seed(0)

    def step() -> None:
        pictures, condition = batches()
        mean, log_variance = vae.encode(pictures, condition)
        noise = torch.randn(mean.shape, generator=source)
        drawn = vae(mean + noise * (log_variance / 2).exp(), condition)
        loss = reconstruction_loss(drawn, pictures).mean() + kl_to_normal(mean, log_variance).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()

    return step
