"""The benchmark of learning from choices: artists are what they claim to be, sessions give sane figures."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.choices import artists
from benchmarks.choices.item_pool import ItemPool, synthetic_items
from benchmarks.choices.learners import LEARNERS, Linear, fit_linear
from benchmarks.choices.session import GRIDS, run
from benchmarks.choices.tables import write
from bottega.runtime import system_info


@pytest.fixture(scope="module")
def pool() -> ItemPool:
    """Few traits, so that fits are quick."""
    whole = synthetic_items(traits=6, embedding=3)
    return dataclasses.replace(whole, pool=whole.pool[:300], held_out=whole.held_out[:150])


@pytest.mark.parametrize("kind", list(artists.KINDS))
def test_artists_are_consistent(kind: str, pool: ItemPool) -> None:
    items = [*pool.pool, *pool.held_out]
    one, again = (artists.make(kind, items, 0.5, seed=3) for _ in range(2))
    assert one.utilities == again.utilities
    true = one.true(items)
    assert true.mean() == pytest.approx(0, abs=1e-9)
    assert true.std() == pytest.approx(1)
    other = artists.make(kind, items, 0.5, seed=4).true(items)
    assert abs(np.corrcoef(true, other)[0, 1]) < 0.95


def test_kinds_by_hand() -> None:
    u = np.random.default_rng(0).standard_normal((2000, 6))
    fitted = u @ np.linalg.lstsq(u, artists.linear(u, np.random.default_rng(1)), rcond=None)[0]
    np.testing.assert_allclose(fitted, artists.linear(u, np.random.default_rng(1)))
    mixed = artists.interactions(u, np.random.default_rng(1))
    explained = u @ np.linalg.lstsq(u, mixed, rcond=None)[0]
    assert explained.var() / mixed.var() == pytest.approx(0.5, abs=0.1)
    bell = artists.peaked(u, np.random.default_rng(1))
    assert bell.max() <= 1
    assert bell.min() > 0


def test_noise_is_as_strong_as_said(pool: ItemPool) -> None:
    """Of two pictures, the better is picked as often as the logistic function says."""
    items = [*pool.pool, *pool.held_out]
    artist = artists.make("linear", items, 0.5, seed=0)
    low, high = sorted(items[:2], key=lambda item: artist.utilities[item.id])
    distance = (artist.utilities[high.id] - artist.utilities[low.id]) / 0.5
    share = np.mean([artist.pick([low, high]).id == high.id for _ in range(4000)])
    assert share == pytest.approx(1 / (1 + np.exp(-distance)), abs=0.03)


def test_the_plain_linear_model_finds_a_direction(pool: ItemPool) -> None:
    rng = np.random.default_rng(0)
    true = np.array([1.5, -1.0, 0.0])
    candidates = rng.standard_normal((400, 9, 3))
    best = (candidates @ true + rng.gumbel(size=(400, 9))).argmax(1)
    choice_sets = np.array([np.roll(grid, -b, axis=0) for grid, b in zip(candidates, best, strict=True)])
    np.testing.assert_allclose(fit_linear(choice_sets, np.zeros(3)), true, atol=0.2)
    model = Linear(pool, 0)
    first = model.propose()
    model.pick(first[0], first)
    second = model.propose()
    assert not {item.id for item in first} & {item.id for item in second}
    assert len(second) == 9


def test_sessions_and_table(pool: ItemPool, tmp_path: Path) -> None:
    rows = []
    for learner in LEARNERS:
        rows += run(learner, "linear", 0.3, 1, pool, (2, 12))
    ends = {row.learner: row for row in rows if row.grids == 12}
    for row in rows:
        assert 0 <= row.pairs <= 1
        assert 0 <= row.proposed <= 1
    assert all(row.pairs > 0.7 for row in ends.values())
    assert ends["full model"].proposed > 0.85
    assert np.isfinite(ends["full model"].update)
    rows = [dataclasses.replace(row, grids=GRIDS if row.grids == 12 else row.grids) for row in rows]
    header = {"command": "test", "pool": pool.name, "machine": system_info(), "bottega": "0"}
    table = write(rows, header, tmp_path).read_text(encoding="utf-8")
    assert table.count("| linear | 0.3 |") == 6
    cache = json.loads((tmp_path / "choices.json").read_text(encoding="utf-8"))
    assert len(cache["rows"]) == len(rows)
    assert len(cache["rows"][0]) == len(cache["columns"])
