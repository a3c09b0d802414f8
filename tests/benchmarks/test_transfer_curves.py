"""The benchmark of style transfer, on tiny random networks and a made-up collection."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.transfer import __main__ as command
from benchmarks.transfer import candidates
from benchmarks.transfer.curves import best_at, compare, make_curve
from benchmarks.transfer.measures import Scores, equal_contrast, measure
from benchmarks.transfer.methods import load_method
from benchmarks.transfer.microast import MicroASTShaped
from benchmarks.transfer.picture_pairs import make_pairs
from benchmarks.transfer.score import main as score_command
from benchmarks.transfer.score import score
from benchmarks.transfer.score_store import ScoreStore
from bottega import weights
from bottega.errors import SettingsError, WeightsError
from bottega.transfer.feedforward import AdaINNet, MicroNet, MultiStyleNet, save
from recipes.split import held_out_photographs

SIDE = 48


def stripes(period, angle, seed, size=SIDE):
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    turn = torch.tensor(float(angle))
    phase = 2 * torch.pi * (x * turn.cos() + y * turn.sin()) / period
    generator = torch.Generator().manual_seed(seed)
    colors, noise = (
        torch.rand(1, 3, 1, 1, generator=generator),
        torch.randn(1, 3, size, size, generator=generator),
    )
    return (0.2 + 0.6 * colors * (0.5 + 0.5 * phase.sin()) + 0.02 * noise).clamp(0, 1)


def untrained(network):
    """With random weights, always the same."""
    torch.manual_seed(0)
    model = network()
    if network is MicroNet:  # what it adds starts at zero
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(0.05 * torch.randn(weight.shape))
    return model.eval()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Networks in files, by their names."""
    folder = tmp_path_factory.mktemp("networks")
    for name, network in (("micro", MicroNet), ("adain", AdaINNet)):
        save(untrained(network), folder / f"{name}.safetensors")
    state = untrained(MicroASTShaped).state_dict()
    weights.save_file(folder / "microast.safetensors", state, {"architecture": "microast"})
    return {name: folder / f"{name}.safetensors" for name in ("micro", "microast", "adain")}


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """A picture collection of stripes: 40 photographs, some held out, 6 paintings by two painters."""
    root = tmp_path_factory.mktemp("collection")
    rows = [(f"caravaggio/{n}.png", "Caravaggio") for n in range(4)]
    rows += [(f"andrei_rublev/{n}.png", "Andrei Rublev") for n in range(2)]
    names = [f"paintings/{name}" for name, _ in rows] + [f"photos/open/{n}.png" for n in range(40)]
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = (stripes(4 + number % 9, number, number)[0].permute(1, 2, 0) * 255).to(torch.uint8)
        Image.fromarray(pixels.numpy()).resize((60, 52)).save(path)
    with (root / "paintings" / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "artist"), *rows])
    return root


def test_pairs_are_held_out_spread_and_nested(collection):
    pairs = make_pairs(collection, 4, side=SIDE)
    assert {pair.content for pair in pairs} <= set(held_out_photographs(collection))
    assert {pair.artist for pair in pairs[:2]} == {"Caravaggio", "Andrei Rublev"}
    assert make_pairs(collection, 2, side=SIDE) == pairs[:2]
    assert make_pairs(collection, 4, seed=1, side=SIDE) != pairs
    content, style = pairs[0].load()
    assert content.shape == style.shape == (1, 3, SIDE, SIDE)
    every = len(held_out_photographs(collection)) * 6
    names = {pair.name for pair in make_pairs(collection, every)}
    assert len(names) == every
    with pytest.raises(SettingsError, match=str(every)):
        make_pairs(collection, every + 1)


def test_measures_of_known_cases():
    content, style = stripes(6, 0, 0), stripes(11, 0.8, 1)
    unchanged, moved = measure(content, content, style), measure(style, content, style)
    assert unchanged.content == pytest.approx(1)
    assert unchanged.ssim == pytest.approx(1)
    assert moved.style == pytest.approx(0, abs=1e-6)
    assert moved.style_texture == pytest.approx(0, abs=1e-6)
    assert unchanged.style > 0.2 < unchanged.style_texture
    assert moved.content < 0.8
    assert moved.ssim < 0.5
    assert unchanged.style_encoder is None


