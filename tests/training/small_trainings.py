"""Small trainings for the tests of the trainer: a regression and a GAN of numbers."""

import json
import math

import torch
from torch import nn

from bottega.training import Callback, Constant, Trainer, Trapezoid, build_optimizer


def make_trainer(run, steps=40, rate=3e-2, wrong_at=None, **options):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

    def step(step):
        x = torch.randn(16, 4, generator=step.generator)
        loss = (module(x)[:, 0] - x.sum(1)).square().mean()
        if step.index == wrong_at:
            loss = loss * math.nan
        step.update(loss)
        return {"loss": loss}

    adamw = build_optimizer("adamw", module.parameters(), rate)
    return Trainer(module, adamw, step, Trapezoid(steps, warmup=5), run, **{"log_every": 10, **options})


def lines(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def weights(trainer):
    return [*trainer.module.state_dict().values(), *trainer.ema.state.values()]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


class At(Callback):
    """Does something once after a step; remembers the events."""

    def __init__(self, index=None, action=None):
        self.index, self.action, self.events = index, action, []

    def step(self, trainer, losses):
        self.events.append("step")
        if trainer.global_step == self.index:
            self.action(trainer)

    def start(self, trainer):
        self.events.append("start")

    def log(self, trainer, line):
        self.events.append("log")

    def validate(self, trainer, measures, best):
        self.events.append(f"validate {'best' if best else 'worse'}")

    def save(self, trainer, path):
        self.events.append(f"save {path.name}")

    def end(self, trainer, ending):
        self.events.append(f"end {ending}")


def make_gan(run, records, **options):
    """A generator of numbers against a discriminator, as the documentation shows it."""
    torch.manual_seed(0)
    nets = nn.ModuleDict({"generator": nn.Linear(2, 1), "discriminator": nn.Linear(1, 1)})
    generator, discriminator = nets["generator"], nets["discriminator"]

    def step(step):
        real = 3 + torch.randn(8, 1, generator=step.generator)
        fake = generator(torch.randn(8, 2, generator=step.generator))
        d_loss = (1 - discriminator(real)).relu().mean() + (1 + discriminator(fake.detach())).relu().mean()
        before = [p.detach().clone() for p in nets.parameters()]
        step.update(d_loss, "discriminator")
        between = [p.detach().clone() for p in nets.parameters()]
        g_loss = -discriminator(fake).mean()
        step.update(g_loss, "generator")
        records.append((before, between, [p.detach().clone() for p in nets.parameters()]))
        return {"discriminator": d_loss, "generator": g_loss}

    optimizers = {
        "discriminator": build_optimizer("adam", discriminator.parameters(), 5e-2, betas=(0.0, 0.99)),
        "generator": build_optimizer("adam", generator.parameters(), 5e-2, betas=(0.0, 0.99)),
    }
    return Trainer(nets, optimizers, step, Constant(150, warmup=0), run, **options)
