"""What a taste says of itself."""

from __future__ import annotations

import numpy as np
import pytest
from tastes import blank, pool, teach

from bottega.personalize.choices import Favour, Item

ITEMS = pool(300)


def favours(utility, grids: int = 14) -> dict[str, Favour]:  # type: ignore[no-untyped-def]
    explained = teach(blank(ITEMS), ITEMS, utility, grids).explain()
    return {favour.trait: favour for favour in explained.favours}


def test_less_and_more_of_a_trait() -> None:
    found = favours(lambda item: 2 * item.traits["stroke"] - 2 * item.traits["colour"])
    assert found["stroke"].words == "high stroke"
    assert found["colour"].words == "low colour"
    for name in ("stroke", "colour"):
        assert found[name].known
        assert found[name].certainty > 0.95
        assert found[name].wins > 0.85
    assert found["stroke"].value > 0.5
    assert found["colour"].value < -0.5
    assert found["space"].wins < found["stroke"].wins


def test_a_favourite_in_the_middle() -> None:
    found = favours(lambda item: -1.5 * (item.traits["light"] - 0.1) ** 2, 20)["light"]
    assert found.words == "middling light"
    assert found.certainty > 0.7
    assert found.value == pytest.approx(0.1, abs=0.4)


def test_traits_together() -> None:
    taste = teach(blank(ITEMS), ITEMS, lambda item: -3 * item.traits["light"] * item.traits["colour"], 20)
    both = taste.explain().together[0]
    assert set(both.traits) == {"light", "colour"}
    assert set(both.words) in ({"high light", "low colour"}, {"low light", "high colour"})
    assert "more with" in both.sentence()


def test_what_has_no_name() -> None:
    def seen(item: Item) -> float:
        return 3 * item.embedding[1]

    explained = teach(blank(ITEMS), ITEMS, seen, 14).explain()
    assert explained.unnamed > 0.4
    named = teach(blank(ITEMS), ITEMS, lambda item: 3 * item.traits["light"], 14).explain()
    assert named.unnamed < 0.2


def test_nothing_is_claimed_without_votes() -> None:
    explained = blank(ITEMS).explain()
    assert explained.known == ()
    assert explained.sentences() == [
        "Too little is known yet to say what you favour; a few more choices will tell."
    ]


def test_nothing_is_claimed_of_chance() -> None:
    """An artist who picks blindly: claims are as rare as their certainty says, or rarer."""
    claims = 0
    for seed in range(5):
        taste, rng = blank(ITEMS, seed), np.random.default_rng(seed)
        for start in range(0, 108, 9):
            shown = ITEMS[start : start + 9]
            taste.pick(shown[rng.integers(9)], shown)
        claims += len(taste.explain().known)
    assert claims <= 4  # of 20 traits


def test_sentences() -> None:
    favour = Favour("stroke", "large strokes", 0.8, 0.84, 0.972)
    assert favour.sentence() == (
        "You favour large strokes: chosen 84 times in 100 against the opposite (certainty 97 %)."
    )
