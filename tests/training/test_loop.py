"""The loop on a small regression: it learns, saves, resumes; parts add up, two optimisers take turns."""

import math

import pytest
import torch
from small_trainings import At, adversaries, lines, make_loop, same
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
    assert make_loop(tmp_path, 200).train() == "finished"
    found = lines(tmp_path)
    assert [line["step"] for line in found] == list(range(10, 201, 10))
    assert found[-1]["loss"] < 0.2 * found[0]["loss"]


def test_metrics_are_means_since_the_last_line(tmp_path):
    seen = []

    class Watch(Callback):
        def step(self, loop, losses):
            seen.append(losses["loss"].item())

    make_loop(tmp_path, 25, callbacks=[Watch()]).train()
    found = [line["loss"] for line in lines(tmp_path)]
    expected = [sum(part) / len(part) for part in (seen[:10], seen[10:20], seen[20:])]
    assert found == pytest.approx(expected, abs=2e-5)


def test_the_average_takes_in_every_step(tmp_path):
    states = []
    loop = make_loop(tmp_path, 3, ema_decay=0.19)
    expected = loop.module[0].weight.detach().clone()
    for step in (1, 2, 3):
        loop.advance()
        states.append(loop.module[0].weight.detach().clone())
        keep = min(0.19, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * states[-1]
    assert torch.allclose(loop.ema.state["0.weight"], expected, atol=1e-7)
    assert not torch.equal(states[0], states[1])


def test_resumed_equals_straight_through(tmp_path):
    straight = make_loop(tmp_path / "a")
    straight.train()
    first = make_loop(tmp_path / "b")
    while first.global_step < 17:
        first.advance()
    first.save()
    second = make_loop(tmp_path / "b")
    assert second.resume()
    second.train()
    assert same(straight, second)


def test_events_come_in_order(tmp_path):
    watch = At()
    measures = iter([3.0, 1.0])
    validation = Validation(lambda: {"loss": next(measures)}, every=2)
    make_loop(tmp_path, 4, callbacks=[watch], validation=validation, log_every=4).train()
    step = "step"
    first = ["start", step, step, "save best.pt", "validate best", step, step, "log", "save best.pt"]
    assert watch.events == [*first, "validate best", "save last.pt", "end finished"]


def test_parts_add_up_to_the_whole_batch(tmp_path):
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


def test_a_batch_that_cannot_be_divided_is_refused(tmp_path):
    loop = make_loop(tmp_path, accumulation_steps=3)
    loop.train_step = lambda step: step.batch_indices(16)
    with pytest.raises(SettingsError, match=r"batch of 16 .* 3 equal shares"):
        loop.train()


def test_two_optimisers_take_turns(tmp_path):
    seen = []
    loop = adversaries(tmp_path, seen)
    loop.train()
    before, between, after = seen[0]
    moved = [not torch.equal(a, b) for a, b in zip(before, between, strict=True)]
    assert moved == [False, False, True, False]  # the hinge of both means leaves the discriminator's bias
    moved = [not torch.equal(a, b) for a, b in zip(between, after, strict=True)]
    assert moved == [True, True, False, False]
    drawn = loop.ema.state["generator.bias"].item()  # the mean of what the generator makes
    assert 1.5 < drawn < 4.5  # it began near 0 and was to learn 3


def test_two_optimisers_resume(tmp_path):
    straight = adversaries(tmp_path / "a", [])
    straight.train()
    first = adversaries(tmp_path / "b", [], callbacks=[At(60, lambda loop: loop.stop())])
    with pytest.raises(Cancelled):
        first.train()
    second = adversaries(tmp_path / "b", [])
    second.resume()
    second.train()
    assert same(straight, second)


def test_gradients_reach_their_own_optimiser_only(tmp_path):
    loop = adversaries(tmp_path, [], accumulation_steps=2)
    nets = loop.module

    def step(step):
        step.update(nets["discriminator"](nets["generator"](torch.ones(1, 2))).mean(), "generator")
        return {}

    loop.train_step = step
    loop.advance()
    assert all(p.grad is None for p in nets["discriminator"].parameters())
    assert all(p.grad is not None for p in nets["generator"].parameters())


def test_step_functions_that_update_wrongly_are_told(tmp_path):
    loop = adversaries(tmp_path, [], accumulation_steps=2)
    nets = loop.module

    def twice(step):
        for _ in range(2):
            step.update(nets["generator"](torch.ones(1, 2)).mean(), "generator")
        return {}

    for wrong, sentence in (
        (lambda step: {}, "updates nothing"),
        (lambda step: step.update(torch.zeros((), requires_grad=True), "model"), 'updates "model", but the'),
        (lambda step: step.update(torch.zeros((), requires_grad=True), "generator"), "none of its weights"),
        (twice, "updated twice"),
    ):
        loop.train_step = wrong
        with pytest.raises(SettingsError, match=sentence):
            loop.advance()


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


def test_dropout_repeats_whatever_happened_before(tmp_path):
    def trained(run, draws):
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 1))

        def step(step):
            loss = module(torch.ones(2, 4)).square().mean()
            step.update(loss)
            return {"loss": loss}

        loop = Trainer(module, build_optimizer("adam", module.parameters(), 0.1), step, Constant(5), run)
        torch.rand(draws)
        loop.train()
        return loop

    assert same(trained(tmp_path / "a", 1), trained(tmp_path / "b", 2))


def test_checkpoints_are_saved_at_intervals(tmp_path):
    watch = At()
    make_loop(tmp_path, 5, callbacks=[watch], save_every=0.0).train()
    assert watch.events.count("save last.pt") == 6


def test_damaged_checkpoint_is_refused_in_one_sentence(tmp_path):
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