def test_texture_knows_neither_palette_nor_contrast():
    """Another palette and contrast change the distance to the style, but not that of textures."""
    style = stripes(11, 0.8, 1)
    paler = 0.3 + 0.4 * style
    assert torch.allclose(equal_contrast(style), equal_contrast(paler), atol=1e-4)
    assert measure(paler, style, style).style > 0.1
    assert measure(paler, style, style).style_texture < 1e-3


@pytest.mark.parametrize("name", ["micro", "microast", "adain", "color", "untouched"])
def test_methods_follow_the_strength(name, files):
    paint = load_method(files.get(name, name))
    content, style = stripes(6, 0, 0), stripes(11, 0.8, 1)
    pictures = [paint(content, style, strength) for strength in (0.0, 1.0)]
    for picture in pictures:
        assert picture.shape == content.shape
        assert 0 <= float(picture.min()) <= float(picture.max()) <= 1
    if name in ("micro", "color", "untouched"):
        assert torch.allclose(pictures[0], content, atol=1e-6)
    assert torch.equal(*pictures) == (name == "untouched")


def test_color_only_has_the_mean_of_the_style():
    content, style = stripes(6, 0, 0), stripes(11, 0.8, 1)
    stylized = load_method("color")(content, style, 1.0)
    assert float((stylized - style).mean((2, 3)).abs().max()) < 0.03


def test_fixed_style_networks_are_refused(tmp_path):
    save(MultiStyleNet(["a"]), tmp_path / "multi.safetensors")
    with pytest.raises(WeightsError, match="arbitrary-style"):
        load_method(tmp_path / "multi.safetensors")
    weights.save_file(tmp_path / "microast.safetensors", {"a": torch.zeros(1)}, {"architecture": "microast"})
    with pytest.raises(WeightsError, match="MicroAST"):
        load_method(tmp_path / "microast.safetensors")
    with pytest.raises(WeightsError):
        load_method(tmp_path / "none.safetensors")


def test_missing_methods_say_so(files, monkeypatch):
    monkeypatch.setattr(weights, "entries", list)
    monkeypatch.setattr(candidates.weights, "entry", lambda name: type("Entry", (), {"sha256": "0" * 64}))
    result = {each.name: each for each in candidates.list_candidates(micro=files["micro"])}
    assert result["micro"].source == str(files["micro"])
    for name in ("microast", "adain"):
        assert result[name].source is None
        assert f"--{name}" in result[name].missing


def scores(style, content):
    return Scores(style, style, content, content)


def curve(name, points, pairs=6):
    """A curve through ``points`` (content, style); every pair deviates a little, alike for all curves."""
    shifts = 0.01 * np.random.default_rng(0).standard_normal(pairs)
    rows = [[scores(style + shift, content) for content, style in points] for shift in shifts]
    names = [f"pair {n}" for n in range(pairs)]
    return make_curve(name, name, range(len(points)), names, names, rows)


def test_best_passage_of_a_level():
    contents, styles = np.array([1.0, 0.6, 0.8, 0.4]), np.array([1.0, 0.6, 0.4, 0.0])
    result = best_at(np.array([0.9, 0.7, 0.3]), contents, styles)
    assert result == pytest.approx([0.9, 0.3, np.nan], nan_ok=True)


def test_comparison_at_equal_content():
    """The difference is 0.1 where the lines run side by side; shared deviations of pairs cancel out."""
    baseline = curve("baseline", [(0.9, 0.5), (0.7, 0.4), (0.5, 0.3)])
    method = curve("method", [(1.0, 0.45), (0.6, 0.25)])
    result = compare(method, baseline, "style", "content", levels=5)
    assert result.levels == pytest.approx((0.6, 0.675, 0.75, 0.825, 0.9))
    for difference in result.differences:
        assert difference.estimate == pytest.approx(-0.1)
        assert difference.high - difference.low < 1e-9
    assert result.everywhere
    assert "method lies above baseline everywhere from 0.60 to 0.90" in result.sentence()
    assert "at 5." in result.sentence()
    turned = compare(baseline, method, "style", "content", levels=5)
    assert not turned.everywhere
    assert "at 0 of 5" in turned.sentence()


