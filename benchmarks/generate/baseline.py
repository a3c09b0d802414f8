"""The same training written in the simplest way: float32, contiguous layout, fake pictures generated twice.

The networks are the same, weight for weight; only the computation differs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bottega.generation import Generator
from bottega.generation.models.vae import VAE
from bottega.generation.training.diff_augment import DiffAugment
from bottega.losses.adversarial import (
    ADVERSARIAL_LOSSES,
    kl_to_normal,
    reconstruction_loss,
)

ADAM_BETAS = (0.0, 0.99)
LEARNING_RATE = 3e-4

Batches = Callable[[], tuple[Tensor, Tensor | None]]


def baseline_gan_step(
    generator: Generator, discriminator: nn.Module, augment: DiffAugment, batches: Batches
) -> Callable[[], None]:
    """One step of a plain loop: pictures are fake for the discriminator, then again for the generator."""
    g_optimizer = torch.optim.Adam(generator.parameters(), LEARNING_RATE, betas=ADAM_BETAS)
    parameters = [weights for weights in discriminator.parameters() if weights.requires_grad]
    d_optimizer = torch.optim.Adam(parameters, LEARNING_RATE, betas=ADAM_BETAS)
    source = torch.Generator().manual_seed(0)

    def generate(count: int, condition: Tensor | None) -> Tensor:
        return generator(torch.randn(count, generator.latent, generator=source), condition)

    def step() -> None:
        real, condition = batches()
        with torch.no_grad():
            fake = generate(len(real), condition)
        d_optimizer.zero_grad()
        d_loss = ADVERSARIAL_LOSSES["hinge"].discriminator(
            discriminator(augment(real, source), condition),
            discriminator(augment(fake, source), condition),
        )
        torch.autograd.backward(d_loss)
        d_optimizer.step()
        g_optimizer.zero_grad()
        fake_logits = discriminator(augment(generate(len(real), condition), source), condition)
        g_loss = ADVERSARIAL_LOSSES["hinge"].generator(fake_logits)
        torch.autograd.backward(g_loss)
        g_optimizer.step()

    return step


def baseline_vae_step(vae: VAE, batches: Batches) -> Callable[[], None]:
    """A step function of a variational autoencoder."""
    optimizer = torch.optim.Adam(vae.parameters(), LEARNING_RATE, betas=ADAM_BETAS)
    source = torch.Generator().manual_seed(0)

    def step() -> None:
        pictures, condition = batches()
        mean, log_variance = vae.encode(pictures, condition)
        noise = torch.randn(mean.shape, generator=source)
        decoded = vae(mean + noise * (log_variance / 2).exp(), condition)
        loss = reconstruction_loss(decoded, pictures).mean() + kl_to_normal(mean, log_variance).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()

    return step
