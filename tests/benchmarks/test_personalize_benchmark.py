"""The benchmark of the match, on two adjusted-up pictures."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from benchmarks.personalize.measurements import measure
from benchmarks.personalize.methods import METHODS, Adjusted
from benchmarks.personalize.mixtures import MIXTURES, mixture_curve
from benchmarks.personalize.pairs import Pairs
from benchmarks.personalize.report import report
from benchmarks.personalize.result_rows import append_rows, read_rows
from benchmarks.personalize.sliders import RANGES, rank_correlation, slide, sliders
from bottega.personalize import ATTRIBUTES, analyze


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    coarse = torch.rand(4, 3, 10, 10, generator=torch.Generator().manual_seed(0))
    large = torch.nn.functional.interpolate(coarse, (192, 192), mode="bicubic").clamp(0, 1)
    large[:2] = 0.2 + 0.3 * large[:2]
    return Pairs(large[:2], analyze(large[2:]))


def test_a_picture_matches_its_own_attributes(pairs: Pairs) -> None:
    own = Pairs(pairs.drafts, analyze(pairs.drafts))
    for row in measure(Adjusted(own.drafts, own.drafts), own.drafts, own.requested):
        assert row["match"] == pytest.approx(1, abs=1e-3)
        assert row["content"] == row["in_place"] == pytest.approx(1, abs=1e-3)


def test_contestants_are_in_their_order(pairs: Pairs) -> None:
    scores = {}
    for name in ("untouched", "color transfer", "palette", "closed form"):
        adjusted = METHODS[name](pairs, None)
        assert adjusted.pictures.shape == pairs.drafts.shape
        rows = measure(adjusted, pairs.drafts, pairs.requested)
        scores[name] = sum(row["match"] for row in rows)
    assert scores["untouched"] < scores["color transfer"]
    assert scores["untouched"] < scores["closed form"]


def test_every_number_but_the_palettes_has_a_slider() -> None:
    names = [name for name, _, _ in sliders()]
    assert set(names) == set(RANGES) == set(ATTRIBUTES) - {"palette"}
    assert len({label for _, _, label in sliders()}) == len(names)


def test_a_slider_is_followed(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.personalize.sliders.OPTIMIZER_STEPS", 0)
    curve = slide(pairs.drafts[0], "lightness", ATTRIBUTES["lightness"].columns.start, None)
    assert curve["measured"] == pytest.approx(curve["requested"], abs=0.03)
    assert rank_correlation([curve]) == pytest.approx(1)
    assert rank_correlation([{"requested": [1, 2, 3], "measured": [3, 2, 1]}]) == pytest.approx(-1)


@pytest.mark.parametrize("mixture", MIXTURES[:3:2])
def test_mixtures_are_followed(pairs: Pairs, mixture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.personalize.mixtures.STEPS", 3)
    monkeypatch.setattr("benchmarks.personalize.mixtures.OPTIMIZER_STEPS", 0)
    curve = mixture_curve(mixture, pairs.drafts[0], pairs.drafts[1], None)
    assert curve["requested"] == [0, 0.5, 1]
    assert rank_correlation([curve]) == pytest.approx(1)


def test_a_slider_that_moves_nothing_has_no_correlation() -> None:
    assert rank_correlation([{"requested": [1.0, 2.0], "measured": [1.0, 1.0]}]) == 0
    assert not math.isnan(rank_correlation([{"requested": [1.0, 2.0], "measured": [1.0, 1.0]}]))


def test_the_report_has_both_tables(tmp_path: Path, pairs: Pairs) -> None:
    rows = measure(Adjusted(pairs.drafts, pairs.drafts), pairs.drafts, pairs.requested)
    append_rows(
        tmp_path / "match.jsonl", [{"method": "untouched", "pair": i, **r} for i, r in enumerate(rows)]
    )
    append_rows(
        tmp_path / "sliders.jsonl",
        [{"slider": "warmth", "picture": 0, "requested": [0, 1], "measured": [0, 1]}],
    )
    append_rows(tmp_path / "match-faces.jsonl", [{"method": "untouched", "pair": 0, **rows[0]}])
    assert len(read_rows(tmp_path / "match.jsonl")) == 2
    text = report(tmp_path)
    assert "| untouched | 2 |" in text
    assert "| untouched | 1 |" in text.split("## Drafts of the generator faces")[1]
    assert "| warmth | 1 | 1.00 | 1.00 |" in text
    assert (tmp_path / "sliders.png").exists()
    assert (tmp_path / "personalize.md").read_text() == text
