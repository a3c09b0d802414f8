"""Every method declares the settings that it supports; others are rejected with a reason."""

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
from bottega.tools.stylize.methods.registry import DEFAULT_METHOD, METHODS, SHARED_SETTINGS
from bottega.tools.stylize.settings import StylizeSettings, TransferSettings

Pass = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("name", list(StylizeSettings.model_fields))
def test_every_setting_is_supported_by_some_method(name: str) -> None:
    assert any(method.supports(name) for method in METHODS.values())


@pytest.mark.parametrize("name", list(METHODS))
def test_supported_settings_exist(name: str) -> None:
    fields = set(StylizeSettings.model_fields)
    assert METHODS[name].supported_settings <= fields
    assert METHODS[name].unsupported_reasons.keys() <= fields - METHODS[name].supported_settings
    assert fields >= SHARED_SETTINGS


@pytest.mark.parametrize("name", list(METHODS))
def test_defaults_are_never_rejected(name: str) -> None:
    assert configure(TransferSettings, {"method": name}).method == name


def test_micro_is_the_default() -> None:
    assert DEFAULT_METHOD == TransferSettings().method == "micro"


UNSUPPORTED = [
    ("micro", "iterations", 3, "--iterations is for the method optimize; micro uses a feed-forward network."),
    ("micro", "start", "noise", "--start is for the method optimize; micro uses a feed-forward network."),
    (
        "micro",
        "smoothness",
        0.2,
        "--smoothness is for the method optimize; micro uses a feed-forward network.",
    ),
    ("photo", "pooling", "max", "--pooling is for the method optimize; photo uses a feed-forward network."),
    (
        "micro",
        "optimizer",
        "adam",
        "--optimizer is for the method optimize; micro uses a feed-forward network.",
    ),
    ("micro", "encoder", "small", "--encoder is for the method optimize; micro uses a feed-forward network."),
    ("micro", "tile", 64, "--tile is for the method optimize; micro uses a feed-forward network."),
    ("micro", "seed", 1, "--seed is for the method optimize; micro uses a feed-forward network."),
    (
        "adain",
        "encoder",
        "small",
        "--encoder is for the method optimize; adain uses the encoder that its network was trained with.",
    ),
    (
        "photo",
        "style_scale",
        2.0,
        "--style-scale is for the methods micro, optimize and adain; photo changes tone and color only.",
    ),
    (
        "adain",
        "color_strength",
        0.5,
        "--color-strength is for the methods micro and photo; adain changes color and texture together, by "
        "--strength.",
    ),
    (
        "multi",
        "strength",
        0.5,
        "--strength is for the methods micro, optimize, photo and adain; multi always applies its styles at "
        "full strength.",
    ),
    (
        "photo",
        "texture",
        0.5,
        "--texture is for the method micro; photo changes tone and color only.",
    ),
    (
        "optimize",
        "texture",
        0.5,
        "--texture is for the method micro; optimize changes color and texture together, by --strength.",
    ),
    ("fast", "engine", "torch", "--engine is for the method micro; fast always runs on torch."),
    (
        "optimize",
        "model",
        "micro",
        "--model is for the methods micro, photo, adain, fast and multi; optimize does not use a style "
        "transfer network.",
    ),
]


@pytest.mark.parametrize(("method", "name", "value", "sentence"), UNSUPPORTED)
def test_unsupported_settings_are_rejected(method: str, name: str, value: object, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        configure(TransferSettings, {"method": method, name: value})
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (["--checkpoint", "w.state"], "--checkpoint"),
        (["--region-style-weight", "background=2"], "--region-style-weight"),
        (["--style-layers.relu2_1", "1"], "--style-layers"),
    ],
)
def test_the_command_line_rejects_them(
    bench: Path, words: list[str], flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stylize", "photo.png", "--style", "style.png", "--method", "photo", *words]) == 2
    message = capsys.readouterr().err.strip()
    assert message == f"bottega: {flag} is for the method optimize; photo uses a feed-forward network."


def test_previews_are_rejected_for_pictures(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flag, value in (("--preview", "p.jpg"), ("--preview-every", "3")):
        assert main(["stylize", "photo.png", "--style", "style.png", flag, value]) == 2
        assert f"{flag.replace('-every', '')}" in capsys.readouterr().err


def test_unsupported_python_arguments(bench: Path, feedforward_settings: Pass) -> None:
    with pytest.raises(SettingsError, match=r"^--region-content-weight is for the method optimize"):
        bottega.stylize(
            "photo.png", "style.png", region_content_weight={"background": 2}, **feedforward_settings()
        )
    with pytest.raises(SettingsError, match=r"^--start is for the method optimize"):
        bottega.stylize("photo.png", "style.png", start="noise", **feedforward_settings())


def test_a_missing_style(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "photo.png"]) == 2
    assert "micro needs --style: a style picture" in capsys.readouterr().err


def test_invalid_models(bench: Path, feedforward_settings: Pass) -> None:
    def run(**settings: Any) -> None:
        bottega.stylize("photo.png", "style.png", **settings)

    with pytest.raises(PictureError, match=r"nowhere\.safetensors does not exist"):
        run(method="micro", model="nowhere.safetensors")
    with pytest.raises(WeightsError, match='no weights called "vast"'):
        run(method="micro", model="vast")
    with pytest.raises(WeightsError, match=r"is a network for the method photo.*add --method photo"):
        run(method="micro", model="tiny-photo")
    with pytest.raises(WeightsError, match="not one of the style transfer networks"):
        run(method="micro", model="tiny")
    # The fixture has registered networks, as trainings of the user's own do.
    with pytest.raises(WeightsError, match=r"adain needs a network .* --model tiny-adain"):
        run(method="adain")
    with pytest.raises(WeightsError, match=r"multi needs a network .* yours: tiny-multi; .* tiny-multi"):
        run(method="multi")
    with pytest.raises(WeightsError, match=r"fast needs a network .* --model tiny-fast"):
        bottega.stylize("photo.png", method="fast")


def test_a_method_without_a_network_says_how_to_make_one(
    bench: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTTEGA_HOME", str(bench / "empty"))
    assert main(["stylize", "photo.png", "--method", "fast"]) == 5
    assert "bottega train style --style painting.jpg --name mine" in capsys.readouterr().err
    assert main(["stylize", "photo.png", "--style", "style.png", "--method", "multi"]) == 5
    assert "bottega train multi" in capsys.readouterr().err


def test_invalid_device_engine_and_precision(bench: Path, feedforward_settings: Pass) -> None:
    for setting in ({"device": "toaster"}, {"engine": "toaster"}, {"precision": "fp8"}):
        with pytest.raises(SettingsError, match=r"toaster|fp8"):
            bottega.stylize("photo.png", "style.png", **feedforward_settings(**setting))


def test_help_lists_methods(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for word in ("--method", "--model", "--engine", "--color-strength", "--compare", "512 for optimize"):
        assert word in text
    assert all(name in text for name, method in METHODS.items() if method.is_listed)
    assert "adain" not in text
    assert "bottega train style" in text


def test_unknown_method(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "photo.png", "--style", "style.png", "--method", "micr"]) == 2
    message = capsys.readouterr().err
    assert "--method" in message
    assert all(f'"{method}"' in message for method in METHODS)
    assert 'Did you mean "micro"?' in message
    with pytest.raises(SettingsError, match="method"):
        TOOLS["stylize"].configure({"content": "a.png", "style": ["b"], "method": "micr"})
