"""``doctor``, ``styles`` and ``models``."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import torch
from PIL import Image

from bottega import styles, weights
from bottega.errors import MismatchError, OutputError, SettingsError, WeightsError
from bottega.tools.common.optional_packages import PURPOSES, extras
from bottega.tools.common.tool import ToolResult
from bottega.tools.registry import TOOLS


def run(tool: str, /, **settings: object) -> ToolResult:
    return TOOLS[tool].run(TOOLS[tool].configure(settings))


def test_doctor_report(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_THREADS", "1")
    result = run("doctor")
    report = {row[""]: (row["state"], row["what"]) for row in result.rows}
    assert result.error is None
    assert report["weights tiny"][0] == "ok"
    assert report["weights vgg19"][0] == "missing"
    assert "bottega models pull vgg19" in report["weights vgg19"][1]
    assert report["BOTTEGA_THREADS"] == ("ok", "1")
    assert report["extra train"][1].startswith(PURPOSES["train"])
    assert f"tensorboard {metadata.version('tensorboard')}" in report["extra train"][1]
    assert {"device", "precision", "threads", "memory", "formats", "color", "cache"} <= set(report)


def test_doctor_finds_damaged_weights(bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path / "home"))
    metadata = {"kind": "encoder", "architecture": "small", "license": "MIT", "provenance": "zeros"}
    weights.register("mine", {"w": torch.zeros(4)}, {}, **metadata)
    file = weights.path("mine")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert isinstance(run("doctor").error, MismatchError)
    assert isinstance(run("models verify").error, MismatchError)


def test_every_extra_is_listed() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    declared = project["project"]["optional-dependencies"]
    listed = {extra.name: extra for extra in extras()}
    assert set(listed) == set(PURPOSES) == set(declared) - {"dev", "docs", "all"}
    assert all(extra.packages for extra in listed.values())


def test_missing_extra_names_its_command(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["numpy>=1.26", 'no-such-a >=2 ; extra == "video"', "numpy>=1; extra == 'video'"]
    monkeypatch.setattr(metadata, "requires", lambda name: needs)
    row = next(row for row in run("doctor").rows if row[""] == "extra video")
    assert row["state"] == "missing"
    assert row["what"] == f'{PURPOSES["video"]}; pip install "no-such-a>=2" "numpy>=1"'


@pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="needs a folder that takes no files even from root"
)
def test_doctor_finds_a_cache_that_is_not_writable(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_CACHE", "/proc/self/cache")
    result = run("doctor")
    row = next(row for row in result.rows if row[""] == "cache")
    assert row["state"] == "broken"
    assert "BOTTEGA_CACHE" in row["what"]


def test_styles_are_listed(bench: Path) -> None:
    assert [row["name"] for row in run("styles").rows] == list(styles.STYLES)


@pytest.mark.slow
def test_styles_sheet(bench: Path) -> None:
    assert run("styles", sheet="styles.jpg", size=100, quality=50).files == (Path("styles.jpg"),)
    assert 6 * 100 < Image.open("styles.jpg").width < 7 * 100
    with pytest.raises(OutputError, match="--overwrite"):
        run("styles", sheet="styles.jpg")


def test_models_list_show_path(bench: Path) -> None:
    rows = {row["name"]: row for row in run("models list").rows}
    assert rows["tiny"]["installed"] == "yes"
    assert rows["vgg19"]["installed"] == "no"
    assert "vgg19" not in {row["name"] for row in run("models list", installed=True).rows}
    result = run("models show", name="tiny")
    assert result.details["sha256"] == weights.entry("tiny").sha256
    assert {row["field"]: row["value"] for row in result.rows}["installed"] == "yes"
    assert Path(run("models path", name="tiny").summary).is_file()
    with pytest.raises(WeightsError, match="Available: "):
        run("models show", name="vast")
    with pytest.raises(WeightsError, match="models pull"):
        run("models path", name="vgg19")


def test_models_pull_respects_offline(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_OFFLINE", "1")
    with pytest.raises(WeightsError):
        run("models pull", name="squeezenet")


def test_models_convert_and_import(bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path / "home"))
    torch.save({"w": torch.ones(3)}, "foreign.pth")
    result = run("models convert", source="foreign.pth", output="own.safetensors")
    assert torch.equal(weights.load_file("own.safetensors")[0]["w"], torch.ones(3))
    assert result.details["sha256"] in result.summary
    with pytest.raises(OutputError, match="--overwrite"):
        run("models convert", source="foreign.pth", output="own.safetensors")
    run("models import", source="foreign.pth", name="mine", license="CC0")
    assert weights.entry("mine").license == "CC0"
    assert run("models verify", name="mine").rows[0]["state"] == "intact"
    with pytest.raises(SettingsError, match="already"):
        run("models import", source="foreign.pth", name="mine")


def test_convert_never_writes_over_its_input(bench: Path) -> None:
    weights.save_file("own.safetensors", {"w": torch.ones(3)}, {})
    with pytest.raises(OutputError, match="never overwritten"):
        run("models convert", source="own.safetensors", output="own.safetensors", overwrite=True)
