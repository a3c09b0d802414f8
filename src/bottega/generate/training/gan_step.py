"""One step of two networks that play against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.generate.discriminators.base import GROUP
from bottega.generate.models.generator import Generator
from bottega.generate.models.vae import VAE
from bottega.generate.training.dataset import ConditionedBatches
from bottega.generate.training.diff_augment import Augmentation
from bottega.generate.training.progressive import Growth
from bottega.losses.adversarial import AdversarialLoss, kl_to_normal, r1_penalty, reconstruction_loss
from bottega.training import Step


class Discriminator(Protocol):
    """Two halves: what is the same for both players, and what learns.

    Attributes:
        apart: whether real and made pictures have to be judged in batches of their own, as batch norms want.
    """

    apart: bool

    def look(self, pictures: Tensor) -> list[Tensor]:
        """What is judged: the pictures themselves, or an encoder's features of them."""

    def judge(self, features: Sequence[Tensor], condition: Tensor | None) -> Tensor:
        """Logits ``(N, …)``."""


class Game:
    """The step function: discriminator, then generator, on the same made pictures.

    What is dear is done once: pictures are made once for both players, an encoder looks at them once, and the
    discriminator judges real and made ones together, unless it has batch norms.

    Args:
        networks: ``"generator"``, ``"discriminator"``, ``"augmentation"``, ``"growth"``.
        batches: real pictures with their conditions.
        loss: of both players.
        r1: weight γ of the gradient penalty; 0 for none.
        r1_every: steps between two penalties, which then weigh so many times more (lazy regularisation,
            Karras et al. 2020).
    """

    def __init__(
        self,
        networks: nn.ModuleDict,
        batches: ConditionedBatches,
        loss: AdversarialLoss,
        r1: float = 0.0,
        r1_every: int = 16,
    ) -> None:
        generator, augmentation, growth = (networks[name] for name in ("generator", "augmentation", "growth"))
        assert isinstance(generator, Generator)
        assert isinstance(augmentation, Augmentation)
        assert isinstance(growth, Growth)
        self.generator, self.augmentation, self.growth = generator, augmentation, growth
        self.discriminator: Discriminator = networks["discriminator"]  # type: ignore[assignment]
        self.batches, self.loss, self.r1, self.r1_every = batches, loss, r1, r1_every

    def __call__(self, step: Step) -> dict[str, Tensor]:
        real, condition = self.batches(step)
        side = self.growth(step)
        if side < real.shape[-1]:
            real = F.avg_pool2d(real, real.shape[-1] // side)
        noise = torch.randn(len(real), self.generator.latent, generator=step.generator).to(real)
        penalised = self.r1 > 0 and step.index % self.r1_every == 0
        real = self.augmentation(real, step.generator).requires_grad_(penalised)
        with step.context.autocast():
            made = self.augmentation(self.generator(noise, condition, side), step.generator)
            seen = self.discriminator.look(made)
            with torch.set_grad_enabled(penalised):
                seen_real = self.discriminator.look(real)
            real_logits, made_logits = self._judged(seen_real, [x.detach() for x in seen], condition)
        wrong = self.loss.discriminator(real_logits, made_logits)
        losses = {"discriminator": wrong}
        if penalised:
            losses["r1"] = r1_penalty(real_logits, real)
            wrong = wrong + self.r1 / 2 * self.r1_every * losses["r1"]
        step.update(wrong, "discriminator")
        self.augmentation.adapt(real_logits)
        with step.context.autocast():
            fooled = self.loss.generator(self.discriminator.judge(seen, condition))
        step.update(fooled, "generator")
        return {
            **losses,
            "generator": fooled,
            "sure of real": real_logits.detach().sign().mean(),
            "augmentation": self.augmentation.get_buffer("probability").clone(),
            "side": self.growth.get_buffer("side").clone(),
        }

    def _judged(
        self, real: Sequence[Tensor], made: Sequence[Tensor], condition: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Logits of real and of made pictures.

        With batch norms both together would be told by statistics that the generator's own step, which has
        made pictures only, does not see: the discriminator wins at once, and nobody learns any more.
        """
        if self.discriminator.apart or len(made[0]) % GROUP:  # nor may a group hold real and made ones
            return self.discriminator.judge(real, condition), self.discriminator.judge(made, condition)
        both = [torch.cat([a, b]) for a, b in zip(real, made, strict=True)]
        twice = None if condition is None else torch.cat([condition, condition])
        real_logits, made_logits = self.discriminator.judge(both, twice).chunk(2)
        return real_logits, made_logits


class AutoEncoding:
    """The step function: Luo and Tao 2025, equation (4), with a weight β on the divergence.

    Args:
        vae: learns.
        batches: pictures with their conditions.
        beta: 1 is the equation's.
    """

    def __init__(self, vae: VAE, batches: ConditionedBatches, beta: float = 1.0) -> None:
        self.vae, self.batches, self.beta = vae, batches, beta

    def __call__(self, step: Step) -> dict[str, Tensor]:
        pictures, condition = self.batches(step)
        with step.context.autocast():
            mean, log_variance = self.vae.encode(pictures, condition)
            noise = torch.randn(mean.shape, generator=step.generator).to(mean)
            drawn = self.vae(mean + noise * (log_variance / 2).exp(), condition)
        reconstruction = reconstruction_loss(drawn, pictures).mean()
        divergence = kl_to_normal(mean, log_variance).mean()
        numbers = pictures[0].numel()  # per pixel value, so that rates suit every size
        loss = (reconstruction + self.beta * divergence) / numbers
        step.update(loss, "generator")
        return {"loss": loss, "reconstruction": reconstruction / numbers, "divergence": divergence}
