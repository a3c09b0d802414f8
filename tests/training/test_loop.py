"""The loop on a small regression: it learns, it resumes bit-exactly, it averages."""

import json

import pytest
import torch
from torch import nn

from bottega.errors import WeightsError
from bottega.training import Average, Loop, Schedule, load_checkpoint, save_checkpoint


def make_loop(run, steps=40):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

    def step(number, generator):
        x = torch.randn(16, 4, generator=generator)
        return {"loss": (module(x)[:, 0] - x.sum(1)).square().mean()}

    optimizer = torch.optim.AdamW(module.parameters(), 1e-2)
    return Loop(module, optimizer, step, Schedule(3e-2, steps, warmup=5), run, log_every=10)


def losses(run):
    return [json.loads(line)["loss"] for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_it_learns_and_writes_metrics(tmp_path):
    loop = make_loop(tmp_path, 200)
    loop.train(on_log=lambda line: None)
    assert losses(tmp_path)[-1] < 0.2 * losses(tmp_path)[0]


def test_killed_and_resumed_equals_straight_through(tmp_path):
    straight = make_loop(tmp_path / "a")
    straight.train(on_log=lambda line: None)
    first = make_loop(tmp_path / "b")
    while first.done < 20:
        first._one()
    first.save()
    second = make_loop(tmp_path / "b")
    assert second.resume()
    second.train(on_log=lambda line: None)
    for one, other in zip(straight.module.parameters(), second.module.parameters(), strict=True):
        assert torch.equal(one, other)
    for name, value in straight.average.state.items():
        assert torch.equal(value, second.average.state[name])


def test_schedule_rises_holds_and_falls():
    schedule = Schedule(1.0, 100, warmup=10, cooldown=0.2)
    assert schedule.rate(0) == pytest.approx(0.1)
    assert schedule.rate(50) == 1
    assert schedule.rate(90) == pytest.approx(0.5)
    assert schedule.rate(99) == pytest.approx(0.05)


def test_average_follows_and_copies_integers():
    module = nn.BatchNorm1d(2)
    average = Average(module, 0.5)
    with torch.no_grad():
        module.weight.fill_(3.0)
        module.num_batches_tracked.fill_(7)
    for step in range(1, 30):
        average.update(module, step)
    assert torch.allclose(average.state["weight"], torch.full((2,), 3.0), atol=1e-5)
    assert int(average.state["num_batches_tracked"]) == 7


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
