"""Find weights by name on the three shelves, check them, load them, put new ones on the artist's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bottega.environment import environment
from bottega.errors import WeightsError
from bottega.files import atomic_write
from bottega.suggestions import nearest
from bottega.weights import storage
from bottega.weights.manifest import FILES, NAME, Entry, manifest

if TYPE_CHECKING:
    from torch import Tensor


def own_shelf() -> Path:
    """The folder of downloaded and own weights: each ``name.safetensors`` with its facts in ``name.json``."""
    return environment().home / "weights"


def entries() -> list[Entry]:
    """Everything that is known: packaged, published (here or not), then the artist's own by name.

    Raises:
        WeightsError: a description on the artist's shelf is damaged.
    """
    names = sorted(file.stem for file in own_shelf().glob("*.json"))
    own = [found for name in names if name not in manifest() and (found := shelved(name))]
    return [*manifest().values(), *own]


def entry(name: str) -> Entry:
    """The entry of this name.

    Raises:
        WeightsError: there is none; the sentence lists the known names.
    """
    found = manifest().get(name) or shelved(name)
    if found is None:
        known = [each.name for each in entries()]
        meant = nearest(name, known)
        hint = f' Did you mean "{meant}"?' if meant else ""
        raise WeightsError(f'There are no weights called "{name}"; known are {", ".join(known)}.{hint}')
    return found


def is_here(name: str) -> bool:
    """Whether the file lies on this machine (its hash is compared when it is loaded, not here)."""
    return _located(entry(name)) is not None


def path(name: str) -> Path:
    """The safetensors file of these weights, after its hash was compared.

    Raises:
        WeightsError: unknown, damaged, or published but not yet pulled (the sentence says how).
    """
    return _checked(name, again=False)


def verify(name: str) -> Path:
    """Like :func:`path`, but reads every byte again even if the file seems unchanged."""
    checked = _checked(name, again=True)
    storage.read(checked)
    return checked


def load(name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, on the processor and in the types they are stored in, and the configuration beside them.

    Raises:
        WeightsError: as for :func:`path`; weights with a wrong hash are never loaded.
    """
    return storage.read(path(name))


def shelve(
    name: str,
    state: Mapping[str, Tensor],
    configuration: Mapping[str, Any],
    *,
    kind: str,
    architecture: str,
    licence: str,
    origin: str,
    summary: str = "",
    recipe: str | None = None,
    figures: Mapping[str, float | str] | None = None,
) -> Entry:
    """Put weights on the artist's own shelf, in place of older ones of that name; arguments as in Entry.

    Raises:
        WeightsError: the name is unusable, or belongs to packaged weights.
        OutputError: the shelf cannot be written.
    """
    if not re.match(NAME, name):
        raise WeightsError(f'"{name}" cannot name weights; use lower-case letters, digits, "-", "_" and ".".')
    if name in manifest() and manifest()[name].shelf == "packaged":
        raise WeightsError(f'"{name}" is the name of weights that ship with Bottega; choose another.')
    file = own_shelf() / f"{name}.safetensors"
    sha256 = storage.save(file, state, configuration)
    made = Entry(
        name=name,
        shelf="own",
        kind=kind,
        architecture=architecture,
        summary=summary,
        file=file.name,
        sha256=sha256,
        size=file.stat().st_size,
        parameters=sum(tensor.numel() for tensor in state.values()),
        licence=licence,
        origin=origin,
        recipe=recipe,
        figures=dict(figures or {}),
    )
    with atomic_write(own_shelf() / f"{name}.json") as temporary:
        temporary.write_text(made.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return made


def shelved(name: str) -> Entry | None:
    """What the artist's shelf says about a name, or ``None`` where it holds nothing of that name."""
    if not re.match(NAME, name):
        return None
    description = own_shelf() / f"{name}.json"
    if not description.exists():
        return None
    try:
        return Entry.model_validate_json(description.read_bytes())
    except (ValidationError, OSError):
        raise WeightsError(
            f"{description} does not describe weights (damaged?); delete it and bring {name} in again."
        ) from None


def _located(found: Entry) -> tuple[Path, Entry] | None:
    """The file and the entry that has its hash: for published weights that is the shelf's, not the URL's."""
    if found.shelf == "packaged":
        return FILES / str(found.file), found
    here = shelved(found.name)
    if here is None or not (own_shelf() / str(here.file)).exists():
        return None
    return own_shelf() / str(here.file), here


def _checked(name: str, *, again: bool) -> Path:
    found = entry(name)
    located = _located(found)
    if located is None and found.shelf == "published":
        raise WeightsError(
            f'The weights "{name}" are not on this machine yet ({found.size / 1e6:.0f} MB, '
            f'{found.licence}); fetch them with "bottega models pull {name}".'
        )
    if located is None:
        raise WeightsError(
            f'The file of your weights "{name}" is gone from {own_shelf()}; bring it in again.'
        )
    remedy = {
        "packaged": "install Bottega again",
        "published": f'fetch it again with "bottega models pull {name}"',
        "own": "bring it in again",
    }[found.shelf]
    file, facts = located
    storage.require_hash(file, facts.sha256, remedy=remedy, again=again)
    return file
