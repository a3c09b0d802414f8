"""The trainer on a small regression: it learns, saves, resumes; parts add up, two optimizers take turns."""

import math

import pytest
import torch
from small_trainings import At, lines, make_gan, make_trainer, same
from torch import nn

from bottega.errors import Cancelled, SettingsError, WeightsError
from bottega.training import (
    Callback,
    Constant,
    Trainer,
    Validation,
    build_optimizer,
    load_checkpoint,
    save_checkpoint,
)


def test_it_learns_and_writes_metrics(tmp_path):
    assert make_trainer(tmp_path, 200).train() == "finished"
    result = lines(tmp_path)
    assert [line["step"] for line in result] == list(range(10, 201, 10))
    assert result[-1]["loss"] < 0.2 * result[0]["loss"]


def test_metrics_are_means_since_the_last_line(tmp_path):
    records = []

    class Watch(Callback):
        def step(self, trainer, losses):
            records.append(losses["loss"].item())

    make_trainer(tmp_path, 25, callbacks=[Watch()]).train()
    result = [line["loss"] for line in lines(tmp_path)]
    expected = [sum(part) / len(part) for part in (records[:10], records[10:20], records[20:])]
    assert result == pytest.approx(expected, abs=2e-5)


def test_ema_averages_every_step(tmp_path):
    states = []
    trainer = make_trainer(tmp_path, 3, ema_decay=0.19)
    expected = trainer.module[0].weight.detach().clone()
    for step in (1, 2, 3):
        trainer.advance()
        states.append(trainer.module[0].weight.detach().clone())
        keep = min(0.19, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * states[-1]
    assert torch.allclose(trainer.ema.state["0.weight"], expected, atol=1e-7)
    assert not torch.equal(states[0], states[1])


def test_resumed_equals_uninterrupted(tmp_path):
    straight = make_trainer(tmp_path / "a")
    straight.train()
    first = make_trainer(tmp_path / "b")
    while first.global_step < 17:
        first.advance()
    first.save()
    second = make_trainer(tmp_path / "b")
    assert second.resume()
    second.train()
    assert same(straight, second)


def test_events_come_in_order(tmp_path):
    watch = At()
    measures = iter([3.0, 1.0])
    validation = Validation(lambda: {"loss": next(measures)}, every=2)
    make_trainer(tmp_path, 4, callbacks=[watch], validation=validation, log_every=4).train()
    step = "step"
    first = ["start", step, step, "save best.pt", "validate best", step, step, "log", "save best.pt"]
    assert watch.events == [*first, "validate best", "save last.pt", "end finished"]


def test_gradient_accumulation_equals_the_whole_batch(tmp_path):
    def trained(run, parts):
        torch.manual_seed(1)
        module = nn.Linear(4, 1)
        data = torch.randn(10, 12, 4, generator=torch.Generator().manual_seed(5))

        def step(step):
            x = data[step.index][list(step.batch_indices(12))]
            loss = (module(x)[:, 0] - x.sum(1)).square().mean()
            step.update(loss)
            return {"loss": loss}

        sgd = build_optimizer("sgd", module.parameters(), 0.1)
        Trainer(module, sgd, step, Constant(10, warmup=0), run, accumulation_steps=parts).train()
        return module.weight

    # The same sums in another order: equal up to rounding.
    assert torch.allclose(trained(tmp_path / "a", 1), trained(tmp_path / "b", 3), atol=1e-6)


def test_a_batch_that_cannot_be_divided(tmp_path):
    trainer = make_trainer(tmp_path, accumulation_steps=3)
    trainer.train_step = lambda step: step.batch_indices(16)
    with pytest.raises(SettingsError, match=r"batch of 16 .* 3 equal shares"):
        trainer.train()


def test_two_optimizers_alternate(tmp_path):
    records = []
    trainer = make_gan(tmp_path, records)
    trainer.train()
    before, between, after = records[0]
    moved = [not torch.equal(a, b) for a, b in zip(before, between, strict=True)]
    assert moved == [False, False, True, False]  # the hinge of both means leaves the discriminator's bias
    moved = [not torch.equal(a, b) for a, b in zip(between, after, strict=True)]
    assert moved == [True, True, False, False]
    samples = trainer.ema.state["generator.bias"].item()  # the mean of what the generator makes
    assert 1.5 < samples < 4.5  # it began near 0 and was to learn 3


def test_two_optimizers_resume(tmp_path):
    straight = make_gan(tmp_path / "a", [])
    straight.train()
    first = make_gan(tmp_path / "b", [], callbacks=[At(60, lambda trainer: trainer.stop())])
    with pytest.raises(Cancelled):
        first.train()
    second = make_gan(tmp_path / "b", [])
    second.resume()
    second.train()
    assert same(straight, second)


def test_gradients_reach_only_their_own_optimizer(tmp_path):
    trainer = make_gan(tmp_path, [], accumulation_steps=2)
    nets = trainer.module

    def step(step):
        step.update(nets["discriminator"](nets["generator"](torch.ones(1, 2))).mean(), "generator")
        return {}

    trainer.train_step = step
    trainer.advance()
    assert all(p.grad is None for p in nets["discriminator"].parameters())
    assert all(p.grad is not None for p in nets["generator"].parameters())


def test_step_functions_with_wrong_updates(tmp_path):
    trainer = make_gan(tmp_path, [], accumulation_steps=2)
    nets = trainer.module

    def twice(step):
        for _ in range(2):
            step.update(nets["generator"](torch.ones(1, 2)).mean(), "generator")
        return {}

    for d_loss, message in (
        (lambda step: {}, "updates nothing"),
        (lambda step: step.update(torch.zeros((), requires_grad=True), "model"), 'updates "model", but the'),
        (lambda step: step.update(torch.zeros((), requires_grad=True), "generator"), "none of its weights"),
        (twice, "updated twice"),
    ):
        trainer.train_step = d_loss
        with pytest.raises(SettingsError, match=message):
            trainer.advance()


def test_clipping_limits_the_step(tmp_path):
    module = nn.Linear(3, 1, bias=False)
    before = module.weight.detach().clone()

    def step(step):
        loss = 100 * module(torch.ones(1, 3)).sum()
        step.update(loss)
        return {"loss": loss}

    def moved(clip):
        with torch.no_grad():
            module.weight.copy_(before)
        sgd = torch.optim.SGD(module.parameters(), 1.0)
        Trainer(module, sgd, step, Constant(1, warmup=0), tmp_path / str(clip), max_grad_norm=clip).advance()
        return float((module.weight.detach() - before).norm())

    assert moved(0.5) == pytest.approx(0.5, rel=1e-4)
    assert moved(None) == pytest.approx(100 * math.sqrt(3), rel=1e-4)


def test_dropout_is_reproducible(tmp_path):
    def trained(run, draws):
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 1))

        def step(step):
            loss = module(torch.ones(2, 4)).square().mean()
            step.update(loss)
            return {"loss": loss}

        trainer = Trainer(module, build_optimizer("adam", module.parameters(), 0.1), step, Constant(5), run)
        torch.rand(draws)
        trainer.train()
        return trainer

    assert same(trained(tmp_path / "a", 1), trained(tmp_path / "b", 2))


def test_checkpoints_are_saved_at_intervals(tmp_path):
    watch = At()
    make_trainer(tmp_path, 5, callbacks=[watch], save_every=0.0).train()
    assert watch.events.count("save last.pt") == 6


def test_damaged_checkpoint(tmp_path):
    file = tmp_path / "last.pt"
    save_checkpoint(file, {"x": torch.ones(1000)})
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(WeightsError, match=r"last\.pt"):
        load_checkpoint(file)


def test_interrupted_save_leaves_the_old_file(tmp_path):
    file = tmp_path / "last.pt"
    save_checkpoint(file, {"x": torch.ones(3)})
    with pytest.raises(Exception, match="pickle"):
        save_checkpoint(file, {"x": lambda: None})
    assert torch.equal(load_checkpoint(file)["x"], torch.ones(3))
