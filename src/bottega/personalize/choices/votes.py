"""What an artist said, kept as a list of events that only grows: votes, and votes taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(_Event):
    """Items were shown together, to pick from; no vote."""

    kind: Literal["shown"] = "shown"
    items: tuple[str, ...]


class Pick(_Event):
    """Of the items ``shown``, the ``chosen`` ones are better than each of the others."""

    kind: Literal["pick"] = "pick"
    shown: tuple[str, ...]
    chosen: tuple[str, ...]


class Rating(_Event):
    """One to five. A later rating of the same item takes its place."""

    kind: Literal["rating"] = "rating"
    item: str
    stars: Annotated[int, Field(ge=1, le=5)]


class Like(_Event):
    """A star in passing: as good as a five."""

    kind: Literal["like"] = "like"
    item: str


class Revocation(_Event):
    """A vote is taken back: everything is as if it had never been cast."""

    kind: Literal["revocation"] = "revocation"
    vote: Annotated[int, Field(ge=1)]


Vote = Pick | Rating | Like
Event = Annotated[Shown | Pick | Rating | Like | Revocation, Field(discriminator="kind")]
"""An event's number is its place in the list, from 1."""

BEST = 5


def standing(events: Sequence[Shown | Vote | Revocation]) -> dict[int, Vote]:
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


def scores(votes: Sequence[Vote]) -> tuple[list[str], list[int]]:
    """Ratings and likes as items and their numbers of stars."""
    found = [
        (vote.item, vote.stars if isinstance(vote, Rating) else BEST)
        for vote in votes
        if not isinstance(vote, Pick)
    ]
    return [item for item, _ in found], [stars for _, stars in found]


def contests(votes: Sequence[Vote]) -> list[tuple[str, ...]]:
    """Picks as contests: the winner, then those that it won against. One for each chosen item."""
    return [
        (winner, *(item for item in vote.shown if item not in vote.chosen))
        for vote in votes
        if isinstance(vote, Pick)
        for winner in vote.chosen
    ]


def liked(votes: Sequence[Vote], least: int = 4) -> list[str]:
    """Items that were picked, starred, or rated with ``least`` stars or more; not those last rated with
    fewer, whatever picks said of them before. In the order of the first such vote."""
    poor = {vote.item for vote in votes if isinstance(vote, Rating) and vote.stars < least}
    found: dict[str, None] = {}
    for vote in votes:
        found |= dict.fromkeys(vote.chosen if isinstance(vote, Pick) else (vote.item,))
    return [item for item in found if item not in poor]


def named(event: Shown | Vote) -> tuple[str, ...]:
    """The items of an event."""
    if isinstance(event, Shown):
        return event.items
    return event.shown if isinstance(event, Pick) else (event.item,)
