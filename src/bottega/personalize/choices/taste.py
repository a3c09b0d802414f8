"""An artist's taste: votes in, utilities, proposals and words out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bottega.errors import SettingsError
from bottega.personalize.choices import profile
from bottega.personalize.choices.belief import Belief
from bottega.personalize.choices.evidence import gather
from bottega.personalize.choices.explanation import Explanation, explain
from bottega.personalize.choices.features import Features
from bottega.personalize.choices.items import Item, Space, Trait
from bottega.personalize.choices.proposals import propose, spread_out
from bottega.personalize.choices.relevance import infer
from bottega.personalize.choices.votes import (
    Event,
    Like,
    Pick,
    Rating,
    Revocation,
    Shown,
    Vote,
    liked,
    named,
    standing,
)

Array = NDArray[np.float64]


class Taste:
    """What is known of one artist's taste.

    Utility is linear in features of the items (:class:`~.features.Features`); votes are its noisy witnesses
    (:class:`~.likelihood.Evidence`); the belief is a normal distribution over its weights, and depends on the
    standing votes alone.

    Args:
        space: the units of the items' numbers; :meth:`of` takes them from a pool.
        seed: of proposals.
        events: what was shown and said so far.
        items: the items that the events name, by their id.
        source: plain facts of whoever shows the items, such as a folder; kept in the profile.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int = 0,
        events: Sequence[Event] = (),
        items: Iterable[Item] = (),
        source: Mapping[str, str | int] | None = None,
    ) -> None:
        self.space, self.seed, self.source = space, seed, dict(source or {})
        self.events: list[Event] = list(events)
        self.items = {item.id: item for item in items}
        self.features = Features.of(space)

    @classmethod
    def of(cls, traits: Sequence[Trait], pool: Sequence[Item], *, seed: int = 0) -> Self:
        """A taste of which nothing is known yet, for items such as those of a pool."""
        return cls(Space.of(traits, pool), seed=seed)

    # Votes: each returns its number, which revoke takes. ---------------------------------------------------

    def pick(self, chosen: Item | Sequence[Item], shown: Sequence[Item]) -> int:
        """``chosen`` (one item or several) are better than each of the others that were ``shown``.

        Raises:
            SettingsError: none or all were chosen, an item twice, or one that was not shown.
        """
        picked = [chosen] if isinstance(chosen, Item) else list(chosen)
        names, all_names = [item.id for item in picked], [item.id for item in shown]
        if len(set(names)) != len(names) or len(set(all_names)) != len(all_names):
            raise SettingsError("An item stands twice in this pick; name each once.")
        strange = [name for name in names if name not in all_names]
        if strange:
            raise SettingsError(f"{strange[0]} was picked but not shown; shown were {', '.join(all_names)}.")
        if not 0 < len(names) < len(all_names):
            raise SettingsError("Pick at least one and not all of what is shown; else it says nothing.")
        return self._add(Pick(shown=tuple(all_names), chosen=tuple(names)), shown)

    def rate(self, item: Item, stars: int) -> int:
        """One (worst) to five (best); a later rating of an item takes the place of an earlier one.

        Raises:
            SettingsError: another number.
        """
        if isinstance(stars, bool) or stars not in (1, 2, 3, 4, 5):
            raise SettingsError(f"A rating is 1, 2, 3, 4 or 5, not {stars!r}.")
        return self._add(Rating(item=item.id, stars=stars), [item])

    def like(self, item: Item) -> int:
        """A star in passing: as good as a rating of five."""
        return self._add(Like(item=item.id), [item])

    def revoke(self, vote: int) -> int:
        """Take a vote back: the belief is then the same as if it had never been cast.

        Raises:
            SettingsError: no such vote, or it is revoked already.
        """
        known = [number for number, event in enumerate(self.events, 1) if isinstance(event, Vote)]
        if vote not in known:
            there_are = f"there are {', '.join(map(str, known))}" if known else "there are none yet"
            raise SettingsError(f"There is no vote {vote}; {there_are}.")
        if any(isinstance(event, Revocation) and event.vote == vote for event in self.events):
            raise SettingsError(f"The vote {vote} is revoked already.")
        return self._add(Revocation(vote=vote))

    def present(self, shown: Sequence[Item]) -> int:
        """Remember that these were shown: they are not proposed again. No vote."""
        return self._add(Shown(items=tuple(item.id for item in shown)), shown)

    def _add(self, event: Event, items: Iterable[Item] = ()) -> int:
        new = {item.id: item for item in items}
        self.space.coordinates(list(new.values()))  # refuses what does not fit before anything changes
        for name, item in new.items():
            if self.items.get(name, item) != item:
                raise SettingsError(
                    f'The item "{name}" was known with other numbers; give a changed item another name.'
                )
        self.items.update(new)
        self.events.append(event)
        self.__dict__.pop("belief", None)
        return len(self.events)

    # What follows from them. ------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """How many events there were: the version of this taste."""
        return len(self.events)

    @property
    def votes(self) -> dict[int, Vote]:
        """The votes that stand, by number."""
        return standing(self.events)

    def at(self, revision: int) -> Taste:
        """The taste as it was at an earlier revision.

        Raises:
            SettingsError: there was none.
        """
        if not 0 <= revision <= self.revision:
            raise SettingsError(f"There is no revision {revision}; there are 0 to {self.revision}.")
        events = self.events[:revision]
        shown = {name for event in events if not isinstance(event, Revocation) for name in named(event)}
        items = [item for name, item in self.items.items() if name in shown]
        return Taste(self.space, seed=self.seed, events=events, items=items, source=self.source)

    @cached_property
    def belief(self) -> Belief:
        """The belief about the weights; found anew after each event, in some 100 milliseconds."""
        votes = list(self.votes.values())
        names = list(dict.fromkeys(name for vote in votes for name in named(vote)))
        features = self._features([self.items[name] for name in names])
        return Belief.of(infer(gather(votes, names, features), self.features))

    def utility(self, items: Sequence[Item]) -> tuple[Array, Array]:
        """Mean and deviation ``(n,)``; of two that differ by 1, the better is taken in 73 of 100 cases."""
        return self.belief.utility(self._features(items))

    def preference(self, item: Item, other: Item) -> float:
        """Probability that ``item`` is taken before ``other``."""
        return float(self.belief.preference(self._features([item]), self._features([other]))[0])

    def propose(self, candidates: Sequence[Item], count: int = 9, *, explore: float = 1 / 3) -> list[Item]:
        """The next items to show, without those that were shown before.

        The first proposal stands for the whole pool; later ones mix what will please with what may
        (:func:`~.proposals.propose`). Two of one proposal are never much alike while the pool has others.
        The same taste and candidates give the same proposal.

        Args:
            count: fewer are returned where fewer candidates are left.
            explore: share in [0, 1] of places for what may please.

        Raises:
            SettingsError: no candidate is left, or a number out of range.
        """
        if count < 1 or not 0 <= explore <= 1:
            raise SettingsError(f"A proposal has one or more items, and explore is 0 to 1, not {explore}.")
        seen = {name for event in self.events if isinstance(event, Shown | Pick) for name in named(event)}
        left = [item for item in candidates if item.id not in seen]
        if not left:
            raise SettingsError("All candidates have been shown; give others, or begin a new round of them.")
        rng = np.random.default_rng([self.seed, self.revision])
        coordinates = self.space.coordinates(left)
        if not self.votes:
            return [left[number] for number in spread_out(coordinates, count, rng)]
        features = self.features(coordinates)
        return [left[number] for number in propose(self.belief, features, coordinates, count, explore, rng)]

    def explain(self) -> Explanation:
        """What the artist favours, in words and figures."""
        return explain(self.belief, self.features, self.space)

    def liked(self) -> list[Item]:
        """Items that were picked, starred, or rated four or five."""
        return [self.items[name] for name in liked(list(self.votes.values()))]

    def _features(self, items: Sequence[Item]) -> Array:
        return self.features(self.space.coordinates(items))

    # Files. -----------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the profile; it appears whole or not at all. See :func:`~.profile.write`."""
        content = profile.Profile(
            source=self.source,
            space=self.space,
            seed=self.seed,
            events=tuple(self.events),
            items=tuple(self.items.values()),
        )
        return profile.write(path, content)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a profile. See :func:`~.profile.read`."""
        found = profile.read(path)
        return cls(found.space, seed=found.seed, events=found.events, items=found.items, source=found.source)
