"""The preference model of one artist: votes in; utilities, proposals and explanations out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bottega.errors import SettingsError
from bottega.personalize.preference.acquisition import representative_items, thompson_proposal
from bottega.personalize.preference.events import (
    MAX_STARS,
    Event,
    Like,
    Pick,
    Presentation,
    Rating,
    Revocation,
    Vote,
    active_votes,
    item_ids,
    liked_items,
)
from bottega.personalize.preference.explain import Explanation, explain
from bottega.personalize.preference.features import FeatureMap, Item, ItemSpace, Trait
from bottega.personalize.preference.likelihood import votes_to_arrays
from bottega.personalize.preference.posterior import Posterior
from bottega.personalize.preference.prior import fit_posteriors
from bottega.personalize.preference.profile import Profile, read_profile, write_profile

Array = NDArray[np.float64]


class PreferenceModel:
    """A Bayesian model of one artist's preferences.

    Utility is linear in features of the items (:class:`~.features.FeatureMap`); votes depend on it as in
    :class:`~.likelihood.VoteArrays`; the posterior is a normal distribution over the weights, and depends on
    the active votes alone.

    Args:
        space: the units of the items' numbers; :meth:`from_pool` takes them from a pool.
        seed: of proposals.
        events: the event log so far.
        items: the items of the events.
        source: where the items come from, such as a folder; stored in the profile.

    >>> model = PreferenceModel.from_pool(TRAITS, items)
    >>> sheet = model.propose(items)
    >>> model.pick(sheet[4], sheet)
    """

    def __init__(
        self,
        space: ItemSpace,
        *,
        seed: int = 0,
        events: Sequence[Event] = (),
        items: Iterable[Item] = (),
        source: Mapping[str, str | int] | None = None,
    ) -> None:
        self.space, self.seed, self.source = space, seed, dict(source or {})
        self.events: list[Event] = list(events)
        self.items = {item.id: item for item in items}
        self.features = FeatureMap.from_space(space)

    @classmethod
    def from_pool(cls, traits: Sequence[Trait], pool: Sequence[Item], *, seed: int = 0) -> Self:
        """A model without votes, for items such as those of a pool."""
        return cls(ItemSpace.from_pool(traits, pool), seed=seed)

    # Events: each method returns the event's number, which revoke takes. ------------------------------------

    def pick(self, chosen: Item | Sequence[Item], items: Sequence[Item]) -> int:
        """``chosen`` (one item or several) are better than each of the other ``items``.

        Raises:
            SettingsError: no item or all are chosen, an item appears twice, or a chosen one is not in
                ``items``.
        """
        chosen_items = [chosen] if isinstance(chosen, Item) else list(chosen)
        chosen_ids, ids = [item.id for item in chosen_items], [item.id for item in items]
        if len(set(chosen_ids)) != len(chosen_ids) or len(set(ids)) != len(ids):
            raise SettingsError("An item appears twice in this pick; name each once.")
        for name in chosen_ids:
            if name not in ids:
                raise SettingsError(f"{name} was picked but not shown; these were: {', '.join(ids)}.")
        if not 0 < len(chosen_ids) < len(ids):
            raise SettingsError("Pick at least one and not all of the items on the sheet.")
        return self._append(Pick(items=tuple(ids), chosen=tuple(chosen_ids)), items)

    def rate(self, item: Item, stars: int) -> int:
        """From 1 (worst) to 5 (best); replaces an earlier rating of the item.

        Raises:
            SettingsError: another number.
        """
        if isinstance(stars, bool) or stars not in range(1, MAX_STARS + 1):
            raise SettingsError(f"A rating is 1, 2, 3, 4 or 5, not {stars!r}.")
        return self._append(Rating(item=item.id, stars=stars), [item])

    def like(self, item: Item) -> int:
        """As good as a rating of five."""
        return self._append(Like(item=item.id), [item])

    def revoke(self, vote: int) -> int:
        """Revoke a vote: the posterior is then the same as if it had never been cast.

        Raises:
            SettingsError: an unknown vote, or one that is revoked already.
        """
        numbers = [number for number, event in enumerate(self.events, 1) if isinstance(event, Vote)]
        if vote not in numbers:
            votes = f"the votes are {', '.join(map(str, numbers))}" if numbers else "there are no votes yet"
            raise SettingsError(f"There is no vote {vote}; {votes}.")
        if any(isinstance(event, Revocation) and event.vote == vote for event in self.events):
            raise SettingsError(f"The vote {vote} is revoked already.")
        return self._append(Revocation(vote=vote))

    def log_shown(self, items: Sequence[Item]) -> int:
        """Log that these were shown: they are not proposed again. Not a vote."""
        return self._append(Presentation(items=tuple(item.id for item in items)), items)

    def _append(self, event: Event, items: Iterable[Item] = ()) -> int:
        new = {item.id: item for item in items}
        self.space.standardize(list(new.values()))  # raises before anything changes
        for name, item in new.items():
            if self.items.get(name, item) != item:
                raise SettingsError(
                    f'The item "{name}" has other numbers in the profile; give a changed item a new name.'
                )
        self.items.update(new)
        self.events.append(event)
        self.__dict__.pop("posterior", None)
        return len(self.events)

    # What follows from the events. --------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """The number of events: the version of this model."""
        return len(self.events)

    @property
    def votes(self) -> dict[int, Vote]:
        """The votes that count, by number."""
        return active_votes(self.events)

    def at_revision(self, revision: int) -> PreferenceModel:
        """The model as it was after so many events.

        Raises:
            SettingsError: an unknown revision.
        """
        if not 0 <= revision <= self.revision:
            raise SettingsError(f"There is no revision {revision}; there are 0 to {self.revision}.")
        events = self.events[:revision]
        names = {name for event in events if not isinstance(event, Revocation) for name in item_ids(event)}
        items = [item for name, item in self.items.items() if name in names]
        return PreferenceModel(self.space, seed=self.seed, events=events, items=items, source=self.source)

    @cached_property
    def posterior(self) -> Posterior:
        """Of the weights; recomputed after each event, in some 100 milliseconds."""
        votes = list(self.votes.values())
        names = list(dict.fromkeys(name for vote in votes for name in item_ids(vote)))
        features = self._features([self.items[name] for name in names])
        return Posterior.from_mixture(fit_posteriors(votes_to_arrays(votes, names, features), self.features))

    def utility(self, items: Sequence[Item]) -> tuple[Array, Array]:
        """Mean and deviation ``(n,)``; of two that differ by 1, the better is chosen in 73 of 100 cases."""
        return self.posterior.utility(self._features(items))

    def propose(self, candidates: Sequence[Item], count: int = 9, *, explore: float = 1 / 3) -> list[Item]:
        """The next items to show, without those that were shown before.

        The first proposal represents the whole pool; later ones mix items of high utility with uncertain ones
        (:func:`~.acquisition.thompson_proposal`). Two of one proposal are never very similar while the pool
        has others. The same model and candidates give the same proposal.

        Args:
            count: fewer are returned where fewer candidates are left.
            explore: share in [0, 1] of places for uncertain items.

        Raises:
            SettingsError: no candidate is left, or a number out of range.
        """
        if count < 1 or not 0 <= explore <= 1:
            raise SettingsError(f"count must be 1 or more, and explore 0 to 1, not {count} and {explore}.")
        presented = {
            name for event in self.events if isinstance(event, Presentation | Pick) for name in event.items
        }
        remaining = [item for item in candidates if item.id not in presented]
        if not remaining:
            raise SettingsError("All candidates have been shown; add others, or start a new profile.")
        rng = np.random.default_rng([self.seed, self.revision])
        coordinates = self.space.standardize(remaining)
        if self.votes:
            features = self.features(coordinates)
            indices = thompson_proposal(self.posterior, features, coordinates, count, explore, rng)
        else:
            indices = representative_items(coordinates, count, rng)
        return [remaining[i] for i in indices]

    def explain(self) -> Explanation:
        """What the artist prefers, in words and figures."""
        return explain(self.posterior, self.features, self.space)

    def liked(self) -> list[Item]:
        """Items that were picked, liked, or rated four or five."""
        return [self.items[name] for name in liked_items(list(self.votes.values()))]

    def _features(self, items: Sequence[Item]) -> Array:
        return self.features(self.space.standardize(items))

    # Files. -------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the profile, atomically. See :func:`~.profile.write_profile`."""
        content = Profile(
            source=self.source,
            space=self.space,
            seed=self.seed,
            events=tuple(self.events),
            items=tuple(self.items.values()),
        )
        return write_profile(path, content)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a profile. See :func:`~.profile.read_profile`."""
        return cls(**dict(read_profile(path)))
