"""The benchmark of the match, on two made-up pictures."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from benchmarks.personalize.contestants import CONTESTANTS, Made
from benchmarks.personalize.ledger import append, rows_of
from benchmarks.personalize.material import Pairs
from benchmarks.personalize.measures import measure
from benchmarks.personalize.report import report
from benchmarks.personalize.sliders import RANGES, rank_correlation, slide, sliders
from benchmarks.personalize.ways import WAYS, walk
from bottega.personalize import ATTRIBUTES, read


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    coarse = torch.rand(4, 3, 10, 10, generator=torch.Generator().manual_seed(0))
    large = torch.nn.functional.interpolate(coarse, (192, 192), mode="bicubic").clamp(0, 1)
    large[:2] = 0.2 + 0.3 * large[:2]
    return Pairs(large[:2], read(large[2:]))


def test_asked_of_itself_a_picture_matches(pairs: Pairs) -> None:
    own = Pairs(pairs.drafts, read(pairs.drafts))
    for row in measure(Made(own.drafts, own.drafts), own.drafts, own.asked):
        assert row["match"] == pytest.approx(1, abs=1e-3)
        assert row["content"] == row["in_place"] == pytest.approx(1, abs=1e-3)


def test_contestants_are_in_their_order(pairs: Pairs) -> None:
    found = {}
    for name in ("untouched", "colour transfer", "palette", "closed form"):
        made = CONTESTANTS[name](pairs, None)
        assert made.pictures.shape == pairs.drafts.shape
        rows = measure(made, pairs.drafts, pairs.asked)
        found[name] = sum(row["match"] for row in rows)
    assert found["untouched"] < found["colour transfer"]
    assert found["untouched"] < found["closed form"]


def test_every_number_but_the_palettes_has_a_slider() -> None:
    names = [name for name, _, _ in sliders()]
    assert set(names) == set(RANGES) == set(ATTRIBUTES) - {"palette"}
    assert len({label for _, _, label in sliders()}) == len(names)


def test_a_slider_is_followed(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.personalize.sliders.REFINE", 0)
    curve = slide(pairs.drafts[0], "lightness", ATTRIBUTES["lightness"].part.start, None)
    assert curve["got"] == pytest.approx(curve["asked"], abs=0.03)
    assert rank_correlation([curve]) == pytest.approx(1)
    assert rank_correlation([{"asked": [1, 2, 3], "got": [3, 2, 1]}]) == pytest.approx(-1)


@pytest.mark.parametrize("way", WAYS[:3:2])
def test_a_way_is_gone(pairs: Pairs, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.personalize.ways.STEPS", 3)
    monkeypatch.setattr("benchmarks.personalize.ways.REFINE", 0)
    curve = walk(way, pairs.drafts[0], pairs.drafts[1], None)
    assert curve["asked"] == [0, 0.5, 1]
    assert rank_correlation([curve]) == pytest.approx(1)


def test_a_slider_that_moves_nothing_has_no_correlation() -> None:
    assert rank_correlation([{"asked": [1.0, 2.0], "got": [1.0, 1.0]}]) == 0
    assert not math.isnan(rank_correlation([{"asked": [1.0, 2.0], "got": [1.0, 1.0]}]))


def test_the_report_has_both_tables(tmp_path: Path, pairs: Pairs) -> None:
    rows = measure(Made(pairs.drafts, pairs.drafts), pairs.drafts, pairs.asked)
    append(
        tmp_path / "match.jsonl", [{"contestant": "untouched", "pair": i, **r} for i, r in enumerate(rows)]
    )
    append(tmp_path / "sliders.jsonl", [{"slider": "warmth", "picture": 0, "asked": [0, 1], "got": [0, 1]}])
    append(tmp_path / "match-faces.jsonl", [{"contestant": "untouched", "pair": 0, **rows[0]}])
    assert len(rows_of(tmp_path / "match.jsonl")) == 2
    text = report(tmp_path)
    assert "| untouched | 2 |" in text
    assert "| untouched | 1 |" in text.split("## Drafts of the generator faces")[1]
    assert "| warmth | 1 | 1.00 | 1.00 |" in text
    assert (tmp_path / "sliders.png").exists()
    assert (tmp_path / "personalize.md").read_text() == text
