"""The whole optimization in bfloat16 with the packaged encoder, as it runs by default where supported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_optimize_checkpoint import StopAt, stylize

from bottega import pictures, runtime
from bottega.errors import Cancelled
from bottega.tools.registry import TOOLS

Settings = dict[str, object]


@pytest.fixture
def bf16(bench: Path, quick_optimize_settings: Settings) -> Settings:
    """The quick settings with the packaged encoder and the arithmetic that this machine chooses by itself."""
    if runtime.select_dtype(torch.device("cpu")) is not torch.bfloat16:
        pytest.skip("this processor does not multiply bfloat16 natively")
    return {**quick_optimize_settings, "device": "cpu", "precision": "auto", "encoder": "small"}


def samples(path: str) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(float)


def test_remake_gives_the_same_pixels(bf16: Settings) -> None:
    stylize(output="out.png", **bf16)
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    assert recipe["settings"]["precision"] == "bf16"
    assert recipe["encoder"]["name"] == "small"
    tool = TOOLS["remake"]
    again = tool.run(tool.configure({"picture": "out.png", "verify": True, "output": "again.png"}))
    assert "same pixels" in again.summary
    assert np.array_equal(samples("out.png"), samples("again.png"))


def test_float32_result_is_close(bf16: Settings) -> None:
    stylize(output="half.png", **bf16)
    stylize(output="whole.png", **{**bf16, "precision": "fp32"})
    difference = np.abs(samples("half.png") - samples("whole.png"))
    # Rounding sends the descent another way, to the same style; the photograph is 16 of 255 away.
    assert 0 < difference.mean() < 10


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_stopped_run_resumes_bit_for_bit_in_bf16(bf16: Settings, optimizer: str) -> None:
    stylize(output="straight.png", optimizer=optimizer, bits=16, **bf16)
    with pytest.raises(Cancelled, match=r"resumes from work\.state"):
        stylize(
            StopAt(0.6), output="broken.png", checkpoint="work.state", optimizer=optimizer, bits=16, **bf16
        )
    stylize(output="broken.png", checkpoint="work.state", optimizer=optimizer, bits=16, **bf16)
    assert Path("broken.png").read_bytes() == Path("straight.png").read_bytes()


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_tiles_make_the_same_picture(bf16: Settings, optimizer: str) -> None:
    for name, tile in (("whole.png", 0), ("tiled.png", 64)):
        stylize(output=name, tile=tile, optimizer=optimizer, **{**bf16, "size": 160, "first_size": 160})
    difference = np.abs(samples("whole.png") - samples("tiled.png"))
    assert 0 < difference.mean() < 2
    photo = np.asarray(Image.open("photo.png").resize((160, 120), Image.Resampling.BICUBIC)).astype(float)
    assert np.abs(samples("whole.png") - photo).mean() > 10, "something was painted"
