"""Votes, proposals, revocation and files of a taste."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from tastes import TRAITS, blank, pool, teach

from bottega.errors import OutputError, SettingsError
from bottega.personalize.choices import Item, Space, Taste

ITEMS = pool(300)


def colour(item: Item) -> float:
    """Likes muted colours, and a light of about 0.3."""
    return -2 * item.traits["colour"] - 1.5 * (item.traits["light"] - 0.3) ** 2


@pytest.fixture(scope="module")
def taught() -> Taste:
    return teach(blank(ITEMS), ITEMS, colour, 12)


def order(taste: Taste, items: list[Item]) -> float:
    """Share of pairs of fresh items in their true order."""
    true, said = np.array([colour(i) for i in items]), taste.utility(items)[0]
    upper = np.triu_indices(len(items), 1)
    return float(((true[:, None] > true)[upper] == (said[:, None] > said)[upper]).mean())


def test_learns_from_picks(taught: Taste) -> None:
    assert order(taught, pool(200, seed=9)) > 0.8


def test_learns_from_ratings_and_likes() -> None:
    taste, true = blank(ITEMS), np.array([colour(item) for item in ITEMS])
    grades = np.searchsorted(np.quantile(true, [0.2, 0.4, 0.6, 0.8]), true) + 1
    for item, stars in zip(ITEMS[:60], grades[:60], strict=True):
        taste.rate(item, int(stars))
    assert order(taste, pool(200, seed=9)) > 0.85
    shy = blank(ITEMS)
    for item in sorted(ITEMS, key=colour)[-12:]:
        shy.like(item)
    assert order(shy, pool(200, seed=9)) > 0.65


def test_a_generous_artist_is_read_by_differences() -> None:
    """Who gives nothing but four and five still says which is better."""
    taste, middle = blank(ITEMS), np.median([colour(item) for item in ITEMS])
    for item in ITEMS[:60]:
        taste.rate(item, 5 if colour(item) > middle else 4)
    assert order(taste, pool(200, seed=9)) > 0.75


def test_doubt_shrinks(taught: Taste) -> None:
    """Less of what may be is left open, in proportion to what is thought to set items apart."""
    means, deviations = taught.utility(pool(50, seed=9))
    assert deviations.mean() < 0.7 * means.std()
    assert blank(ITEMS).utility(pool(50, seed=9))[0].std() == 0


def test_preference_is_a_probability(taught: Taste) -> None:
    best, worst = max(ITEMS, key=colour), min(ITEMS, key=colour)
    assert taught.preference(best, worst) > 0.9
    assert taught.preference(best, worst) + taught.preference(worst, best) == pytest.approx(1)
    assert taught.preference(best, best) == pytest.approx(0.5)


def test_proposals_please_more_and_more(taught: Taste) -> None:
    true = sorted(map(colour, ITEMS))
    mean = [np.mean([colour(taught.items[name]) for name in event.shown]) for event in taught.events]
    assert np.mean(mean[1:7]) > np.mean(true) + 1
    best = taught.propose(pool(300, seed=9, name="q"), explore=0)
    assert np.mean([colour(item) for item in best]) > np.quantile(true, 0.95)


def test_nothing_is_proposed_twice(taught: Taste) -> None:
    names = [name for event in taught.events for name in event.shown]
    assert len(names) == len(set(names))
    last = taught.propose(ITEMS, 50)
    assert len(last) == 50
    assert not {item.id for item in last} & set(names)


def test_proposals_differ_within(taught: Taste) -> None:
    """Copies of the best item are not all proposed."""
    fresh = pool(60, seed=9, name="q")
    best = max(fresh, key=colour)
    copies = [best.model_copy(update={"id": f"copy{number}"}) for number in range(30)]
    proposed = taught.propose([*copies, *fresh], explore=0)
    assert sum(item.id.startswith("copy") or item.id == best.id for item in proposed) == 1


def test_fewer_candidates_than_places() -> None:
    assert len(blank(ITEMS).propose(ITEMS[:4])) == 4
    taste = blank(ITEMS)
    taste.like(ITEMS[50])
    twins = [ITEMS[0].model_copy(update={"id": f"twin{number}"}) for number in range(4)]
    assert len({item.id for item in taste.propose(twins)}) == 4


def test_first_proposal_stands_for_all() -> None:
    """Nine clusters, one item of each."""
    rng = np.random.default_rng(0)
    items = [
        Item(
            id=f"{a}{b}{n}",
            traits={"light": 10.0 * a + rng.normal() / 9, "colour": 10.0 * b + rng.normal() / 9},
        )
        for a in range(3)
        for b in range(3)
        for n in range(8)
    ]
    shown = Taste.of(TRAITS[:2], items).propose(items)
    assert len({item.id[:2] for item in shown}) == 9


def test_same_seed_same_proposals(taught: Taste) -> None:
    again = Taste(taught.space, events=taught.events, items=taught.items.values())
    assert [i.id for i in again.propose(ITEMS)] == [i.id for i in taught.propose(ITEMS)]
    other = Taste(taught.space, seed=1, events=taught.events, items=taught.items.values())
    assert {i.id for i in other.propose(ITEMS)} != {i.id for i in taught.propose(ITEMS)}


def test_shown_is_no_vote() -> None:
    taste = blank(ITEMS)
    taste.present(ITEMS[:9])
    assert taste.votes == {}
    assert not {item.id for item in taste.propose(ITEMS)} & {item.id for item in ITEMS[:9]}


def test_revoked_is_as_never_cast(taught: Taste) -> None:
    without = taught.at(taught.revision)
    vote = without.like(min(ITEMS, key=colour))
    fresh = pool(30, seed=9)
    disturbed = without.utility(fresh)[0]
    assert without.revoke(vote) == vote + 1
    assert not np.array_equal(disturbed, taught.utility(fresh)[0])
    np.testing.assert_array_equal(without.utility(fresh)[0], taught.utility(fresh)[0])
    assert vote not in without.votes


def test_a_later_rating_replaces_an_earlier_one() -> None:
    first, second = blank(ITEMS), blank(ITEMS)
    first.rate(ITEMS[0], 1)
    changed = first.rate(ITEMS[0], 5)
    second.rate(ITEMS[0], 5)
    np.testing.assert_array_equal(first.utility(ITEMS)[0], second.utility(ITEMS)[0])
    first.revoke(changed)  # and the earlier one stands again
    assert [vote.stars for vote in first.votes.values()] == [1]


def test_earlier_revisions(taught: Taste) -> None:
    assert taught.revision == 12
    early = taught.at(3)
    assert early.revision == 3
    assert order(early, pool(200, seed=9)) < order(taught, pool(200, seed=9))
    with pytest.raises(SettingsError, match="0 to 12"):
        taught.at(13)


def test_liked() -> None:
    taste = blank(ITEMS)
    taste.pick(ITEMS[2], ITEMS[:9])
    taste.rate(ITEMS[3], 4)
    taste.rate(ITEMS[4], 3)
    taste.like(ITEMS[5])
    taste.pick(ITEMS[10], ITEMS[9:18])
    taste.rate(ITEMS[10], 2)  # on second thoughts
    assert [item.id for item in taste.liked()] == ["p2", "p3", "p5"]


def test_a_file_holds_everything(taught: Taste, tmp_path: Path) -> None:
    path = taught.save(tmp_path / "taste.json")
    again = Taste.load(path)
    assert again.events == taught.events
    np.testing.assert_array_equal(again.belief.mean, taught.belief.mean)
    again.save(tmp_path / "again.json")
    assert path.read_bytes() == (tmp_path / "again.json").read_bytes()


@pytest.mark.parametrize(("change", "says"), [
    (lambda c: c.clear(), "no profile"),
    (lambda c: c.update({"bottega taste": 9}), "version 9"),
    (lambda c: c["events"].append({"kind": "rating", "item": "p0", "stars": 7}), "damaged"),
    (lambda c: c["events"].append({"kind": "like", "item": "nobody"}), "nobody is missing"),
    (lambda c: c["events"].append({"kind": "revocation", "vote": 99}), "later vote"),
    (lambda c: c["space"]["means"].pop(), "do not fit"),
    (lambda c: c["items"][0]["embedding"].pop(), "do not fit"),
    (lambda c: c["items"][0]["traits"].update(light=float("nan")), "damaged"),
])  # fmt: skip
def test_bad_files(change, says: str, taught: Taste, tmp_path: Path) -> None:
    path = taught.save(tmp_path / "taste.json")
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(SettingsError, match=says):
        Taste.load(path)


def test_files_that_are_none(tmp_path: Path, taught: Taste) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        Taste.load(tmp_path / "nowhere.json")
    for text in ("", "[]", "7", "{"):
        (tmp_path / "note.json").write_text(text)
        with pytest.raises(SettingsError, match="no profile"):
            Taste.load(tmp_path / "note.json")
    with pytest.raises(OutputError, match=r"\.json"):
        taught.save(tmp_path / "taste.txt")


def test_what_is_refused() -> None:
    taste = blank(ITEMS)
    nine = ITEMS[:9]
    for chosen, shown, says in (
        ([], nine, "at least one"),
        (nine, nine, "not all"),
        (ITEMS[50], nine, "not shown"),
        ([nine[0], nine[0]], nine, "twice"),
        (nine[0], [*nine, nine[0]], "twice"),
    ):
        with pytest.raises(SettingsError, match=says):
            taste.pick(chosen, shown)
    for stars in (0, 6, 2.5, True):
        with pytest.raises(SettingsError, match="1, 2, 3, 4 or 5"):
            taste.rate(nine[0], stars)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="none yet"):
        taste.revoke(1)
    vote = taste.like(nine[0])
    taste.revoke(vote)
    with pytest.raises(SettingsError, match="already"):
        taste.revoke(vote)
    with pytest.raises(SettingsError, match="no vote 2"):
        taste.revoke(2)  # a revocation is no vote
    with pytest.raises(SettingsError, match="other numbers"):
        taste.like(nine[0].model_copy(update={"traits": {"light": 0.1}}))
    with pytest.raises(SettingsError, match="another way"):
        taste.like(Item(id="x", traits={}, embedding=(1.0,)))
    with pytest.raises(SettingsError, match="been shown"):
        taste.propose([])
    with pytest.raises(SettingsError, match="explore"):
        taste.propose(ITEMS, explore=2)
    assert taste.revision == 2


def test_units_of_a_pool() -> None:
    items = [Item(id=str(n), traits={"light": n, "space": 7.0}) for n in range(5)]
    items.append(Item(id="unknown", traits={"space": 7.0}))
    space = Space.of(TRAITS, items)
    found = space.coordinates(items)
    np.testing.assert_allclose(found[:5, 0], (np.arange(5) - 2) / np.sqrt(2), rtol=1e-5)
    assert found[5].tolist() == [0, 0, 0, 0]  # unknown is the mean
    assert not found[:, 1:].any()  # unknown everywhere, and the same everywhere
    far = Item(id="far", traits={"light": 1e9})
    assert space.coordinates([far])[0, 0] == 3
    with pytest.raises(SettingsError, match="two items"):
        Space.of(TRAITS, items[:1])
    with pytest.raises(ValueError, match="finite"):
        Item(id="bad", traits={"light": float("nan")})


def test_an_update_after_thirty_grids_is_quick() -> None:
    """With as many traits as pictures have; the aim is 0.2 s on two idle cores, this one may be shared."""
    rng = np.random.default_rng(0)
    traits = [TRAITS[0].model_copy(update={"name": f"t{n}"}) for n in range(18)]
    items = [
        Item(
            id=str(n),
            traits={t.name: float(rng.normal()) for t in traits},
            embedding=tuple(rng.normal(size=24)),
        )
        for n in range(270)
    ]
    taste = Taste.of(traits, items)
    for start in range(0, 270, 9):
        shown = items[start : start + 9]
        taste.pick(max(shown, key=lambda item: item.traits["t3"] - item.traits["t7"]), shown)
    begin = time.process_time()
    _ = taste.belief
    assert time.process_time() - begin < 0.6
