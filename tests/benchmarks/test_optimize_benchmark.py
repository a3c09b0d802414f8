"""The benchmark of the optimisation: the same function for both sides, honest clocks, honest tables."""

import json
import subprocess
import sys
import time

import pytest
import torch

from benchmarks.optimize import plain
from benchmarks.optimize.contest import Job, Look, Run, contest
from benchmarks.optimize.figures import race, seconds_per_evaluation, seconds_to
from benchmarks.optimize.flops import evaluation_gflop
from benchmarks.optimize.material import content_picture, encoder_named, style_picture
from bottega import weights
from bottega.encoders import VGGEncoder, build_encoder
from bottega.errors import BottegaError, WeightsError
from bottega.losses import STYLE_TERMS
from bottega.transfer.optimize.runner import optimize
from bottega.transfer.optimize.settings import OptimizeSettings
from bottega.transfer.regions import Style

SIZE = 32


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def encoder():
    return VGGEncoder(
        "tiny",
        widths=(8, 12),
        depths=(1, 2),
        content_layers={"relu2_1": 1.0},
        style_layers={"relu1_1": 2.0, "relu2_2": 1.0},
    ).frozen()


def job(encoder, name, **changes):
    given = {
        "encoder": encoder,
        "content": content_picture(SIZE),
        "style": style_picture(SIZE),
        "settings": OptimizeSettings(
            recolor=False, size=SIZE, first_size=SIZE, iterations=2, last_iterations=3
        ),
        "iterations": 6,
        "every": 2,
        "rate": 0.05,
        "precision": torch.float32,
        "threads": 1,
    }
    return Job(name, **{**given, **changes})


@pytest.mark.parametrize("term", [name for name in STYLE_TERMS if name != "sliced"])
def test_both_sides_descend_the_same_function(encoder, term):
    """The loss that ours reports before its first step is the judge's of the content, to rounding."""
    content, style = content_picture(SIZE), style_picture(48)
    settings = OptimizeSettings(recolor=False, size=SIZE, first_size=SIZE, last_iterations=1, style_loss=term)
    ours = optimize(content, [Style(style)], settings, encoder=encoder).losses[0][0]
    judged = float(plain.PlainLoss(encoder, content, style, settings)(content))
    assert ours == pytest.approx(judged, rel=1e-5)
    assert judged > 0.01


def test_plain_contestants_descend(encoder):
    content, style = content_picture(SIZE), style_picture(SIZE)
    loss = plain.PlainLoss(encoder, content, style, OptimizeSettings(recolor=False, size=SIZE))
    seen = []

    def watch(picture, evaluations):
        assert 0 <= float(picture.min()) <= float(picture.max()) <= 1
        seen.append((evaluations, float(loss(picture))))

    plain.adam(loss, content, 0.05, 10, 5, watch)
    assert [evaluations for evaluations, _ in seen] == [5, 10]
    assert seen[-1][1] < seen[0][1] < float(loss(content))
    seen.clear()
    noise = plain.white_noise(SIZE)
    plain.lbfgs(loss, noise, 10, 5, watch)
    assert seen[0][0] >= 5
    assert seen[-1][1] < seen[0][1] < float(loss(noise))


def test_the_judges_time_is_nobodys(encoder):
    task = job(encoder, "plain Adam")
    loss = plain.PlainLoss(encoder, task.content, task.style, task.settings)

    def slow(picture):
        time.sleep(1.5)
        return float(loss(picture))

    run = contest(task, slow, lambda look: True)
    assert [look.evaluations for look in run.looks] == [2, 4, 6]
    assert run.looks[-1].loss < float(loss(task.content))
    assert run.looks[-1].seconds < 3.0
    assert 50e6 < run.peak_memory < 4e9


