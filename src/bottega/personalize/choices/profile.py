"""The profile file of a taste: JSON, readable, with a version."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bottega.errors import OutputError, SettingsError
from bottega.files import atomic_write
from bottega.personalize.choices.items import Item, Space
from bottega.personalize.choices.votes import Event, Revocation, named

FORMAT = "bottega taste"
VERSION = 1


class Profile(BaseModel):
    """What the file holds: where candidates are, units, seed, events in order, and the items they name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: dict[str, str | int] = Field({}, description="plain facts of whoever shows the items")
    space: Space
    seed: int = Field(ge=0)
    events: tuple[Event, ...]
    items: tuple[Item, ...]


def write(path: str | Path, profile: Profile) -> Path:
    """Write a profile; it appears whole or not at all.

    Raises:
        OutputError: it does not end in ``.json``, or cannot be written there.
    """
    target = Path(path)
    if target.suffix.lower() != ".json":
        raise OutputError(f"{target}: profiles are written as .json.")
    content = {FORMAT: VERSION, **profile.model_dump(mode="json")}
    with atomic_write(target) as temporary:
        temporary.write_text(_lines(content) + "\n", encoding="utf-8")
    return target


def read(path: str | Path) -> Profile:
    """Read a profile.

    Raises:
        SettingsError: there is none, it is none, it is damaged, or of a later version.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        version = content.pop(FORMAT)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"The profile {path} cannot be read: {reason}.") from None
    except (ValueError, KeyError, AttributeError, TypeError):
        raise SettingsError(
            f'{path} is no profile of a taste, which is JSON that begins with "{FORMAT}"; '
            "bottega choose start makes one."
        ) from None
    if version != VERSION:
        raise SettingsError(f"{path} has the version {version}; this Bottega reads version {VERSION}.")
    try:
        profile = Profile.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SettingsError(f"The profile {path} is damaged: {where} is not usable.") from None
    _check(profile, path)
    return profile


def _check(profile: Profile, path: str | Path) -> None:
    """What the types alone do not say: events name items that are there, and votes that were cast."""
    known = {item.id for item in profile.items}
    sizes = {len(item.embedding) for item in profile.items} - {profile.space.embedding}
    space = profile.space
    lengths = {len(space.traits), len(space.lows), len(space.highs)}
    if sizes or len(space.means) != len(space.deviations) or len(lengths) > 1:
        raise SettingsError(f"The profile {path} is damaged: its numbers do not fit together.")
    for number, event in enumerate(profile.events, 1):
        if isinstance(event, Revocation):
            if event.vote >= number:
                raise SettingsError(f"The profile {path} is damaged: event {number} revokes a later vote.")
            continue
        missing = [name for name in named(event) if name not in known]
        if missing:
            raise SettingsError(f"The profile {path} is damaged: the item {missing[0]} is missing.")


def _lines(content: dict[str, object]) -> str:
    """JSON with one event and one item in each line, so that versions compare well."""
    parts = []
    for key, value in content.items():
        if isinstance(value, list) and value:
            rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in value)
            parts.append(f"{json.dumps(key)}: [\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}"
