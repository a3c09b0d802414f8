"""The benchmark of the optimization: the same function for both sides, honest clocks, honest tables."""

import json
import subprocess
import sys
import time

import pytest
import torch

from benchmarks.optimize import baselines
from benchmarks.optimize.flops import evaluation_gflop
from benchmarks.optimize.inputs import content_picture, open_encoder, style_picture
from benchmarks.optimize.speedup import seconds_per_evaluation, seconds_to, speedup
from benchmarks.optimize.worker import Job, Measurement, Run, run_candidate
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
    defaults = {
        "encoder": encoder,
        "content": content_picture(SIZE),
        "style": style_picture(SIZE),
        "settings": OptimizeSettings(
            recolor=False, start_noise=0.0, size=SIZE, first_size=SIZE, iterations=2, last_iterations=3
        ),
        "iterations": 6,
        "every": 2,
        "rate": 0.05,
        "precision": torch.float32,
        "threads": 1,
    }
    return Job(name, **{**defaults, **changes})


@pytest.mark.parametrize("term", [name for name in STYLE_TERMS if name != "sliced"])
def test_both_sides_descend_the_same_function(encoder, term):
    """The loss that ours reports before its first step equals the evaluator's of the content, to rounding."""
    content, style = content_picture(SIZE), style_picture(48)
    settings = OptimizeSettings(
        recolor=False, start_noise=0.0, size=SIZE, first_size=SIZE, last_iterations=1, style_loss=term
    )
    optimized_loss = optimize(content, [Style(style)], settings, encoder=encoder).losses[0][0]
    evaluated = float(baselines.PlainLoss(encoder, content, style, settings)(content))
    assert optimized_loss == pytest.approx(evaluated, rel=1e-5)
    assert evaluated > 0.01


def test_plain_contestants_descend(encoder):
    content, style = content_picture(SIZE), style_picture(SIZE)
    loss = baselines.PlainLoss(
        encoder, content, style, OptimizeSettings(recolor=False, start_noise=0.0, size=SIZE)
    )
    losses = []

    def callback(picture, evaluations):
        assert 0 <= float(picture.min()) <= float(picture.max()) <= 1
        losses.append((evaluations, float(loss(picture))))

    baselines.adam(loss, content, 0.05, 10, 5, callback)
    assert [evaluations for evaluations, _ in losses] == [5, 10]
    assert losses[-1][1] < losses[0][1] < float(loss(content))
    losses.clear()
    noise = baselines.white_noise(SIZE)
    baselines.lbfgs(loss, noise, 10, 5, callback)
    assert losses[0][0] >= 5
    assert losses[-1][1] < losses[0][1] < float(loss(noise))


def test_evaluation_time_is_not_counted(encoder):
    task = job(encoder, "plain Adam")
    loss = baselines.PlainLoss(encoder, task.content, task.style, task.settings)

    def slow(picture):
        time.sleep(1.5)
        return float(loss(picture))

    run = run_candidate(task, slow, lambda m: True)
    assert [m.evaluations for m in run.measurements] == [2, 4, 6]
    assert run.measurements[-1].loss < float(loss(task.content))
    assert run.measurements[-1].seconds < 3.0
    assert 50e6 < run.peak_memory < 4e9


def test_ours_runs_all_scales_and_stops_on_request(encoder):
    settings = OptimizeSettings(
        recolor=False, start_noise=0.0, size=SIZE, first_size=16, iterations=2, last_iterations=3
    )
    task = job(encoder, "ours", settings=settings)
    run = run_candidate(task, lambda picture: float(picture.shape[-1]), lambda m: m.evaluations < 4)
    # Two coarse scales count no evaluations, 3 is the default end, and every picture has its final size.
    assert [m.evaluations for m in run.measurements] == [0, 0, 1, 2, 3, 4]
    assert {m.loss for m in run.measurements} == {SIZE}


def test_failed_candidate_is_named(encoder, capfd):
    with pytest.raises(BottegaError, match="plain Adam ended early"):
        run_candidate(
            job(encoder, "plain Adam", style=torch.zeros(1, 5, 8, 8)), lambda p: 1.0, lambda m: True
        )


def test_seconds_to_a_loss_are_interpolated():
    measurements = [
        Measurement(1.0, 10, 4.0),
        Measurement(3.0, 20, 2.0),
        Measurement(4.0, 30, 3.0),
        Measurement(5.0, 40, 1.0),
    ]
    assert seconds_to(measurements, 5.0) == 1.0
    assert seconds_to(measurements, 3.0) == 2.0
    assert seconds_to(measurements, 1.5) == 4.75
    assert seconds_to(measurements, 0.9) is None
    assert seconds_per_evaluation([Measurement(0.5, 0, 9.0), *measurements]) == pytest.approx(0.1)


def test_speedup_when_ours_does_not_reach_the_loss():
    slow = [Run("plain Adam", [Measurement(5.0, 10, 3.0), Measurement(10.0, 20, 2.0)])] * 2
    fast = Run("ours", [Measurement(1.0, 0, 3.0), Measurement(3.0, 2, 1.0)])
    stuck = Run("ours", [Measurement(1.0, 0, 3.0), Measurement(3.0, 2, 2.2)])
    faster = speedup(slow, [fast, fast])
    assert faster.ratios == (5.0, 5.0)
    assert faster.above <= 0
    partly = speedup(slow, [stuck, fast])
    assert partly.ratios == ()
    assert speedup(slow, [stuck, stuck]).above == pytest.approx(0.1)


def test_operations_are_counted_by_hand(encoder):
    """3→8 at 32², 8→12 and 12→12 at 16²; nine taps, a multiplication and an addition, worker_end and back."""
    by_hand = 9 * 2 * 2 * (3 * 8 * 32**2 + (8 + 12) * 12 * 16**2) / 1e9
    assert evaluation_gflop(encoder, encoder.style_layers, 32) == pytest.approx(by_hand)
    first = 9 * 2 * 2 * 3 * 8 * 32**2 / 1e9
    assert evaluation_gflop(encoder, ["relu1_1"], 32) == pytest.approx(first)


def test_encoders_by_file(tmp_path):
    small = build_encoder("small", seed=3)
    weights.save_file(tmp_path / "mine.safetensors", small.state_dict(), {})
    loaded = open_encoder(str(tmp_path / "mine.safetensors"))
    assert torch.equal(loaded.convolutions()[3].weight, small.convolutions()[3].weight)
    weights.save_file(tmp_path / "other.safetensors", {"x": torch.zeros(2)}, {})
    with pytest.raises(WeightsError, match="do not fit"):
        open_encoder(str(tmp_path / "other.safetensors"))


@pytest.mark.slow
def test_command_writes_tables(tmp_path):
    weights.save_file(
        tmp_path / "mine.safetensors", build_encoder("small").state_dict(), {"architecture": "small"}
    )
    args = ["--encoders", str(tmp_path / "mine.safetensors"), "--threads", "1", "--out", str(tmp_path)]
    command = [sys.executable, "-m", "benchmarks.optimize", "--quick-look", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "of matrix peak" in done.stdout
    values = json.loads((tmp_path / "quick.json").read_text())
    assert [r["plain"] for r in values["cells"][0]["speedups"]] == ["plain Adam", "plain L-BFGS"]
    assert 0 < values["cells"][0]["share_of_peak"]["plain Adam"] < 2
    assert (tmp_path / "quick.md").read_text() in done.stdout
