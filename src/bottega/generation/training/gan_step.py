"""Training steps of a GAN and of a variational autoencoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega.generation.discriminators.base import GROUP_SIZE, Discriminator
from bottega.generation.models.generator import Generator
from bottega.generation.models.vae import VAE
from bottega.generation.training.dataset import ConditionedBatches
from bottega.generation.training.diff_augment import DiffAugment
from bottega.generation.training.progressive import ProgressiveSchedule
from bottega.losses.adversarial import AdversarialLoss, kl_to_normal, r1_penalty, reconstruction_loss
from bottega.training import Step


class GanStep:
    """The step function of a GAN: discriminator, then generator, on the same fake pictures.

    Expensive work is done once: fake pictures are generated once for both networks, an encoder computes
    their features once, and the discriminator classifies real and fake ones together unless it has batch
    norm.

    Args:
        networks: ``"generator"``, ``"discriminator"``, ``"augment"``, ``"progressive"``.
        batches: real pictures with their conditions.
        loss: of both networks.
        r1: weight γ of the gradient penalty; 0 for none.
        r1_every: steps between two penalties, which are multiplied by it (lazy regularization, Karras et
            al. 2020).
    """

    def __init__(
        self,
        networks: nn.ModuleDict,
        batches: ConditionedBatches,
        loss: AdversarialLoss,
        r1: float = 0.0,
        r1_every: int = 16,
    ) -> None:
        generator, discriminator = networks["generator"], networks["discriminator"]
        augment, progressive = networks["augment"], networks["progressive"]
        assert isinstance(generator, Generator)
        assert isinstance(discriminator, Discriminator)
        assert isinstance(augment, DiffAugment)
        assert isinstance(progressive, ProgressiveSchedule)
        self.generator, self.discriminator = generator, discriminator
        self.augment, self.progressive = augment, progressive
        self.batches, self.loss, self.r1, self.r1_every = batches, loss, r1, r1_every

    def __call__(self, step: Step) -> dict[str, Tensor]:
        real, condition = self.batches(step)
        side = self.progressive(step)
        if side < real.shape[-1]:
            real = F.avg_pool2d(real, real.shape[-1] // side)
        noise = torch.randn(len(real), self.generator.latent, generator=step.generator).to(real)
        use_r1 = self.r1 > 0 and step.index % self.r1_every == 0
        real = self.augment(real, step.generator).requires_grad_(use_r1)
        with step.context.autocast():
            fake = self.augment(self.generator(noise, condition, side), step.generator)
            fake_features = self.discriminator.extract_features(fake)
            with torch.set_grad_enabled(use_r1):
                real_features = self.discriminator.extract_features(real)
            detached = [x.detach() for x in fake_features]
            real_logits, fake_logits = self._classify_both(real_features, detached, condition)
        d_loss = self.loss.discriminator(real_logits, fake_logits)
        losses = {"discriminator": d_loss}
        if use_r1:
            losses["r1"] = r1_penalty(real_logits, real)
            d_loss = d_loss + self.r1 / 2 * self.r1_every * losses["r1"]
        step.update(d_loss, "discriminator")
        self.augment.adapt(real_logits)
        with step.context.autocast():
            # The discriminator that has just been updated, on the same fake features.
            g_loss = self.loss.generator(self.discriminator.classify(fake_features, condition))
        step.update(g_loss, "generator")
        return {
            **losses,
            "generator": g_loss,
            "real_sign": real_logits.detach().sign().mean(),  # the overfitting heuristic of ADA
            "augment_probability": self.augment.get_buffer("probability").clone(),
            "side": self.progressive.get_buffer("side").clone(),
        }

    def _classify_both(
        self, real: Sequence[Tensor], fake: Sequence[Tensor], condition: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Logits of real and of fake pictures.

        With batch norm, a joint batch would be recognized by its statistics, which the generator's own step,
        with fake pictures only, does not have: the discriminator wins at once and nothing is learned. Nor
        may a group of the minibatch standard deviation hold both.
        """
        if self.discriminator.separate_batches or len(fake[0]) % GROUP_SIZE:
            return self.discriminator.classify(real, condition), self.discriminator.classify(fake, condition)
        both = [torch.cat([a, b]) for a, b in zip(real, fake, strict=True)]
        conditions = None if condition is None else torch.cat([condition, condition])
        real_logits, fake_logits = self.discriminator.classify(both, conditions).chunk(2)
        return real_logits, fake_logits


class VaeStep:
    """The step function of a VAE: Luo and Tao 2025, equation (4), with a weight β on the KL divergence.

    Args:
        vae: is trained.
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
            decoded = self.vae(mean + noise * (log_variance / 2).exp(), condition)
        reconstruction = reconstruction_loss(decoded, pictures).mean()
        divergence = kl_to_normal(mean, log_variance).mean()
        values = pictures[0].numel()  # per pixel value, so that learning rates suit every size
        loss = (reconstruction + self.beta * divergence) / values
        step.update(loss, "generator")
        return {"loss": loss, "reconstruction": reconstruction / values, "divergence": divergence}
