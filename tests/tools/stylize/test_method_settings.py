"""Which settings a method honours is declared with it; what it cannot honour is refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bottega
from bottega.cli import main
from bottega.errors import PictureError, SettingsError, WeightsError
from bottega.tools.common.tool import configure
from bottega.tools.registry import TOOLS
from bottega.tools.stylize import StylizeSettings
from bottega.tools.stylize.methods import DEFAULT_METHOD, METHODS
from bottega.tools.stylize.methods.base import COMMON
from bottega.tools.stylize.settings import TransferSettings

Pass = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("name", list(StylizeSettings.model_fields))
def test_every_setting_is_honoured_by_some_method(name: str) -> None:
    assert any(method.honours(name) for method in METHODS.values())


@pytest.mark.parametrize("name", list(METHODS))
def test_what_a_method_takes_exists(name: str) -> None:
    fields = set(StylizeSettings.model_fields)
    assert METHODS[name].takes <= fields
    assert METHODS[name].reasons.keys() <= fields - METHODS[name].takes
    assert fields >= COMMON


@pytest.mark.parametrize("name", list(METHODS))
def test_defaults_never_refuse(name: str) -> None:
    assert configure(TransferSettings, {"method": name}).method == name


def test_micro_is_what_is_done_by_itself() -> None:
    assert DEFAULT_METHOD == TransferSettings().method == "micro"


REFUSED = [
    ("micro", "iterations", 3, "--iterations is for the method optimize; micro paints in one pass."),
    ("micro", "start", "noise", "--start is for the method optimize; micro paints in one pass."),
    ("micro", "smoothness", 0.2, "--smoothness is for the method optimize; micro paints in one pass."),
    ("photo", "pooling", "max", "--pooling is for the method optimize; photo paints in one pass."),
    ("micro", "solver", "adam", "--solver is for the method optimize; micro paints in one pass."),
    ("micro", "encoder", "small", "--encoder is for the method optimize; micro paints in one pass."),
    ("micro", "tile", 64, "--tile is for the method optimize; micro paints in one pass."),
    ("micro", "seed", 1, "--seed is for the method optimize; micro paints in one pass."),
    (
        "adain",
        "encoder",
        "small",
        "--encoder is for the method optimize; adain looks through the encoder that its network was trained "
        "with.",
    ),
    (
        "photo",
        "style_scale",
        2.0,
        "--style-scale is for the methods micro, optimize and adain; photo moves tones and colours and lays "
        "no strokes.",
    ),
    (
        "adain",
        "color_strength",
        0.5,
        "--color-strength is for the methods micro and photo; adain moves colours and strokes together, by "
        "--strength.",
    ),
    (
        "multi",
        "strength",
        0.5,
        "--strength is for the methods micro, optimize, photo and adain; multi paints its styles as strongly "
        "as it was trained to.",
    ),
    (
        "photo",
        "marks",
        0.5,
        "--marks is for the method micro; photo moves tones and colours and lays no strokes.",
    ),
    ("optimize", "marks", 0.5, "--marks is for the method micro; optimize finds strokes step by step."),
    ("fast", "engine", "torch", "--engine is for the method micro; fast always runs on torch."),
    (
        "optimize",
        "model",
        "micro",
        "--model is for the methods micro, photo, adain, fast and multi; optimize paints without a network "
        "that was trained to paint.",
    ),
]


@pytest.mark.parametrize(("method", "name", "value", "sentence"), REFUSED)
def test_what_cannot_be_honoured_is_refused(method: str, name: str, value: object, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        configure(TransferSettings, {"method": method, name: value})
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (["--state", "w.state"], "--state"),
        (["--region-style-weight", "background=2"], "--region-style-weight"),
        (["--style-layers.relu2_1", "1"], "--style-layers"),
    ],
)
def test_the_command_line_refuses_them_too(
    bench: Path, words: list[str], flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stylize", "photo.png", "--style", "style.png", "--method", "photo", *words]) == 2
    told = capsys.readouterr().err.strip()
    assert told == f"bottega: {flag} is for the method optimize; photo paints in one pass."


def test_previews_are_refused_for_pictures(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flag, value in (("--preview", "p.jpg"), ("--preview-every", "3")):
        assert main(["stylize", "photo.png", "--style", "style.png", flag, value]) == 2
        assert f"{flag.replace('-every', '')}" in capsys.readouterr().err


def test_programs_hear_of_region_weights(bench: Path, quick_pass: Pass) -> None:
    with pytest.raises(SettingsError, match=r"^--region-content-weight is for the method optimize"):
        bottega.stylize("photo.png", "style.png", region_content_weight={"background": 2}, **quick_pass())
    with pytest.raises(SettingsError, match=r"^--start is for the method optimize"):
        bottega.stylize("photo.png", "style.png", start="noise", **quick_pass())


def test_a_style_is_asked_for(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "photo.png"]) == 2
    assert "micro needs --style: a picture whose manner to take" in capsys.readouterr().err


def test_models_that_cannot_be_used(bench: Path, quick_pass: Pass) -> None:
    def run(**settings: Any) -> None:
        bottega.stylize("photo.png", "style.png", **settings)

    with pytest.raises(PictureError, match=r"no file nowhere\.safetensors"):
        run(method="micro", model="nowhere.safetensors")
    with pytest.raises(WeightsError, match='no weights called "vast"'):
        run(method="micro", model="vast")
    with pytest.raises(WeightsError, match=r"is a network of the method photo.*add --method photo"):
        run(method="micro", model="tiny-photo")
    with pytest.raises(WeightsError, match="not one of the style transfer networks"):
        run(method="micro", model="tiny")
    for method in ("adain", "multi"):
        with pytest.raises(WeightsError, match=f"{method} needs a network .* --model {method}.safetensors"):
            run(method=method)
    with pytest.raises(WeightsError, match="fast needs a network"):
        bottega.stylize("photo.png", method="fast")


def test_a_device_and_an_engine_that_are_none(bench: Path, quick_pass: Pass) -> None:
    for setting in ({"device": "toaster"}, {"engine": "toaster"}, {"precision": "fp8"}):
        with pytest.raises(SettingsError, match=r"toaster|fp8"):
            bottega.stylize("photo.png", "style.png", **quick_pass(**setting))


def test_the_help_tells_of_methods(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for word in ("--method", "--model", "--engine", "--color-strength", "--compare", "512 for optimize"):
        assert word in text
    assert all(method in text for method in METHODS)


def test_a_method_that_is_none(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "photo.png", "--style", "style.png", "--method", "micr"]) == 2
    assert (
        "choose micro, optimize, photo, adain, fast or multi. Did you mean micro?" in capsys.readouterr().err
    )
    with pytest.raises(SettingsError, match="method"):
        TOOLS["stylize"].configure({"content": "a.png", "style": ["b"], "method": "micr"})
