"""The benchmarks of speed and memory, on tiny pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.transfer import memory, speed
from benchmarks.transfer.network_files import micro_network, microast_network
from bottega.errors import ResourceError, WeightsError
from bottega.transfer.feedforward import MicroNet, PhotoNet, save


@pytest.fixture
def micro(tmp_path: Path) -> Path:
    save(MicroNet(16, 16, blocks=1), tmp_path / "micro.safetensors")
    return tmp_path / "micro.safetensors"


def test_all_runs_are_timed(micro: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(speed.SIZES, "tiny", (32, 48))
    monkeypatch.setattr(speed, "STYLE_SIDE", 32)
    speed.measure(
        micro=micro,
        sizes="tiny",
        engines="eager fp32,eager bf16,torch bf16",
        seconds=0,
        threads=1,
        out=tmp_path,
    )
    report = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))
    assert {(row["network"], row["engine"]) for row in report["rows"]} == {
        (network, engine)
        for network in ("micro", "microast")
        for engine in ("eager fp32", "eager bf16", "torch bf16")
    }
    assert all(row["turns"] >= 3 and row["painting_ms"] > 0 for row in report["rows"])
    assert all(row["psnr_to_eager_fp32"] > 30 for row in report["rows"])
    text = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert "| tiny | torch bf16 |" in text
    assert "random weights" in text


def test_runs_that_cannot_start_are_noted(micro: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(*_: object) -> None:
        raise ResourceError("no such engine here.")

    monkeypatch.setattr(speed, "microast_run", unavailable)
    runs, notes = speed.build_runs(micro_network(micro), microast_network(None), ["eager fp32"], 1)
    assert [run.network for run in runs] == ["micro"]
    assert notes == ["eager fp32: no such engine here."]


def test_memory_of_a_small_picture(micro: Path, tmp_path: Path) -> None:
    memory.measure(sizes="48", micro=micro, engine="torch", compared=300, out=tmp_path)
    report = json.loads((tmp_path / "memory.json").read_text(encoding="utf-8"))
    assert 0.05 < report["rows"][0]["peak_gb"] < 2
    assert report["tiles"]["largest"] < 0.1
    assert "48 × 48" in (tmp_path / "memory.md").read_text(encoding="utf-8")


def test_repeated_photograph() -> None:
    pixels = memory.tiled_photograph(1000)
    assert pixels.shape == (1000, 1000, 3)
    assert (pixels[427:854, 640:] == pixels[:427, :360]).all()
    assert pixels.std() > 10
    assert pixels.dtype == np.uint8


def test_another_network_is_refused(tmp_path: Path) -> None:
    save(PhotoNet(), tmp_path / "photo.safetensors")
    with pytest.raises(WeightsError, match="no micro network"):
        micro_network(tmp_path / "photo.safetensors")
    with pytest.raises(WeightsError, match="does not fit"):
        microast_network(tmp_path / "photo.safetensors")
