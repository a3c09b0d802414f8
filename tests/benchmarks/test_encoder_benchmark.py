"""The measures of the encoder benchmark, each on small cases whose answer is known."""

import csv
import json

import pytest
import torch
from PIL import Image

from benchmarks.encoders import inputs, picture_changes, report
from benchmarks.encoders.candidates import load_candidates, trained_encoder
from benchmarks.encoders.crop_test import crop_test
from benchmarks.encoders.identity import identity
from benchmarks.encoders.minimize import minimize
from benchmarks.encoders.retrieval import retrieval
from benchmarks.encoders.synthesis import noise_like, synthesize, texture_distances
from bottega import weights
from bottega.encoders import build_encoder
from bottega.encoders.random_filters import RandomFilters
from bottega.errors import WeightsError
from bottega.evaluation import Interval


def stripes(period, angle, size=48, seed=0):
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    turn = torch.tensor(float(angle))
    phase = 2 * torch.pi * (x * turn.cos() + y * turn.sin()) / period
    colors = torch.rand(1, 3, 1, 1, generator=torch.Generator().manual_seed(seed))
    noise = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(seed + 100))
    return (0.2 + 0.6 * colors * (0.5 + 0.5 * phase.sin()) + 0.02 * noise).clamp(0, 1)


@pytest.fixture(scope="module")
def encoder():
    return RandomFilters(16).frozen()


def test_crop_test_separates_clear_styles(encoder):
    pairs = []
    for index, (period, angle) in enumerate([(4, 0), (9, 1.5), (14, 0.8), (6, 2.3), (20, 0)]):
        a, b = stripes(period, angle, 96, index)[..., :48], stripes(period, angle, 96, index)[..., 48:]
        pairs.append(inputs.CropPair(f"artist {index}", f"{index}", a, b))
    result = crop_test(encoder, pairs, variant="in color", term="wasserstein", negatives=3, resamples=50)
    assert result.estimate > 0.9
    shuffled = [
        inputs.CropPair(pair.artist, pair.painting, pair.first, other.second)
        for pair, other in zip(pairs, pairs[1:] + pairs[:1], strict=True)
    ]
    wrong = crop_test(encoder, shuffled, variant="in color", term="wasserstein", negatives=3, resamples=50)
    assert wrong.estimate < 0.6


def test_crops_are_disjoint_and_from_held_out_painters(tmp_path):
    """Every pixel of the made-up paintings encodes its column, so overlapping crops would show."""
    rows = [(f"caravaggio/{n}.png", "Caravaggio") for n in range(3)] + [
        ("claude_monet/0.png", "Claude Monet")
    ]
    for name, _ in rows:
        path = tmp_path / "paintings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        ramp = torch.arange(80, dtype=torch.uint8).expand(40, 80)
        Image.fromarray((ramp if "0" in name else ramp.T).contiguous().numpy()).convert("RGB").save(path)
    with (tmp_path / "paintings" / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "artist"), *rows])
    pairs = inputs.crop_pairs(tmp_path, 10, 32)
    assert {pair.artist for pair in pairs} == {"Caravaggio"}
    assert len(pairs) == 3
    for pair in pairs:
        assert pair.first.shape == pair.second.shape == (1, 3, 32, 32)
        assert pair.first.max() < pair.second.min()


def test_equal_colors_are_equal():
    generator = torch.Generator().manual_seed(0)
    for scale in (0.05, 0.1):
        picture = 0.3 + scale * torch.randn(1, 3, 64, 64, generator=generator)
        pixels = picture_changes.equalize_colors(picture)[0].flatten(1)
        expected = 0.04 * torch.tensor([[1.0, 0.9, 0.9], [0.9, 1.0, 0.9], [0.9, 0.9, 1.0]])
        assert torch.allclose(pixels.mean(1), torch.full((3,), 0.45), atol=0.01)
        # Clamping to [0, 1] takes a little of the variance.
        assert torch.allclose(torch.cov(pixels), expected, atol=0.004)


def test_color_change_keeps_range_and_moves_hue():
    picture = stripes(9, 0.4)
    changed = picture_changes.change_color(picture, torch.Generator().manual_seed(1))
    assert changed.shape == picture.shape
    assert float(changed.min()) >= 0
    assert float(changed.max()) <= 1
    assert float((changed - picture).abs().mean()) > 0.02


