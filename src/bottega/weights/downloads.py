"""Bring published weights onto the shelf: from their publisher, or from a file that somebody carried here."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bottega.errors import OutputError, WeightsError
from bottega.weights import registry, storage
from bottega.weights.conversion import read_any
from bottega.weights.download import Progress, download, forget
from bottega.weights.manifest import Entry, manifest

if TYPE_CHECKING:
    from torch import Tensor


def pull(name: str, progress: Progress | None = None) -> Path:
    """Fetch published weights, compare their hash, and keep them as safetensors; returns that file.

    Nothing is fetched where they are already here and whole, or ship with Bottega.

    Args:
        progress: called with the bytes that are here and the bytes in all.

    Raises:
        WeightsError: unknown name, offline, unreachable, or not the file that the manifest describes.
        OutputError: no room on the disk, or the shelf cannot be written.
    """
    found = registry.entry(name)
    if found.url is None or registry.is_here(name):
        try:
            return registry.path(name)
        except WeightsError:
            if found.url is None:
                raise
    # The suffix tells the reader, later, that it is a PyTorch file.
    part = registry.own_shelf() / f"{Path(urlsplit(found.url).path).stem}.part.pth"
    _require_room(found, part)
    download(found.url, part, size=found.size, progress=progress)
    try:
        _require_published(found, part)
        _shelve_published(found, part)
    except WeightsError:
        forget(part)
        raise
    forget(part)
    return registry.path(name)


def adopt(
    name: str,
    source: str | Path,
    *,
    kind: str = "encoder",
    architecture: str = "",
    licence: str = "not stated",
    summary: str = "",
) -> Entry:
    """Put a foreign file on the artist's own shelf under a name.

    For a published name (a machine with no network, a file on a stick) the file must be exactly the published
    one; the other arguments are then the manifest's.

    Raises:
        WeightsError: as for :func:`bottega.weights.convert`, or not the published file of that name.
        OutputError: the shelf cannot be written.
    """
    file = Path(source)
    found = manifest().get(name)
    if found is not None and found.url is not None:
        _require_published(found, file)
        return _shelve_published(found, file)
    state, configuration = read_any(file)
    return registry.shelve(
        name,
        state,
        configuration,
        kind=kind,
        architecture=architecture or str(configuration.get("architecture", "")),
        licence=licence,
        origin=f"brought in from {file.name}",
        summary=summary,
    )


def _require_published(found: Entry, file: Path) -> None:
    storage.require_hash(
        file, found.sha256, remedy=f"it is not the published file of {found.name} and was not used"
    )


def _shelve_published(found: Entry, file: Path) -> Entry:
    state, _ = read_any(file)
    return registry.shelve(
        found.name,
        _without(state, found.drop),
        {"architecture": found.architecture},
        kind=found.kind,
        architecture=found.architecture,
        licence=found.licence,
        origin=f"{found.url} (sha256 {found.sha256})",
        summary=found.summary,
    )


def _without(state: Mapping[str, Tensor], prefixes: tuple[str, ...]) -> dict[str, Tensor]:
    return {key: tensor for key, tensor in state.items() if not key.startswith(prefixes)}


def _require_room(found: Entry, part: Path) -> None:
    folder = part.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror or error}.") from None
    here = part.stat().st_size if part.exists() else 0
    # The download and the safetensors made from it lie side by side for a moment.
    needed = 2 * found.size - here
    if free < needed:
        raise OutputError(
            f"{folder} has {free / 1e6:.0f} MB free, but {found.name} needs {needed / 1e6:.0f} MB."
        )
