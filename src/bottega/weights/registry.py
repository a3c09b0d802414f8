"""The registry of weights: what exists, where it is stored, and loading by name after a check of the hash.

Weights are *packaged* (ship with Bottega, described in ``manifest.toml``), *published* (described there, too,
and downloaded on request) or *own* (trained or imported by the user, stored under ``BOTTEGA_HOME``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bottega.environment import environment
from bottega.errors import WeightsError
from bottega.files import write_file
from bottega.suggestions import closest_match
from bottega.weights import storage

if TYPE_CHECKING:
    from torch import Tensor

PACKAGE_DIR = Path(__file__).parent
MANIFEST = PACKAGE_DIR / "manifest.toml"
FILES = PACKAGE_DIR / "files"
CARDS = PACKAGE_DIR / "cards"

# Names become file names on every system: lower case, and no path separators.
NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"


class WeightsEntry(BaseModel):
    """One set of weights. Exactly one of ``file`` and ``url`` is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME, description="name in recipes and commands")
    origin: Literal["packaged", "published", "own"] = Field(description="where the weights come from")
    kind: str = Field(description="purpose: encoder, ...")
    architecture: str = Field(description="the network that these weights fit")
    summary: str = Field(description="one line for a list")
    file: str | None = Field(None, description="file name in its folder, *.safetensors")
    url: str | None = Field(None, description="download address of the publisher")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the file, or of the download")
    size: int = Field(gt=0, description="of the same, in bytes")
    parameters: int = Field(ge=0, description="number of learned parameters (without dropped classifiers)")
    license: str = Field(description="license of use")
    provenance: str = Field(description="who made it, from what, and how the hash is known")
    recipe: str | None = Field(None, description="the training recipe in this repository that made it")
    metrics: dict[str, float | str] = Field(default_factory=dict, description="measured quality")
    drop_prefixes: tuple[str, ...] = Field((), description="keys with these prefixes are not stored")

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        if (self.file is None) == (self.url is None):
            raise ValueError("set either file or url")
        if self.file is not None and Path(self.file).name != self.file:
            raise ValueError("file is a name, not a path")
        return self

    @property
    def card(self) -> Path | None:
        """The model card, or None."""
        card = CARDS / f"{self.name}.md"
        return card if card.exists() else None


@cache
def manifest() -> dict[str, WeightsEntry]:
    """Packaged and published entries by name, in the manifest's order."""
    tables = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    return {
        name: WeightsEntry(name=name, origin="packaged" if "file" in table else "published", **table)
        for name, table in tables.items()
    }


def user_weights_folder() -> Path:
    """Downloaded and own weights: each ``name.safetensors`` with its description in ``name.json``."""
    return environment().home / "weights"


def entries() -> list[WeightsEntry]:
    """All weights: packaged, published (installed or not), then the user's own by name.

    Raises:
        WeightsError: a description in the user's folder is damaged.
    """
    names = sorted(file.stem for file in user_weights_folder().glob("*.json"))
    own = [entry for name in names if name not in manifest() and (entry := _user_entry(name))]
    return [*manifest().values(), *own]


def entry(name: str) -> WeightsEntry:
    """The entry of this name.

    Raises:
        WeightsError: unknown name; the message lists all names.
    """
    result = manifest().get(name) or _user_entry(name)
    if result is None:
        names = [each.name for each in entries()]
        suggestion = closest_match(name, names)
        hint = f' Did you mean "{suggestion}"?' if suggestion else ""
        raise WeightsError(f'There are no weights called "{name}". Available: {", ".join(names)}.{hint}')
    return result


def is_installed(name: str) -> bool:
    """Whether the file is on this machine (its hash is compared when it is loaded, not here)."""
    return _locate(entry(name)) is not None


def path(name: str) -> Path:
    """The safetensors file of these weights, after its hash was compared.

    Raises:
        WeightsError: unknown, damaged, or published but not yet downloaded (the message says how).
    """
    return _checked_path(name, again=False)


def verify(name: str) -> Path:
    """Like :func:`path`, but reads every byte again even if the file seems unchanged."""
    file = _checked_path(name, again=True)
    storage.load_file(file)
    return file


def load(name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, on the processor and in their stored types, and the configuration.

    Raises:
        WeightsError: as for :func:`path`; weights with a wrong hash are never loaded.
    """
    return storage.load_file(path(name))


def register(
    name: str,
    state: Mapping[str, Tensor],
    configuration: Mapping[str, Any],
    *,
    kind: str,
    architecture: str,
    license: str,
    provenance: str,
    summary: str = "",
    recipe: str | None = None,
    metrics: Mapping[str, float | str] | None = None,
    parameters: int | None = None,
) -> WeightsEntry:
    """Store weights in the user's folder, replacing older ones of that name; arguments as in WeightsEntry.

    Args:
        parameters: None counts all numbers of the state but whole ones, such as a stored picture.

    Raises:
        WeightsError: the name is invalid, or belongs to packaged weights.
        OutputError: the folder cannot be written to.
    """
    if not re.match(NAME, name):
        raise WeightsError(f'"{name}" cannot name weights; use lower-case letters, digits, "-", "_" and ".".')
    if name in manifest() and manifest()[name].origin == "packaged":
        raise WeightsError(f'"{name}" is the name of weights that ship with Bottega; choose another.')
    file = user_weights_folder() / f"{name}.safetensors"
    sha256 = storage.save_file(file, state, configuration)
    result = WeightsEntry(
        name=name,
        origin="own",
        kind=kind,
        architecture=architecture,
        summary=summary,
        file=file.name,
        sha256=sha256,
        size=file.stat().st_size,
        parameters=sum(tensor.numel() for tensor in state.values() if tensor.is_floating_point())
        if parameters is None
        else parameters,
        license=license,
        provenance=provenance,
        recipe=recipe,
        metrics=dict(metrics or {}),
    )
    write_file(file.with_suffix(".json"), result.model_dump_json(indent=2) + "\n")
    return result


def _user_entry(name: str) -> WeightsEntry | None:
    """The entry in the user's folder, or None."""
    description = user_weights_folder() / f"{name}.json"
    if not re.match(NAME, name) or not description.exists():
        return None
    try:
        return WeightsEntry.model_validate_json(description.read_bytes())
    except (ValidationError, OSError):
        raise WeightsError(
            f"{description} does not describe weights (damaged?); delete it and import {name} again."
        ) from None


def _locate(entry: WeightsEntry) -> tuple[Path, str] | None:
    """The file and its hash, which for published weights is not that of the download."""
    if entry.origin == "packaged":
        return FILES / str(entry.file), entry.sha256
    stored = _user_entry(entry.name)
    if stored is None or not (user_weights_folder() / str(stored.file)).exists():
        return None
    return user_weights_folder() / str(stored.file), stored.sha256


def _checked_path(name: str, *, again: bool) -> Path:
    weights = entry(name)
    location = _locate(weights)
    if location is None and weights.origin == "published":
        raise WeightsError(
            f'The weights "{name}" are not on this machine yet ({weights.size / 1e6:.0f} MB, '
            f'{weights.license}); download them with "bottega models pull {name}".'
        )
    if location is None:
        raise WeightsError(
            f'The file of your weights "{name}" is missing from {user_weights_folder()}; import it again.'
        )
    remedy = {
        "packaged": "install Bottega again",
        "published": f'download it again with "bottega models pull {name}"',
        "own": "import it again",
    }[weights.origin]
    file, sha256 = location
    storage.require_hash(file, sha256, remedy=remedy, again=again)
    return file
