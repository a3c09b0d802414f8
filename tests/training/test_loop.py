"""The loop on a small regression: it learns, saves, resumes, averages, stops, and sounds the alarm."""

import json
import math
import signal
import time

import pytest
import torch
from torch import nn

from bottega.errors import Cancelled, SettingsError, TrainingError, WeightsError
from bottega.training import (
    Callback,
    Constant,
    Loop,
    Trapezoid,
    Validation,
    load_checkpoint,
    optimizer,
    save_checkpoint,
)


def make_loop(run, steps=40, rate=3e-2, wrong_at=None, **options):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

    def step(step):
        x = torch.randn(16, 4, generator=step.generator)
        loss = (module(x)[:, 0] - x.sum(1)).square().mean()
        if step.number == wrong_at:
            loss = loss * math.nan
        step.update(loss)
        return {"loss": loss}

    adamw = optimizer("adamw", module.parameters(), rate)
    return Loop(module, adamw, step, Trapezoid(steps, warmup=5), run, **{"log_every": 10, **options})


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
        if loop.done == self.number:
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


def test_resumed_equals_straight_through(tmp_path):
    straight = make_loop(tmp_path / "a")
    straight.train()
    first = make_loop(tmp_path / "b")
    while first.done < 17:
        first.advance()
    first.save()
    second = make_loop(tmp_path / "b")
    assert second.resume()
    second.train()
    assert same(straight, second)


def test_the_old_layout_of_checkpoints_is_read(tmp_path):
    straight = make_loop(tmp_path / "a")
    straight.train()
    first = make_loop(tmp_path / "b")
    while first.done < 20:
        first.advance()
    first.save()
    new = load_checkpoint(first.checkpoint)
    old = {name: new[name] for name in ("module", "average", "done")}
    save_checkpoint(first.checkpoint, {**old, "optimizer": new["optimizers"]["model"]})
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
            x = data[step.number][list(step.share(12))]
            loss = (module(x)[:, 0] - x.sum(1)).square().mean()
            step.update(loss)
            return {"loss": loss}

        sgd = optimizer("sgd", module.parameters(), 0.1)
        Loop(module, sgd, step, Constant(10, warmup=0), run, accumulate=parts).train()
        return module.weight

    # The same sums in another order: equal up to rounding.
    assert torch.allclose(trained(tmp_path / "a", 1), trained(tmp_path / "b", 3), atol=1e-6)


def test_a_batch_that_cannot_be_cut_is_refused(tmp_path):
    loop = make_loop(tmp_path, accumulate=3)
    loop.step = lambda step: step.share(16)
    with pytest.raises(SettingsError, match="batch of 16 cannot be cut into 3 equal shares"):
        loop.train()


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
        "discriminator": optimizer("adam", discriminator.parameters(), 5e-2, betas=(0.0, 0.99)),
        "generator": optimizer("adam", generator.parameters(), 5e-2, betas=(0.0, 0.99)),
    }
    return Loop(nets, optimizers, step, Constant(150, warmup=0), run, **options)


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
    loop = adversaries(tmp_path, [], accumulate=2)
    nets = loop.module

    def step(step):
        step.update(nets["discriminator"](nets["generator"](torch.ones(1, 2))).mean(), "generator")
        return {}

    loop.step = step
    loop.advance()
    assert all(p.grad is None for p in nets["discriminator"].parameters())
    assert all(p.grad is not None for p in nets["generator"].parameters())


def test_step_functions_that_update_wrongly_are_told(tmp_path):
    loop = adversaries(tmp_path, [], accumulate=2)
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
        loop.step = wrong
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
        Loop(module, sgd, step, Constant(1, warmup=0), tmp_path / str(clip), clip=clip).advance()
        return float((module.weight.detach() - before).norm())

    assert moved(0.5) == pytest.approx(0.5, rel=1e-4)
    assert moved(None) == pytest.approx(100 * math.sqrt(3), rel=1e-4)


def test_not_a_number_stops_and_keeps_the_last_good_state(tmp_path):
    keep = At(20, lambda loop: loop.save())
    loop = make_loop(tmp_path, wrong_at=25, callbacks=[keep])
    with pytest.raises(TrainingError, match=r"broke down at step 25: .*last\.pt keeps step 20") as caught:
        loop.train()
    assert "\n" not in str(caught.value)
    assert keep.events[-1] == "end failed"
    assert load_checkpoint(tmp_path / "last.pt")["done"] == 20
    assert all(bool(x.isfinite().all()) for x in weights(loop))  # the bad gradient moved nothing
    again = make_loop(tmp_path)
    assert again.resume()
    again.train()


