"""Explanations of a preference model."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_artist import empty_model, pool, simulate_votes

from bottega.personalize.preference import Item, TraitPreference

ITEMS = pool(300)


def preferences(utility, grids: int = 14) -> dict[str, TraitPreference]:  # type: ignore[no-untyped-def]
    explained = simulate_votes(empty_model(ITEMS), ITEMS, utility, grids).explain()
    return {preference.trait: preference for preference in explained.preferences}


def test_less_and_more_of_a_trait() -> None:
    result = preferences(lambda item: 2 * item.traits["stroke"] - 2 * item.traits["color"])
    assert result["stroke"].words == "high stroke"
    assert result["color"].words == "low color"
    for name in ("stroke", "color"):
        assert result[name].is_significant
        assert result[name].certainty > 0.95
        assert result[name].win_rate > 0.85
    assert result["stroke"].value > 0.5
    assert result["color"].value < -0.5
    assert result["space"].win_rate < result["stroke"].win_rate


def test_a_best_value_in_the_middle() -> None:
    result = preferences(lambda item: -1.5 * (item.traits["light"] - 0.1) ** 2, 20)["light"]
    assert result.words == "medium light"
    assert result.certainty > 0.7
    assert result.value == pytest.approx(0.1, abs=0.4)


def test_traits_together() -> None:
    model = simulate_votes(
        empty_model(ITEMS), ITEMS, lambda item: -3 * item.traits["light"] * item.traits["color"], 20
    )
    both = model.explain().interactions[0]
    assert set(both.traits) == {"light", "color"}
    assert set(both.words) in ({"high light", "low color"}, {"low light", "high color"})
    assert "more with" in str(both)


def test_the_share_that_traits_do_not_explain() -> None:
    def utility(item: Item) -> float:
        return 3 * item.embedding[1]

    explained = simulate_votes(empty_model(ITEMS), ITEMS, utility, 14).explain()
    assert explained.unexplained_share > 0.4
    named = simulate_votes(empty_model(ITEMS), ITEMS, lambda item: 3 * item.traits["light"], 14).explain()
    assert named.unexplained_share < 0.2


def test_nothing_is_claimed_without_votes() -> None:
    explained = empty_model(ITEMS).explain()
    assert explained.significant == ()
    assert len(explained.sentences()) == 1
    assert "too few choices" in explained.sentences()[0]


def test_random_picks_give_hardly_any_claims() -> None:
    """An artist who picks blindly: claims are as rare as their certainty says, or rarer."""
    claims = 0
    for seed in range(5):
        model, rng = empty_model(ITEMS, seed), np.random.default_rng(seed)
        for start in range(0, 108, 9):
            sheet = ITEMS[start : start + 9]
            model.pick(sheet[rng.integers(9)], sheet)
        claims += len(model.explain().significant)
    assert claims <= 4  # of 20 traits


def test_sentences() -> None:
    preference = TraitPreference("stroke", "large strokes", 0.8, 0.84, 0.972)
    assert str(preference) == (
        "You prefer large strokes: chosen 84 times in 100 against the opposite (certainty 97 %)."
    )