def test_ours_goes_through_its_scales_and_stops_when_told(encoder):
    settings = OptimizeSettings(recolor=False, size=SIZE, first_size=16, iterations=2, last_iterations=3)
    task = job(encoder, "ours", settings=settings)
    run = contest(task, lambda picture: float(picture.shape[-1]), lambda look: look.evaluations < 4)
    # Two coarse scales count no evaluations, 3 is the usual end, and every picture came at its final size.
    assert [look.evaluations for look in run.looks] == [0, 0, 1, 2, 3, 4]
    assert {look.loss for look in run.looks} == {SIZE}


def test_a_contestant_that_breaks_off_is_named(encoder, capfd):
    with pytest.raises(BottegaError, match="plain Adam broke off"):
        contest(job(encoder, "plain Adam", style=torch.zeros(1, 5, 8, 8)), lambda p: 1.0, lambda look: True)


def test_seconds_to_a_loss_are_interpolated():
    looks = [Look(1.0, 10, 4.0), Look(3.0, 20, 2.0), Look(4.0, 30, 3.0), Look(5.0, 40, 1.0)]
    assert seconds_to(looks, 5.0) == 1.0
    assert seconds_to(looks, 3.0) == 2.0
    assert seconds_to(looks, 1.5) == 4.75
    assert seconds_to(looks, 0.9) is None
    assert seconds_per_evaluation([Look(0.5, 0, 9.0), *looks]) == pytest.approx(0.1)


def test_a_race_tells_when_ours_does_not_arrive():
    slow = [Run("plain Adam", [Look(5.0, 10, 3.0), Look(10.0, 20, 2.0)])] * 2
    fast = Run("ours", [Look(1.0, 0, 3.0), Look(3.0, 2, 1.0)])
    stuck = Run("ours", [Look(1.0, 0, 3.0), Look(3.0, 2, 2.2)])
    won = race(slow, [fast, fast])
    assert won.ratios == (5.0, 5.0)
    assert won.above <= 0
    lost = race(slow, [stuck, fast])
    assert lost.ratios == ()
    assert race(slow, [stuck, stuck]).above == pytest.approx(0.1)


def test_operations_are_counted_by_hand(encoder):
    """3→8 at 32², 8→12 and 12→12 at 16²; nine taps, a multiplication and an addition, there and back."""
    by_hand = 9 * 2 * 2 * (3 * 8 * 32**2 + (8 + 12) * 12 * 16**2) / 1e9
    assert evaluation_gflop(encoder, encoder.style_layers, 32) == pytest.approx(by_hand)
    first = 9 * 2 * 2 * 3 * 8 * 32**2 / 1e9
    assert evaluation_gflop(encoder, ["relu1_1"], 32) == pytest.approx(first)


def test_encoders_by_file(tmp_path):
    small = build_encoder("small", seed=3)
    weights.save_file(tmp_path / "mine.safetensors", small.state_dict(), {})
    loaded = encoder_named(str(tmp_path / "mine.safetensors"))
    assert torch.equal(loaded.convolutions()[3].weight, small.convolutions()[3].weight)
    weights.save_file(tmp_path / "other.safetensors", {"x": torch.zeros(2)}, {})
    with pytest.raises(WeightsError, match="do not fit"):
        encoder_named(str(tmp_path / "other.safetensors"))


@pytest.mark.slow
def test_command_writes_tables(tmp_path):
    weights.save_file(
        tmp_path / "mine.safetensors", build_encoder("small").state_dict(), {"architecture": "small"}
    )
    words = ["--encoders", str(tmp_path / "mine.safetensors"), "--threads", "1", "--out", str(tmp_path)]
    command = [sys.executable, "-m", "benchmarks.optimize", "--quick-look", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "of matrix peak" in done.stdout
    values = json.loads((tmp_path / "quick.json").read_text())
    assert [r["plain"] for r in values["cells"][0]["races"]] == ["plain Adam", "plain L-BFGS"]
    assert 0 < values["cells"][0]["share_of_peak"]["plain Adam"] < 2
    assert (tmp_path / "quick.md").read_text() in done.stdout
