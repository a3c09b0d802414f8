"""How a training ends: alarm, Ctrl-C, time, patience; and what it refuses to go on from."""

import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from small_trainings import At, lines, make_gan, make_trainer, same, weights
from torch import nn

from bottega.errors import Cancelled, SettingsError, TrainingError, WeightsError
from bottega.training import Constant, Trainer, Validation, build_optimizer, load_checkpoint


def test_nan_stops_and_keeps_the_last_good_state(tmp_path):
    keep = At(20, lambda trainer: trainer.save())
    trainer = make_trainer(tmp_path, wrong_at=25, callbacks=[keep])
    with pytest.raises(TrainingError, match=r"at step 25: .*last\.pt has step 20") as caught:
        trainer.train()
    assert "\n" not in str(caught.value)
    assert keep.events[-1] == "end failed"
    assert load_checkpoint(tmp_path / "last.pt")["step"] == 20
    assert all(bool(x.isfinite().all()) for x in weights(trainer))  # the bad gradient moved nothing
    again = make_trainer(tmp_path)
    assert again.resume()
    again.train()


def test_infinite_weights_are_never_saved(tmp_path):
    trainer = make_trainer(tmp_path, 3)
    trainer.save()
    before = trainer.checkpoint.read_bytes()
    with torch.no_grad():
        trainer.module[0].weight[0, 0] = math.inf
    with pytest.raises(TrainingError, match="has step 0"):
        trainer.save()
    assert trainer.checkpoint.read_bytes() == before


def interrupt_in_another_process(run, times):
    """Train in a process of its own, which gets Ctrl-C after step 13, once or twice in one moment."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "BOTTEGA_DEVICE": "cpu"}
    command = [sys.executable, __file__, str(run), str(times)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_ctrl_c_saves_and_explains_how_to_resume(tmp_path, monkeypatch):
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")
    straight = make_trainer(tmp_path / "a")
    straight.train()
    pressed = interrupt_in_another_process(tmp_path / "b", times=1)
    assert pressed.returncode == 0, pressed.stderr
    assert re.fullmatch(
        r"Training stopped at step 13 of 40; .* start it again with the same folder to resume\.\n",
        pressed.stdout,
    )
    second = make_trainer(tmp_path / "b")
    second.resume()
    assert second.global_step == 13
    second.train()
    assert same(straight, second)
    result, expected = lines(tmp_path / "b"), lines(tmp_path / "a")
    assert [{**line, "seconds": 0} for line in result] == [{**line, "seconds": 0} for line in expected]


def test_a_second_ctrl_c_ends_at_once(tmp_path):
    pressed = interrupt_in_another_process(tmp_path, times=2)
    assert "KeyboardInterrupt" in pressed.stderr
    assert pressed.returncode == -signal.SIGINT
    assert not (tmp_path / "last.pt").exists()


def test_the_time_budget_ends_a_session(tmp_path):
    trainer = make_trainer(tmp_path, 100_000)
    began = time.monotonic()
    assert trainer.train(minutes=0.3 / 60) == "time"
    assert time.monotonic() - began < 3
    assert 0 < trainer.global_step < 100_000
    assert load_checkpoint(tmp_path / "last.pt")["step"] == trainer.global_step
    assert trainer.seconds_left == 0


def test_an_existing_training_is_not_overwritten(tmp_path):
    make_trainer(tmp_path, 3).train()
    with pytest.raises(SettingsError, match="holds a training already"):
        make_trainer(tmp_path, 3).train()


def test_checkpoints_of_other_trainings(tmp_path):
    assert not make_trainer(tmp_path / "new").resume()
    make_trainer(tmp_path, 3).train()
    with pytest.raises(SettingsError, match="the seed 0, not 1"):
        make_trainer(tmp_path, 3, seed=1).resume()
    other = make_gan(tmp_path, [])
    with pytest.raises(SettingsError, match="other optimizers: model"):
        other.resume()
    module = nn.Linear(1, 1)
    trainer = Trainer(
        module, build_optimizer("sgd", module.parameters(), 1.0), lambda step: {}, Constant(1), tmp_path
    )
    with pytest.raises(WeightsError, match="another network"):
        trainer.resume()


@pytest.mark.parametrize("lower", [True, False])
def test_early_stopping_keeps_best_and_last(tmp_path, lower):
    values = [5.0, 3.0, math.nan, 4.0, 2.0, 2.0, 2.5, 9.0]
    measures = iter(values if lower else [-x for x in values])
    validation = Validation(
        lambda: {"error": next(measures), "other": 1.0},
        every=3,
        metric="error",
        lower_is_better=lower,
        patience=3,
    )
    trainer = make_trainer(tmp_path, 100, validation=validation)
    assert trainer.train() == "early"
    assert trainer.global_step == 24
    assert load_checkpoint(trainer.best_checkpoint)["step"] == 15
    assert load_checkpoint(trainer.checkpoint)["step"] == 24
    result = [line["validation/error"] for line in lines(tmp_path) if "validation/error" in line]
    assert len(result) == 8
    second = make_trainer(tmp_path, 100, validation=Validation(dict, 3, "error", lower, patience=3))
    second.resume()
    assert second.train() == "early"  # it was at its end, and does not begin again


def test_validation_uses_the_ema_and_has_no_side_effects(tmp_path):
    records = []

    def measure():
        records.append([x.clone() for x in trainer.module.state_dict().values()])
        assert not trainer.module.training
        assert not torch.is_grad_enabled()
        torch.randn(3)  # draws from the global generator, and must not matter
        return {"loss": 1.0}

    trainer = make_trainer(tmp_path / "a", 9, validation=Validation(measure, every=9))
    trainer.train()
    plain = make_trainer(tmp_path / "b", 9)
    plain.train()
    assert same(trainer, plain)
    assert all(torch.equal(a, b) for a, b in zip(records[0], trainer.ema.state.values(), strict=True))
    assert trainer.module.training


def test_validation_must_compute_its_metric(tmp_path):
    trainer = make_trainer(tmp_path, 2, validation=Validation(lambda: {"psnr": 1.0}, every=1))
    with pytest.raises(SettingsError, match=r'"loss".* only: psnr'):
        trainer.train()


def press(run, times):
    """What the other process does."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent may have it ignored
    pressed = At(13, lambda trainer: [signal.raise_signal(signal.SIGINT) for _ in range(times)])
    try:
        make_trainer(run, callbacks=[pressed]).train()
    except Cancelled as error:
        print(error)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


if __name__ == "__main__":
    press(Path(sys.argv[1]), int(sys.argv[2]))


VALIDATION_PROGRAM = """
import signal, sys
from pathlib import Path
from small_trainings import make_trainer
from bottega.errors import Cancelled
from bottega.training import Validation

def measure():
    signal.raise_signal(signal.SIGINT)
    print("the validation went on")

signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    make_trainer(Path(sys.argv[1]), 9, validation=Validation(measure, every=4)).train()
except Cancelled as stop:
    print(stop)
"""


def test_ctrl_c_ends_a_validation_at_once_and_the_state_is_saved(tmp_path):
    # In a process of its own: other libraries of this one have threads that a signal may hit.
    command = [sys.executable, "-c", VALIDATION_PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent, check=True)
    assert "step 4 of 9" in done.stdout
    assert "went on" not in done.stdout
    stopped = make_trainer(tmp_path, 9)
    assert stopped.resume()
    assert stopped.global_step == 4
    plain = make_trainer(tmp_path / "plain", 9)
    for _ in range(4):
        plain.advance()
    assert same(stopped, plain)
