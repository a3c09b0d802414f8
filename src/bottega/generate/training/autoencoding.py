"""One step of a variational auto-encoder."""

from __future__ import annotations

import torch
from torch import Tensor

from bottega.generate.training.material import ConditionedBatches
from bottega.generate.vae import VAE
from bottega.losses.adversarial import kl_to_normal, reconstruction_loss
from bottega.training import Step


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
        with step.worker.autocast():
            mean, log_variance = self.vae.encode(pictures, condition)
            noise = torch.randn(mean.shape, generator=step.generator).to(mean)
            drawn = self.vae(mean + noise * (log_variance / 2).exp(), condition)
        reconstruction = reconstruction_loss(drawn, pictures).mean()
        divergence = kl_to_normal(mean, log_variance).mean()
        numbers = pictures[0].numel()  # per pixel value, so that rates suit every size
        loss = (reconstruction + self.beta * divergence) / numbers
        step.update(loss, "generator")
        return {"loss": loss, "reconstruction": reconstruction / numbers, "divergence": divergence}
