"""The event log of a preference model, which only grows: presentations, votes, and revoked votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from bottega.personalize.versioned_json import FrozenModel

MAX_STARS = 5
MIN_LIKED_STARS = 4


class Presentation(FrozenModel):
    """Items were shown together, to pick from; not a vote."""

    kind: Literal["presentation"] = "presentation"
    items: tuple[str, ...]


class Pick(FrozenModel):
    """Of ``items``, the ``chosen`` ones are better than each of the others."""

    kind: Literal["pick"] = "pick"
    items: tuple[str, ...]
    chosen: tuple[str, ...]


class Rating(FrozenModel):
    """1 (worst) to 5 (best). A later rating of the same item replaces it."""

    kind: Literal["rating"] = "rating"
    item: str
    stars: Annotated[int, Field(ge=1, le=MAX_STARS)]


class Like(FrozenModel):
    """As good as a rating of 5."""

    kind: Literal["like"] = "like"
    item: str


class Revocation(FrozenModel):
    """A vote is revoked: everything is as if it had never been cast."""

    kind: Literal["revocation"] = "revocation"
    vote: Annotated[int, Field(ge=1)]


Vote = Pick | Rating | Like
Event = Annotated[Presentation | Pick | Rating | Like | Revocation, Field(discriminator="kind")]
"""An event's number is its place in the log, from 1."""


def item_ids(event: Presentation | Vote) -> tuple[str, ...]:
    """The items of an event."""
    return event.items if isinstance(event, Presentation | Pick) else (event.item,)


def active_votes(events: Sequence[Presentation | Vote | Revocation]) -> dict[int, Vote]:
    """Votes that count, by their number: not revoked, and of several ratings of one item the last."""
    revoked = {event.vote for event in events if isinstance(event, Revocation)}
    votes = {
        number: event
        for number, event in enumerate(events, 1)
        if isinstance(event, Vote) and number not in revoked
    }
    last = {vote.item: number for number, vote in votes.items() if isinstance(vote, Rating)}
    return {
        number: vote
        for number, vote in votes.items()
        if not isinstance(vote, Rating) or last[vote.item] == number
    }


def choice_sets(votes: Sequence[Vote]) -> list[tuple[str, ...]]:
    """One for each chosen item of a pick: the winner, then the items that were not chosen."""
    return [
        (winner, *(item for item in vote.items if item not in vote.chosen))
        for vote in votes
        if isinstance(vote, Pick)
        for winner in vote.chosen
    ]


def liked_items(votes: Sequence[Vote]) -> list[str]:
    """Items that were chosen, liked, or rated with 4 or 5 stars, in the order of the first such vote; not
    those whose last rating is lower, whatever other votes say."""
    low = {vote.item for vote in votes if isinstance(vote, Rating) and vote.stars < MIN_LIKED_STARS}
    items: dict[str, None] = {}
    for vote in votes:
        items |= dict.fromkeys(vote.chosen if isinstance(vote, Pick) else (vote.item,))
    return [item for item in items if item not in low]
