"""Sample sheets, curves, and what is printed."""

import sys

import pytest
import torch
from torch import nn

from bottega.errors import SettingsError
from bottega.pictures import load
from bottega.training import (
    Console,
    Constant,
    SampleSheets,
    TensorBoard,
    Trainer,
    Validation,
    build_optimizer,
)


def make_trainer(run, steps, **options):
    torch.manual_seed(0)
    module = nn.Conv2d(3, 3, 1)

    def step(step):
        loss = module(torch.rand(1, 3, 4, 4, generator=step.generator)).square().mean()
        step.update(loss)
        return {"loss": loss}

    adam = build_optimizer("adam", module.parameters(), 0.05)
    return Trainer(module, adam, step, Constant(steps), run, log_every=2, **options)


def test_sample_sheets_use_one_seed_and_the_ema(tmp_path):
    samples, states = [], []

    def draw(generator):
        samples.append(torch.rand(5, 3, 24, 32, generator=generator))
        states.append(trainer.module.weight.detach().clone())
        assert not trainer.module.training
        return samples[-1]

    trainer = make_trainer(tmp_path, 5, callbacks=[SampleSheets(draw, every=2, seed=7)])
    trainer.train()
    assert sorted(file.name for file in (tmp_path / "samples").iterdir()) == [
        "000002.png",
        "000004.png",
        "000005.png",
    ]
    assert torch.equal(samples[0], samples[2])
    assert torch.equal(states[2], trainer.ema.state["weight"])
    sheet = load(tmp_path / "samples" / "000005.png")
    assert sheet.width > 3 * 32  # three in a row
    assert sheet.height > 2 * 24


def test_one_sample_is_saved_unchanged(tmp_path):
    picture = torch.rand(1, 3, 9, 11)
    make_trainer(tmp_path, 1, callbacks=[SampleSheets(lambda generator: picture)]).train()
    result = load(tmp_path / "samples" / "000001.png").pixels
    assert torch.allclose(result, picture, atol=0.5 / 255 + 1e-6)


def test_samples_do_not_change_the_training(tmp_path):
    plain = make_trainer(tmp_path / "a", 4)
    plain.train()
    watched = make_trainer(
        tmp_path / "b", 4, callbacks=[SampleSheets(lambda g: torch.rand(1, 3, 4, 4), every=1)]
    )
    watched.train()
    assert torch.equal(plain.module.weight, watched.module.weight)


def test_the_console_prints_steps_losses_and_time(tmp_path, capsys):
    validation = Validation(lambda: {"loss": 0.5}, every=4)
    make_trainer(tmp_path, 4, callbacks=[Console()], validation=validation).train()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("step 2 of 4  loss 0.")
    assert lines[0].endswith("left)")
    assert lines[1].endswith("(0 s left)")
    assert lines[2] == "validation at step 4  loss 0.5  (best so far)"


def test_tensorboard_gets_curves_and_samples(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    samples = SampleSheets(lambda generator: torch.rand(1, 3, 8, 8), every=4)
    validation = Validation(lambda: {"psnr": 30.0}, every=4, metric="psnr", lower_is_better=False)
    make_trainer(tmp_path, 4, callbacks=[TensorBoard(), samples], validation=validation).train()
    result = EventAccumulator(str(tmp_path / "tensorboard"))
    result.Reload()
    assert [event.step for event in result.Scalars("train/loss")] == [2, 4]
    assert [(e.step, e.value) for e in result.Scalars("validation/psnr")] == [(4, 30.0)]
    assert [(e.step, e.width) for e in result.Images("samples")] == [(4, 8)]


def test_without_tensorboard_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(SettingsError, match=r"pip install 'bottega\[train\]'"):
        TensorBoard()


def test_without_accelerate_the_message_says_what_to_install(monkeypatch):
    from bottega.training import process_context

    monkeypatch.setitem(sys.modules, "accelerate", None)
    assert process_context("cpu").world_size == 1  # one process needs none
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "test")
    with pytest.raises(SettingsError, match=r"pip install 'bottega\[train\]'"):
        process_context("cpu")
