"""The profile file of a preference model: JSON, readable, with a version."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field

from bottega.errors import SettingsError
from bottega.files import atomic_write
from bottega.personalize.preference.events import Event, Revocation, item_ids
from bottega.personalize.preference.features import Item, ItemSpace
from bottega.personalize.versioned_json import (
    FORMAT_VERSION,
    PREFERENCES_FILE,
    FrozenModel,
    check_json_path,
    read_versioned_json,
)


class Profile(FrozenModel):
    """The content of the file: where the items come from, units, seed, the event log, and its items."""

    source: dict[str, str | int] = Field({}, description="where the items come from, such as a folder")
    space: ItemSpace
    seed: int = Field(ge=0)
    events: tuple[Event, ...]
    items: tuple[Item, ...]


def write_profile(path: str | Path, profile: Profile) -> Path:
    """Write a profile, atomically, with one event and one item in each line.

    Raises:
        OutputError: the name does not end in ``.preferences.json``, or the file cannot be written.
    """
    target = check_json_path(path, PREFERENCES_FILE)
    parts = []
    for key, value in {PREFERENCES_FILE.key: FORMAT_VERSION, **profile.model_dump(mode="json")}.items():
        if isinstance(value, list) and value:
            rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in value)
            parts.append(f"{json.dumps(key)}: [\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    with atomic_write(target) as temporary:
        temporary.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    return target


def read_profile(path: str | Path) -> Profile:
    """Read a profile.

    Raises:
        SettingsError: the file is missing, damaged, of another format or of a later version.
    """
    profile = read_versioned_json(path, Profile, PREFERENCES_FILE)
    problem = _inconsistency(profile)
    if problem:
        raise SettingsError(f"The preferences file {path} is damaged: {problem}.")
    return profile


def _inconsistency(profile: Profile) -> str:
    """What the types do not check: lengths, items of events, and votes that are revoked."""
    space = profile.space
    embedding_sizes = {len(item.embedding) for item in profile.items} - {space.embedding_size}
    trait_counts = {len(space.traits), len(space.lows), len(space.highs)}
    if embedding_sizes or len(space.means) != len(space.deviations) or len(trait_counts) > 1:
        return "its numbers do not fit together"
    names = {item.id for item in profile.items}
    for number, event in enumerate(profile.events, 1):
        if isinstance(event, Revocation):
            if event.vote >= number:
                return f"event {number} revokes a later vote"
        else:
            for name in item_ids(event):
                if name not in names:
                    return f"the item {name} is missing"
    return ""