def test_repainting_keeps_flat_areas_and_edges():
    """The Kuwahara filter leaves a step between two flat areas as it is; a blur would not."""
    step = torch.zeros(1, 3, 32, 32)
    step[..., 16:] = 1
    assert torch.allclose(picture_changes.kuwahara_filter(step), step, atol=1e-6)
    rough = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert picture_changes.kuwahara_filter(rough).var() < 0.3 * rough.var()


def test_descent_finds_the_minimum_inside_the_range():
    expected = torch.tensor([0.2, 0.9, 1.5]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    result = minimize(lambda picture: (picture - expected).square().mean(), torch.full((1, 3, 4, 4), 0.5), 30)
    assert torch.allclose(result, expected.clamp(0, 1), atol=1e-3)


def test_noise_has_the_colors_of_the_target():
    generator = torch.Generator().manual_seed(0)
    mixing = torch.tensor([[0.08, 0.02, 0.0], [0.02, 0.06, 0.0], [0.0, 0.03, 0.05]])
    pixels = mixing @ torch.randn(3, 64 * 64, generator=generator)
    target = (0.5 + pixels).view(1, 3, 64, 64)
    noise = noise_like(target, (64, 64), 0)[0].flatten(1)
    assert torch.allclose(noise.mean(1), target[0].flatten(1).mean(1), atol=0.01)
    assert torch.allclose(torch.cov(noise), torch.cov(target[0].flatten(1)), atol=1e-3)


def test_synthesis_comes_nearer_than_noise(encoder):
    target, size = stripes(9, 0.4, 64), (48, 48)
    start = texture_distances([noise_like(target, size, 0)], [target])[0]
    textures = synthesize(encoder, [target], size, term="wasserstein", iterations=40)
    assert textures[0].shape == (1, 3, 48, 48)
    assert texture_distances(textures, [target])[0] < 0.7 * start


def test_identity_from_the_content_stays(encoder):
    assert identity(encoder, [stripes(9, 0.4)], start="content", term="gram", iterations=3)[0] > 45


def test_retrieval_of_stripes_is_perfect(encoder):
    photographs = [stripes(period, period, seed=period) for period in (5, 9, 14, 20, 30)]
    assert retrieval(encoder, photographs, "repainting").tolist() == [1] * 5


def test_contestants_share_the_shape_but_not_the_weights(tmp_path):
    path = tmp_path / "run" / "encoder.safetensors"
    path.parent.mkdir()
    trained = build_encoder("small", seed=4)
    weights.save_file(path, trained.state_dict(), {"architecture": "small"})
    result = load_candidates([str(path)], torch.rand(2, 3, 32, 32), 2)
    assert [len(candidate.encoders) for candidate in result] == [1, 2, 2, 2]
    assert result[0].name == "run/encoder"
    first = [next(net.parameters()) for candidate in result[:3] for net in candidate.encoders]
    assert len({tensor.shape for tensor in first}) == 1
    assert len({float(tensor.sum()) for tensor in first}) == 5
    assert len(load_candidates([str(path)] * 2, torch.rand(2, 3, 32, 32), 1, baselines=False)) == 2


def test_other_weights_are_rejected(tmp_path):
    path = tmp_path / "other.safetensors"
    weights.save_file(path, {"a": torch.zeros(1)}, {"architecture": "artist"})
    with pytest.raises(WeightsError, match="artist"):
        trained_encoder(str(path))


def test_report_has_every_figure(tmp_path):
    results = {
        "ours": {"crop test (AUC)": [Interval(0.9, 0.8, 0.95)]},
        "random": {"crop test (AUC)": [Interval(0.7, 0.6, 0.8), Interval(0.8, 0.7, 0.9)]},
    }
    header = {
        "command": "python -m benchmarks.encoders",
        "machine": {"cpu": "a processor", "workers": 2, "torch": "2"},
        "anchors": {"noise": 1.0, "halves": 0.1},
        "minutes": 3,
    }
    table = report.write(results, header, tmp_path, "table").read_text()
    assert "| crop test (AUC) | 0.900 [0.800, 0.950] | 0.750 (0.700–0.800) |" in table
    stored = json.loads((tmp_path / "table.json").read_text())
    assert stored["results"]["random"]["crop test (AUC)"][1]["estimate"] == 0.8
