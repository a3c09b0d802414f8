"""Votes, proposals, revocation and files of a model."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from simulated_artist import TRAITS, empty_model, pool, simulate_votes

from bottega.errors import OutputError, SettingsError
from bottega.personalize.preference import Item, ItemSpace, PreferenceModel

ITEMS = pool(300)


def utility(item: Item) -> float:
    """Likes muted colors, and a light of about 0.3."""
    return -2 * item.traits["color"] - 1.5 * (item.traits["light"] - 0.3) ** 2


@pytest.fixture(scope="module")
def trained() -> PreferenceModel:
    return simulate_votes(empty_model(ITEMS), ITEMS, utility, 12)


def order(model: PreferenceModel, items: list[Item]) -> float:
    """Share of pairs of fresh items in their true order."""
    true, predicted = np.array([utility(i) for i in items]), model.utility(items)[0]
    upper = np.triu_indices(len(items), 1)
    return float(((true[:, None] > true)[upper] == (predicted[:, None] > predicted)[upper]).mean())


def test_learns_from_picks(trained: PreferenceModel) -> None:
    assert order(trained, pool(200, seed=9)) > 0.8


def test_learns_from_ratings_and_likes() -> None:
    model, true = empty_model(ITEMS), np.array([utility(item) for item in ITEMS])
    grades = np.searchsorted(np.quantile(true, [0.2, 0.4, 0.6, 0.8]), true) + 1
    for item, stars in zip(ITEMS[:60], grades[:60], strict=True):
        model.rate(item, int(stars))
    assert order(model, pool(200, seed=9)) > 0.85
    shy = empty_model(ITEMS)
    for item in sorted(ITEMS, key=utility)[-12:]:
        shy.like(item)
    assert order(shy, pool(200, seed=9)) > 0.65


def test_generous_ratings_count_by_their_differences() -> None:
    """Who gives nothing but four and five still message which is better."""
    model, middle = empty_model(ITEMS), np.median([utility(item) for item in ITEMS])
    for item in ITEMS[:60]:
        model.rate(item, 5 if utility(item) > middle else 4)
    assert order(model, pool(200, seed=9)) > 0.75


def test_uncertainty_shrinks(trained: PreferenceModel) -> None:
    """Less of what may be is left open, in proportion to what is thought to set items apart."""
    means, deviations = trained.utility(pool(50, seed=9))
    assert deviations.mean() < 0.7 * means.std()
    assert empty_model(ITEMS).utility(pool(50, seed=9))[0].std() == 0


def test_proposals_improve(trained: PreferenceModel) -> None:
    true = sorted(map(utility, ITEMS))
    mean = [np.mean([utility(trained.items[name]) for name in event.items]) for event in trained.events]
    assert np.mean(mean[1:7]) > np.mean(true) + 1
    best = trained.propose(pool(300, seed=9, name="q"), explore=0)
    assert np.mean([utility(item) for item in best]) > np.quantile(true, 0.95)


def test_items_are_proposed_once(trained: PreferenceModel) -> None:
    names = [name for event in trained.events for name in event.items]
    assert len(names) == len(set(names))
    last = trained.propose(ITEMS, 50)
    assert len(last) == 50
    assert not {item.id for item in last} & set(names)


def test_items_of_a_proposal_differ(trained: PreferenceModel) -> None:
    """Copies of the best item are not all proposed."""
    fresh = pool(60, seed=9, name="q")
    best = max(fresh, key=utility)
    copies = [best.model_copy(update={"id": f"copy{number}"}) for number in range(30)]
    proposed = trained.propose([*copies, *fresh], explore=0)
    assert sum(item.id.startswith("copy") or item.id == best.id for item in proposed) == 1


def test_fewer_candidates_than_places() -> None:
    assert len(empty_model(ITEMS).propose(ITEMS[:4])) == 4
    model = empty_model(ITEMS)
    model.like(ITEMS[50])
    copies = [ITEMS[0].model_copy(update={"id": f"copy{number}"}) for number in range(4)]
    assert len({item.id for item in model.propose(copies)}) == 4


def test_the_first_proposal_represents_the_pool() -> None:
    """Nine clusters, one item of each."""
    rng = np.random.default_rng(0)
    items = [
        Item(
            id=f"{a}{b}{n}",
            traits={"light": 10.0 * a + rng.normal() / 9, "color": 10.0 * b + rng.normal() / 9},
        )
        for a in range(3)
        for b in range(3)
        for n in range(8)
    ]
    sheet = PreferenceModel.from_pool(TRAITS[:2], items).propose(items)
    assert len({item.id[:2] for item in sheet}) == 9


def test_same_seed_same_proposals(trained: PreferenceModel) -> None:
    again = PreferenceModel(trained.space, events=trained.events, items=trained.items.values())
    assert [i.id for i in again.propose(ITEMS)] == [i.id for i in trained.propose(ITEMS)]
    other = PreferenceModel(trained.space, seed=1, events=trained.events, items=trained.items.values())
    assert {i.id for i in other.propose(ITEMS)} != {i.id for i in trained.propose(ITEMS)}


def test_a_presentation_is_not_a_vote() -> None:
    model = empty_model(ITEMS)
    model.log_shown(ITEMS[:9])
    assert model.votes == {}
    assert not {item.id for item in model.propose(ITEMS)} & {item.id for item in ITEMS[:9]}


def test_a_revoked_vote_leaves_no_trace(trained: PreferenceModel) -> None:
    without = trained.at_revision(trained.revision)
    vote = without.like(min(ITEMS, key=utility))
    fresh = pool(30, seed=9)
    disturbed = without.utility(fresh)[0]
    assert without.revoke(vote) == vote + 1
    assert not np.array_equal(disturbed, trained.utility(fresh)[0])
    np.testing.assert_array_equal(without.utility(fresh)[0], trained.utility(fresh)[0])
    assert vote not in without.votes


def test_a_later_rating_replaces_an_earlier_one() -> None:
    first, second = empty_model(ITEMS), empty_model(ITEMS)
    first.rate(ITEMS[0], 1)
    changed = first.rate(ITEMS[0], 5)
    second.rate(ITEMS[0], 5)
    np.testing.assert_array_equal(first.utility(ITEMS)[0], second.utility(ITEMS)[0])
    first.revoke(changed)  # and the earlier one stands again
    assert [vote.stars for vote in first.votes.values()] == [1]


def test_earlier_revisions(trained: PreferenceModel) -> None:
    assert trained.revision == 12
    early = trained.at_revision(3)
    assert early.revision == 3
    assert order(early, pool(200, seed=9)) < order(trained, pool(200, seed=9))
    with pytest.raises(SettingsError, match="0 to 12"):
        trained.at_revision(13)


def test_liked() -> None:
    model = empty_model(ITEMS)
    model.pick(ITEMS[2], ITEMS[:9])
    model.rate(ITEMS[3], 4)
    model.rate(ITEMS[4], 3)
    model.like(ITEMS[5])
    model.pick(ITEMS[10], ITEMS[9:18])
    model.rate(ITEMS[10], 2)  # on second thoughts
    assert [item.id for item in model.liked()] == ["p2", "p3", "p5"]


def test_a_file_holds_everything(trained: PreferenceModel, tmp_path: Path) -> None:
    path = trained.save(tmp_path / "model.preferences.json")
    again = PreferenceModel.load(path)
    assert again.events == trained.events
    np.testing.assert_array_equal(again.posterior.mean, trained.posterior.mean)
    again.save(tmp_path / "again.preferences.json")
    assert path.read_bytes() == (tmp_path / "again.preferences.json").read_bytes()


@pytest.mark.parametrize(("change", "message"), [
    (lambda c: c.clear(), "not a preferences file"),
    (lambda c: c.update({"bottega preferences": 9}), "version 9"),
    (lambda c: c["events"].append({"kind": "rating", "item": "p0", "stars": 7}), "damaged"),
    (lambda c: c["events"].append({"kind": "like", "item": "nobody"}), "nobody is missing"),
    (lambda c: c["events"].append({"kind": "revocation", "vote": 99}), "later vote"),
    (lambda c: c["space"]["means"].pop(), "do not fit"),
    (lambda c: c["items"][0]["embedding"].pop(), "do not fit"),
    (lambda c: c["items"][0]["traits"].update(light=float("nan")), "damaged"),
])  # fmt: skip
def test_bad_files(change, message: str, trained: PreferenceModel, tmp_path: Path) -> None:
    path = trained.save(tmp_path / "model.preferences.json")
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(SettingsError, match=message):
        PreferenceModel.load(path)


def test_files_of_other_formats(tmp_path: Path, trained: PreferenceModel) -> None:
    with pytest.raises(SettingsError, match="Cannot read"):
        PreferenceModel.load(tmp_path / "nowhere.json")
    for text in ("", "[]", "7", "{"):
        (tmp_path / "note.json").write_text(text)
        with pytest.raises(SettingsError, match="not a preferences file"):
            PreferenceModel.load(tmp_path / "note.json")
    with pytest.raises(OutputError, match=r"\.preferences\.json"):
        trained.save(tmp_path / "model.txt")


def test_invalid_arguments_are_refused() -> None:
    model = empty_model(ITEMS)
    nine = ITEMS[:9]
    for chosen, sheet, message in (
        ([], nine, "at least one"),
        (nine, nine, "not all"),
        (ITEMS[50], nine, "not shown"),
        ([nine[0], nine[0]], nine, "twice"),
        (nine[0], [*nine, nine[0]], "twice"),
    ):
        with pytest.raises(SettingsError, match=message):
            model.pick(chosen, sheet)
    for stars in (0, 6, 2.5, True):
        with pytest.raises(SettingsError, match="1, 2, 3, 4 or 5"):
            model.rate(nine[0], stars)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="no votes yet"):
        model.revoke(1)
    vote = model.like(nine[0])
    model.revoke(vote)
    with pytest.raises(SettingsError, match="already"):
        model.revoke(vote)
    with pytest.raises(SettingsError, match="no vote 2"):
        model.revoke(2)  # a revocation is no vote
    with pytest.raises(SettingsError, match="other numbers"):
        model.like(nine[0].model_copy(update={"traits": {"light": 0.1}}))
    with pytest.raises(SettingsError, match="analyze the pictures again"):
        model.like(Item(id="x", traits={}, embedding=(1.0,)))
    with pytest.raises(SettingsError, match="been shown"):
        model.propose([])
    with pytest.raises(SettingsError, match="explore"):
        model.propose(ITEMS, explore=2)
    assert model.revision == 2


def test_units_of_a_pool() -> None:
    items = [Item(id=str(n), traits={"light": n, "space": 7.0}) for n in range(5)]
    items.append(Item(id="unknown", traits={"space": 7.0}))
    space = ItemSpace.from_pool(TRAITS, items)
    result = space.standardize(items)
    np.testing.assert_allclose(result[:5, 0], (np.arange(5) - 2) / np.sqrt(2), rtol=1e-5)
    assert result[5].tolist() == [0, 0, 0, 0]  # unknown is the mean
    assert not result[:, 1:].any()  # unknown everywhere, and the same everywhere
    far = Item(id="far", traits={"light": 1e9})
    assert space.standardize([far])[0, 0] == 3
    with pytest.raises(SettingsError, match="two items"):
        ItemSpace.from_pool(TRAITS, items[:1])
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
    model = PreferenceModel.from_pool(traits, items)
    for start in range(0, 270, 9):
        sheet = items[start : start + 9]
        model.pick(max(sheet, key=lambda item: item.traits["t3"] - item.traits["t7"]), sheet)
    start_time = time.process_time()
    _ = model.posterior
    assert time.process_time() - start_time < 0.6