def test_broken_weights_are_never_saved(tmp_path):
    loop = make_loop(tmp_path, 3)
    loop.save()
    before = loop.checkpoint.read_bytes()
    with torch.no_grad():
        loop.module[0].weight[0, 0] = math.inf
    with pytest.raises(TrainingError, match="keeps step 0"):
        loop.save()
    assert loop.checkpoint.read_bytes() == before


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path):
    straight = make_loop(tmp_path / "a")
    straight.train()
    before = signal.getsignal(signal.SIGINT)
    pressed = At(13, lambda loop: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Cancelled, match=r"stopped at step 13 of 40; .* start it again with the same folder"):
        make_loop(tmp_path / "b", callbacks=[pressed]).train()
    assert signal.getsignal(signal.SIGINT) is before
    second = make_loop(tmp_path / "b")
    second.resume()
    assert second.done == 13
    second.train()
    assert same(straight, second)
    found, expected = lines(tmp_path / "b"), lines(tmp_path / "a")
    assert [{**line, "seconds": 0} for line in found] == [{**line, "seconds": 0} for line in expected]


def test_a_second_ctrl_c_ends_at_once(tmp_path):
    def twice(loop):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        make_loop(tmp_path, callbacks=[At(3, twice)]).train()


def test_the_time_budget_ends_a_session(tmp_path):
    loop = make_loop(tmp_path, 100_000)
    began = time.monotonic()
    assert loop.train(minutes=0.3 / 60) == "time"
    assert time.monotonic() - began < 3
    assert 0 < loop.done < 100_000
    assert load_checkpoint(tmp_path / "last.pt")["done"] == loop.done
    assert loop.seconds_left == 0


def test_a_folder_with_a_training_is_not_overwritten(tmp_path):
    make_loop(tmp_path, 3).train()
    with pytest.raises(SettingsError, match="holds a training already"):
        make_loop(tmp_path, 3).train()


def test_foreign_checkpoints_are_refused(tmp_path):
    assert not make_loop(tmp_path / "new").resume()
    make_loop(tmp_path, 3).train()
    with pytest.raises(SettingsError, match="the seed 0, not 1"):
        make_loop(tmp_path, 3, seed=1).resume()
    other = adversaries(tmp_path, [])
    with pytest.raises(SettingsError, match="other optimisers: model"):
        other.resume()
    module = nn.Linear(1, 1)
    loop = Loop(module, optimizer("sgd", module.parameters(), 1.0), lambda step: {}, Constant(1), tmp_path)
    with pytest.raises(WeightsError, match="another network"):
        loop.resume()


@pytest.mark.parametrize("lower", [True, False])
def test_early_stopping_keeps_best_and_last(tmp_path, lower):
    values = [5.0, 3.0, math.nan, 4.0, 2.0, 2.0, 2.5, 9.0]
    measures = iter(values if lower else [-x for x in values])
    validation = Validation(
        lambda: {"error": next(measures), "other": 1.0},
        every=3,
        watch="error",
        lower_is_better=lower,
        patience=3,
    )
    loop = make_loop(tmp_path, 100, validation=validation)
    assert loop.train() == "early"
    assert loop.done == 24
    assert load_checkpoint(loop.best_checkpoint)["done"] == 15
    assert load_checkpoint(loop.checkpoint)["done"] == 24
    found = [line["validation/error"] for line in lines(tmp_path) if "validation/error" in line]
    assert len(found) == 8
    second = make_loop(tmp_path, 100, validation=Validation(dict, 3, "error", lower, patience=3))
    second.resume()
    assert second.train() == "early"  # it was at its end, and does not begin again


def test_validation_sees_the_average_and_leaves_no_trace(tmp_path):
    seen = []

    def measure():
        seen.append([x.clone() for x in loop.module.state_dict().values()])
        assert not loop.module.training
        assert not torch.is_grad_enabled()
        torch.randn(3)  # draws from the global generator, and must not matter
        return {"loss": 1.0}

    loop = make_loop(tmp_path / "a", 9, validation=Validation(measure, every=9))
    loop.train()
    plain = make_loop(tmp_path / "b", 9)
    plain.train()
    assert same(loop, plain)
    assert all(torch.equal(a, b) for a, b in zip(seen[0], loop.ema.state.values(), strict=True))
    assert loop.module.training


def test_validation_must_measure_what_it_watches(tmp_path):
    loop = make_loop(tmp_path, 2, validation=Validation(lambda: {"psnr": 1.0}, every=1))
    with pytest.raises(SettingsError, match='watches "loss", but measures only: psnr'):
        loop.train()


def test_dropout_repeats_whatever_happened_before(tmp_path):
    def trained(run):
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 1))

        def step(step):
            loss = module(torch.ones(2, 4)).square().mean()
            step.update(loss)
            return {"loss": loss}

        loop = Loop(module, optimizer("adam", module.parameters(), 0.1), step, Constant(5), run)
        torch.rand(int(torch.randint(1, 100, ())))
        loop.train()
        return loop

    assert same(trained(tmp_path / "a"), trained(tmp_path / "b"))


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
