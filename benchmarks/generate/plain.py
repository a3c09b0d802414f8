"""The same training as anyone would first write it: float32, the usual layout, nothing shared.

The networks are ours, weight for weight, so only the way of computing differs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from bottega.generate import Generator
from bottega.generate.augment import Augmentation
from bottega.generate.projector import ProjectedDiscriminator
from bottega.losses.adversarial import hinge_discriminator, hinge_generator

BETAS = (0.0, 0.99)


def plain_step(
    generator: Generator,
    discriminator: ProjectedDiscriminator,
    augmentation: Augmentation,
    batches: Callable[[], tuple[Tensor, Tensor]],
    rate: float = 5e-4,
) -> Callable[[], None]:
    """One step of a plain loop: pictures are made for the discriminator, then again for the generator."""
    of_generator = torch.optim.Adam(generator.parameters(), rate, betas=BETAS)
    of_discriminator = torch.optim.Adam(discriminator.parameters(), rate, betas=BETAS)
    source = torch.Generator().manual_seed(0)

    def draw(condition: Tensor) -> Tensor:
        return generator(torch.randn(len(condition), generator.latent, generator=source), condition)

    def step() -> None:
        real, condition = batches()
        with torch.no_grad():
            made = draw(condition)
        of_discriminator.zero_grad()
        wrong = hinge_discriminator(
            discriminator(augmentation(real, source), condition),
            discriminator(augmentation(made, source), condition),
        )
        torch.autograd.backward(wrong)
        of_discriminator.step()
        of_generator.zero_grad()
        fooled = hinge_generator(discriminator(augmentation(draw(condition), source), condition))
        torch.autograd.backward(fooled)
        of_generator.step()

    return step
