"""``bottega train …`` for styles: from the command line to a registered network; stopping and resuming."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from bottega import weights
from bottega.cli import main
from bottega.errors import BottegaError, Cancelled, OutputError, SettingsError, WeightsError
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.registry import TOOLS
from bottega.transfer.feedforward import (
    FineTunedNet,
    MicroNet,
    MultiStyleNet,
    StyleTarget,
    TransformerNet,
    load,
    save,
)

TINY: dict[str, Any] = {
    "encoder": "tiny",
    "steps": 3,
    "size": 32,
    "batch": 1,
    "style_size": 64,
    "precision": "fp32",
    "threads": 1,
}


@pytest.fixture
def workspace(bench: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bench with a folder of photographs, a base network and a weights folder of its own."""
    monkeypatch.setenv("BOTTEGA_HOME", str(bench.parent / "home"))
    from bottega import encoders

    entry = {"kind": "encoder", "architecture": "small", "license": "MIT", "provenance": "random numbers"}
    state = encoders.build_encoder("small", seed=1).state_dict()
    weights.register("tiny", state, {"architecture": "small"}, **entry)
    (bench / "photos").mkdir()
    for name in ("photo.png", "other.png"):
        (bench / name).rename(bench / "photos" / name)
    torch.manual_seed(0)
    save(MicroNet(fine=4, coarse=4, blocks=0, deep_blocks=0), bench / "base.safetensors")
    return bench


class Listener(ProgressReporter):
    def __init__(self, stop_after: int = 10**9) -> None:
        self.notes: list[str] = []
        self.checks, self.stop_after = 0, stop_after

    def note(self, message: str) -> None:
        self.notes.append(message)

    def cancelled(self) -> bool:
        self.checks += 1
        return self.checks > self.stop_after


def run(tool: str, report: ProgressReporter | None = None, **values: Any) -> Any:
    return TOOLS[tool].run(TOOLS[tool].configure({**TINY, **values}), report)


def style_values(**changes: Any) -> dict[str, Any]:
    values = {"style": "style.png", "photos": "photos", "network": "micro", "base": "base.safetensors"}
    return {**values, **changes}


