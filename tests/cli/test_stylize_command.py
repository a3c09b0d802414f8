"""``bottega stylize`` where all is well."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bottega import pictures
from bottega.cli import main
from bottega.files import file_sha256

Quick = Callable[..., list[str]]


def test_default_name_and_recipe(bench: Path, quick: Quick, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "photo.png", "--style", "style.png", *quick()]) == 0
    results = bench / "photo-style-optimize-32px.png"
    assert capsys.readouterr().out.startswith("photo-style-optimize-32px.png (32 × 24 pixels")
    assert Image.open(results).size == (32, 24)
    recipe = pictures.read_recipe(results)
    assert recipe is not None
    assert recipe["tool"] == "stylize"
    assert recipe["content"]["path"] == "photo.png"
    assert recipe["content"]["sha256"] == file_sha256(bench / "photo.png")
    style = recipe["styles"][0]
    assert (style["kind"], style["path"], style["weight"]) == ("file", "style.png", 1.0)
    assert recipe["encoder"]["name"] == "tiny"
    assert recipe["settings"]["device"] == "cpu"
    assert recipe["settings"]["threads"] == 1
    assert recipe["settings"]["iterations"] == 1


def test_regions_weights_and_leave(bench: Path, quick: Quick) -> None:
    words = [
        "--style",
        "background=style.png:0.3",
        "--style",
        "background=risograph@2",
        "--region",
        "subject=mask.png",
    ]
    assert (
        main(["stylize", "photo.png", *words, "--protect", "subject", "-o", "out.png", *quick("--size", "0")])
        == 0
    )
    before, after = np.asarray(Image.open("photo.png")), np.asarray(Image.open("out.png"))
    assert np.array_equal(before[:, :20], after[:, :20])
    assert not np.array_equal(before[:, 20:], after[:, 20:])
    recipe = pictures.read_recipe("out.png")
    assert recipe is not None
    style = recipe["styles"][1]
    assert (style["kind"], style["name"], style["seed"]) == ("bundled", "risograph", 2)


def test_alpha_comes_back(bench: Path, quick: Quick) -> None:
    image = Image.open("photo.png").convert("RGBA")
    image.putalpha(Image.open("mask.png"))
    image.save("cut.png")
    assert main(["stylize", "cut.png", "--style", "style.png", "-o", "out.png", *quick("--size", "0")]) == 0
    assert np.array_equal(np.asarray(Image.open("out.png"))[..., 3], np.asarray(Image.open("mask.png")))


def test_sheet_and_preview(bench: Path, quick: Quick, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--sheet", "sheet.png", "--preview", "preview.jpg", "--preview-every", "0.1"]
    more = ["--iterations", "30"]
    assert main(["stylize", "photo.png", "--style", "style.png", *quick(*more, *files)]) == 0
    assert "sheet.png" in capsys.readouterr().out.splitlines()[-1]
    assert Image.open("sheet.png").width > 3 * 32
    assert Image.open("preview.jpg").format == "JPEG"


def test_json_speaks_json_only(bench: Path, quick: Quick, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stylize", "photo.png", "--style", "style.png", *quick(), "--json"]) == 0
    captured = capsys.readouterr()
    events = [json.loads(line) for line in captured.out.splitlines()]
    assert captured.err == ""
    assert {event["event"] for event in events[:-1]} == {"progress"}
    done = [event["done"] for event in events[:-1]]
    assert done == sorted(done)
    assert 0 < done[-1] <= 1
    assert events[-1]["event"] == "result"
    assert events[-1]["files"] == ["photo-style-optimize-32px.png"]
    assert (events[-1]["width"], events[-1]["height"]) == (32, 24)


def test_quiet_says_only_the_file(bench: Path, quick: Quick, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quiet", "stylize", "photo.png", "--style", "style.png", *quick()]) == 0
    assert capsys.readouterr() == ("photo-style-optimize-32px.png\n", "")


def test_output_folder_takes_the_default_name(bench: Path, quick: Quick) -> None:
    (bench / "results").mkdir()
    assert main(["stylize", "photo.png", "--style", "style.png", "-o", "results", *quick()]) == 0
    assert (bench / "results" / "photo-style-optimize-32px.png").exists()


def test_colors_can_be_kept(bench: Path, quick: Quick) -> None:
    base = ["stylize", "photo.png", "--style", "style.png", *quick()]
    assert main([*base, "-o", "a.png"]) == 0
    assert main([*base, "-o", "b.png", "--keep-color"]) == 0
    assert main([*base, "-o", "c.png", "--keep-color", "--color-method", "match"]) == 0
    results = [Path(name).read_bytes() for name in ("a.png", "b.png", "c.png")]
    assert len(set(results)) == 3


def test_sixteen_bits(bench: Path, quick: Quick) -> None:
    assert main(["stylize", "photo.png", "--style", "style.png", "--bits", "16", *quick()]) == 0
    assert pictures.load("photo-style-optimize-32px.png").bits == 16


def test_a_finished_state_is_removed(bench: Path, quick: Quick) -> None:
    assert main(["stylize", "photo.png", "--style", "style.png", "--checkpoint", "work.state", *quick()]) == 0
    assert not (bench / "work.state").exists()
