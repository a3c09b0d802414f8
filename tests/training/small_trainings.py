"""Small trainings for the tests of the loop: a regression, and two networks that play against each other."""

import json
import math

import torch
from torch import nn

from bottega.training import Callback, Constant, Trainer, Trapezoid, build_optimizer


def make_loop(run, steps=40, rate=3e-2, wrong_at=None, **options):
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


def weights(loop):
    return [*loop.module.state_dict().values(), *loop.ema.state.values()]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


class At(Callback):
    """Does something once after a step; remembers the events."""

    def __init__(self, number=None, action=None):
        self.number, self.action, self.events = number, action, []

    def step(self, loop, losses):
        self.events.append("step")
        if loop.global_step == self.number:
            self.action(loop)

    def start(self, loop):
        self.events.append("start")

    def log(self, loop, line):
        self.events.append("log")

    def validate(self, loop, measures, best):
        self.events.append(f"validate {'best' if best else 'worse'}")

    def save(self, loop, path):
        self.events.append(f"save {path.name}")

    def end(self, loop, ending):
        self.events.append(f"end {ending}")


def adversaries(run, seen, **options):
    """A generator of numbers against a discriminator, as the documentation shows it."""
    torch.manual_seed(0)
    nets = nn.ModuleDict({"generator": nn.Linear(2, 1), "discriminator": nn.Linear(1, 1)})
    generator, discriminator = nets["generator"], nets["discriminator"]

    def step(step):
        real = 3 + torch.randn(8, 1, generator=step.generator)
        fake = generator(torch.randn(8, 2, generator=step.generator))
        wrong = (1 - discriminator(real)).relu().mean() + (1 + discriminator(fake.detach())).relu().mean()
        before = [p.detach().clone() for p in nets.parameters()]
        step.update(wrong, "discriminator")
        between = [p.detach().clone() for p in nets.parameters()]
        fooled = -discriminator(fake).mean()
        step.update(fooled, "generator")
        seen.append((before, between, [p.detach().clone() for p in nets.parameters()]))
        return {"discriminator": wrong, "generator": fooled}

    optimizers = {
        "discriminator": build_optimizer("adam", discriminator.parameters(), 5e-2, betas=(0.0, 0.99)),
        "generator": build_optimizer("adam", generator.parameters(), 5e-2, betas=(0.0, 0.99)),
    }
    return Trainer(nets, optimizers, step, Constant(150, warmup=0), run, **options)