def test_train_style_from_the_command_line(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["train", "style", "--style", "style.png", "--photos", "photos"]
    args += ["--network", "micro", "--base", "base.safetensors"]
    for name, value in TINY.items():
        args += [f"--{name.replace('_', '-')}", str(value)]
    assert main([*args, "-o", "My Style.safetensors", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"progress", "result"} <= {event["event"] for event in events}
    assert all(0 <= event["done"] <= 1 for event in events if event["event"] == "progress")
    assert "--method fast --model my-style" in events[-1]["summary"]

    entry = weights.entry("my-style")
    assert (entry.origin, entry.kind, entry.architecture) == ("own", "network", "fitted")
    assert entry.metrics["steps"] == 3
    network = load("my-style")
    assert isinstance(network, FineTunedNet)
    _, configuration = weights.load_file(workspace / "My Style.safetensors")
    assert configuration["styles"][0]["name"] == "style.png"
    assert len(configuration["styles"][0]["sha256"]) == 64
    assert (configuration["photographs"], configuration["steps"]) == (2, 3)
    assert (configuration["base"], configuration["encoder"]) == ("base.safetensors", "tiny")
    assert {"loss", "step"} <= configuration["losses"].keys()
    run_folder = workspace / "my-style.training"
    assert {"last.pt", "best.pt", "metrics.jsonl", "recipe.json", "preview.jpg"} <= {
        path.name for path in run_folder.iterdir()
    }


def test_stopping_and_resuming_changes_nothing(workspace: Path) -> None:
    run("train style", **style_values(name="straight"))
    with pytest.raises(
        Cancelled, match=r"Stopped after 2 steps; the same command resumes from halted\.training"
    ):
        run("train style", Listener(stop_after=1), **style_values(name="halted"))
    assert isinstance(load(workspace / "halted.training" / "unfinished.safetensors"), FineTunedNet)
    assert "halted" not in [entry.name for entry in weights.entries()]
    listener = Listener()
    run("train style", listener, **style_values(name="halted"))
    assert listener.notes == ["Resuming halted.training after 2 steps."]
    one, other = (load(name).state_dict() for name in ("straight", "halted"))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX systems")
def test_ctrl_c_saves_the_network_so_far(workspace: Path) -> None:
    args = [
        "train",
        "style",
        "--style",
        "style.png",
        "--photos",
        "photos",
        "--network",
        "fast",
        "--name",
        "x",
    ]
    for name, value in (TINY | {"steps": 100_000}).items():
        args += [f"--{name.replace('_', '-')}", str(value)]
    command = [sys.executable, "-m", "bottega", *args]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (workspace / "x.training" / "metrics.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    message = stderr.splitlines()[-1]
    assert re.fullmatch(
        r"bottega: Stopped after \d+ steps; the same command resumes from x\.training\. "
        r"The network so far is x\.training/unfinished\.safetensors\.",
        message,
    ), message
    assert isinstance(load(workspace / "x.training" / "unfinished.safetensors"), TransformerNet)


def test_other_settings_cannot_resume(workspace: Path) -> None:
    with pytest.raises(Cancelled):
        run("train style", Listener(stop_after=1), **style_values(name="x"))
    with pytest.raises(SettingsError, match=r"a training with style_weight 3\.0, not 5\.0"):
        run("train style", **style_values(name="x", style_weight=5.0))
    with pytest.raises(SettingsError, match=r"a training with style style\.png, not woodcut"):
        run("train style", **style_values(name="x", style="woodcut"))


def test_a_replaced_style_file_or_photograph_is_noticed_on_resume(workspace: Path) -> None:
    with pytest.raises(Cancelled):
        run("train style", Listener(stop_after=1), **style_values(name="x"))
    style, photo = workspace / "style.png", workspace / "photos" / "photo.png"
    contents = style.read_bytes(), photo.read_bytes()
    style.write_bytes(contents[1])
    with pytest.raises(SettingsError, match=r"x\.training holds a training with other styles; use the same"):
        run("train style", **style_values(name="x"))
    style.write_bytes(contents[0])
    photo.write_bytes(contents[0])
    with pytest.raises(SettingsError, match="a training with other photographs"):
        run("train style", **style_values(name="x"))
    photo.write_bytes(contents[1])
    run("train style", **style_values(name="x"))


def test_default_network_is_the_fine_tuned_micro_network(workspace: Path) -> None:
    run("train style", style="style.png", photos="photos", steps=1, name="mine")
    network = load("mine")
    assert isinstance(network, FineTunedNet)
    assert network.texture


def test_missing_photographs_are_noted(workspace: Path) -> None:
    listener = Listener()
    run("train style", listener, style="woodcut", network="micro", base="base.safetensors", steps=1)
    assert "two sample photographs" in listener.notes[0]
    assert load("woodcut").training is False


def test_fast_network_starts_from_random_weights(workspace: Path) -> None:
    listener = Listener()
    values = {"style": "style.png", "photos": "photos", "steps": 1, "width": 2, "name": "classical"}
    run("train style", listener, network="fast", **values)
    network = load("classical")
    assert isinstance(network, TransformerNet)
    assert ["--base" in note for note in listener.notes] == [True]
    assert network.configuration["width"] == 2


def test_several_styles_and_a_new_one(workspace: Path) -> None:
    values = {"photos": "photos", "width": 2, "blocks": 0}
    result = run("train multi", **values, style=["style.png", "woodcut@3"], output="two.safetensors")
    assert "--method multi --model two" in result.summary
    network = load("two")
    assert isinstance(network, MultiStyleNet)
    assert network.styles == ("style", "woodcut@3")

    listener = Listener()
    result = run(
        "train add-style", listener, network="two", style="photos/other.png", photos="photos", name="three"
    )
    assert "The new style starts from" in listener.notes[0]
    larger = load("three")
    assert isinstance(larger, MultiStyleNet)
    assert larger.styles == ("style", "woodcut@3", "other")
    content = torch.rand(1, 3, 32, 32)
    for name in network.styles:
        vectors = (network.style_vector({name: 1}), larger.style_vector({name: 1}))
        assert torch.equal(network(content, vectors[0]), larger(content, vectors[1]))
    with pytest.raises(SettingsError, match='has a style "style" already; give another --style-name'):
        run("train add-style", network="two", style="style.png", photos="photos", name="four")
    with pytest.raises(WeightsError, match="not a network of several styles"):
        run("train add-style", network="base.safetensors", style="style.png", photos="photos", name="four")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"output": "style.png"}, OutputError, "written as .safetensors only"),
        ({"output": "nowhere/x.safetensors"}, OutputError, "nowhere does not exist"),
        ({"output": "base.safetensors"}, OutputError, "already exists"),
        ({"name": "tiny"}, SettingsError, 'A network "tiny" exists already'),
        ({"name": "small"}, SettingsError, "weights of Bottega"),
        ({"name": "Große Wörter!"}, SettingsError, "cannot name a network"),
        ({"preview": "x.txt"}, OutputError, "x.txt"),
        ({"style": "woodkut"}, SettingsError, 'Did you mean "woodcut"'),
        ({"photos": "nowhere"}, BottegaError, "nowhere"),
        ({"size": 50}, SettingsError, "multiple of 16"),
        ({"minutes": 0}, SettingsError, "minutes is 0"),
        ({"network": "quick"}, SettingsError, "micro"),
    ],
)  # fmt: skip
def test_invalid_settings(
    workspace: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    before = {path.name for path in workspace.iterdir()}
    with pytest.raises(error, match=message.replace(".", r"\.")):
        run("train style", **style_values(**changes))
    assert {path.name for path in workspace.iterdir()} == before


def test_trained_network_stylizes(workspace: Path) -> None:
    run("train style", **style_values(name="mine"))
    network = load("mine")
    assert isinstance(network, FineTunedNet)
    content = torch.rand(1, 3, 40, 56)
    whole = network(content)
    assert whole.shape == content.shape
    assert float((whole - network.recolor_and_texture(content)).abs().mean()) < float(
        (whole - content).abs().mean()
    )
    alone = network.network.stylize(content, StyleTarget(network.code, 0.0))
    assert torch.equal(alone, content)