def test_comparison_that_crosses_and_one_that_never_meets():
    baseline = curve("baseline", [(0.9, 0.5), (0.5, 0.3)])
    crossing = compare(curve("method", [(0.9, 0.6), (0.5, 0.2)]), baseline, "style", "content", levels=5)
    assert not crossing.everywhere
    assert "at 2 of 5 levels" in crossing.sentence()
    separate = compare(curve("method", [(0.4, 0.2), (0.3, 0.1)]), baseline, "style", "content")
    assert not separate.everywhere
    assert "no common level." in separate.sentence()
    above = compare(curve("method", [(1.0, 0.5), (0.95, 0.2)]), baseline, "style", "content")
    assert above.dominates
    assert "method is nearer to the style and keeps more than baseline anywhere does." in above.sentence()
    other = make_curve("o", "o", (0,), ["else"], ["else"], [[scores(1, 1)]])
    with pytest.raises(SettingsError, match="in common"):
        compare(other, baseline, "style", "content")


def test_score_store_continues_after_an_incomplete_line(tmp_path):
    path = tmp_path / "run" / "scores.jsonl"
    first, second, third = (("pair", "method", s, "encoder") for s in (0.0, 0.5, 1.0))
    store = ScoreStore(path)
    store.add(first, scores(0.1, 0.9))
    store.add(second, scores(0.2, 0.8))
    path.write_text(path.read_text()[:-10])
    again = ScoreStore(path)
    assert again.find(first) == scores(0.1, 0.9)
    assert again.find(second) is None
    again.add(third, scores(0.3, 0.7))
    assert set(ScoreStore(path).scores) == {first, third}
    path.write_text(path.read_text().replace('"protocol": ', '"protocol": 1'))
    assert not ScoreStore(path).scores


def test_score_of_one_file(collection, files, capsys):
    pairs = make_pairs(collection, 2, side=SIDE)
    figures = score(files["micro"], pairs)
    assert set(figures) == {"style", "style_texture", "content", "ssim"}
    by_hand = []
    for pair in pairs:
        content, style = pair.load()
        by_hand.append(measure(load_method(files["micro"])(content, style, 1.0), content, style).style)
    assert figures["style"] == pytest.approx(sum(by_hand) / 2)
    score_command("untouched", str(files["micro"]), data=collection, pairs=1, side=SIDE)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("untouched: style ")
    assert "content 1.000, ssim 1.000 (1 pairs" in lines[0]


def test_whole_benchmark_and_going_on(collection, files, tmp_path, capsys):
    settings = {
        "data": collection, "micro": files["micro"], "microast": files["microast"], "pairs": 2, "side": SIDE,
        "quick": True, "workers": 1, "out": tmp_path / "results", "run": tmp_path / "run", "sheet_pairs": 1,
    }  # fmt: skip
    command.curves(**settings)
    printed = capsys.readouterr().out
    text = (tmp_path / "results" / "quick.md").read_text()
    assert text in printed
    for name in ("micro (ours)", "MicroAST's shape", "colors only", "content untouched"):
        assert f"| {name}" in text
    assert "optimization, 300 iterations | missing: left out" in text
    assert "micro (ours) lies above MicroAST's shape" in text or "no common level" in text
    stored = json.loads((tmp_path / "results" / "quick.json").read_text())
    full = stored["methods"]["micro"]["strengths"][-1]
    assert full["strength"] == 1.0
    assert set(full) >= {"style", "style_texture", "style_encoder", "content", "ssim"}
    assert len(stored["methods"]["micro"]["pairs"]) == 2
    for name in ("quick.png", "quick.svg", "quick-all.png", "quick-all.svg"):
        assert (tmp_path / "results" / name).stat().st_size > 5000
    assert (tmp_path / "run" / "quick-sheet.png").exists()

    lines = (tmp_path / "run" / "scores.jsonl").read_text()
    command.curves(**settings)
    assert (tmp_path / "run" / "scores.jsonl").read_text() == lines
    again = json.loads((tmp_path / "results" / "quick.json").read_text())
    assert again["methods"] == stored["methods"]


def test_pictures_that_are_not_there_are_named(tmp_path):
    with pytest.raises(SettingsError, match="collection"):
        make_pairs(tmp_path)
