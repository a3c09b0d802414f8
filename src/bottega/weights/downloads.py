"""Published weights: download over HTTPS, check the hash, register; and import of files from disk.

A download resumes where it broke off, rejects unexpected files, and opens no connection when offline.
"""

from __future__ import annotations

import os
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from bottega.environment import environment
from bottega.errors import OutputError, WeightsError
from bottega.weights import registry
from bottega.weights.conversion import read_any
from bottega.weights.registry import WeightsEntry, manifest
from bottega.weights.storage import require_hash

Progress = Callable[[int, int], object]
"""Called with the bytes downloaded so far and the bytes in total."""

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 30.0  # without a byte
MAX_ATTEMPTS = 4
RETRY_SECONDS = 0.5  # before the second attempt; doubles

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_NETWORK_ERRORS = (ConnectionError, TimeoutError, HTTPException, urllib.error.URLError, ssl.SSLError)


def pull(name: str, progress: Progress | None = None) -> Path:
    """Download published weights, compare their hash, and store them as safetensors; returns that file.

    Nothing is downloaded where they are already installed and undamaged, or ship with Bottega.

    Raises:
        WeightsError: unknown name, offline, unreachable, or not the file that the manifest describes.
        OutputError: not enough disk space, or the folder cannot be written to.
    """
    entry = registry.entry(name)
    if entry.url is None or registry.is_installed(name):
        try:
            return registry.path(name)
        except WeightsError:
            if entry.url is None:
                raise
    # The suffix shows the reader, later, that it is a PyTorch file.
    part = registry.user_weights_folder() / f"{Path(urlsplit(entry.url).path).stem}.part.pth"
    _require_disk_space(entry, part)
    download(entry.url, part, size=entry.size, progress=progress)
    try:
        _register_published(entry, part)
    except WeightsError:
        delete_part(part)
        raise
    delete_part(part)
    return registry.path(name)


def import_weights(
    name: str,
    source: str | Path,
    *,
    kind: str = "encoder",
    architecture: str = "",
    license: str = "not stated",
    summary: str = "",
) -> WeightsEntry:
    """Register a file from disk under a name.

    For a published name (a machine without a network) the file must be exactly the published one; the other
    arguments are then taken from the manifest.

    Raises:
        WeightsError: as for :func:`bottega.weights.convert`, or not the published file of that name.
        OutputError: the user's weights folder cannot be written to.
    """
    file = Path(source)
    entry = manifest().get(name)
    if entry is not None and entry.url is not None:
        return _register_published(entry, file)
    state, configuration = read_any(file)
    return registry.register(
        name,
        state,
        configuration,
        kind=kind,
        architecture=architecture or str(configuration.get("architecture", "")),
        license=license,
        provenance=f"imported from {file.name}",
        summary=summary,
    )


def _register_published(entry: WeightsEntry, file: Path) -> WeightsEntry:
    require_hash(file, entry.sha256, remedy=f"it is not the published file of {entry.name} and was not used")
    state, _ = read_any(file)
    return registry.register(
        entry.name,
        {key: tensor for key, tensor in state.items() if not key.startswith(entry.drop_prefixes)},
        {"architecture": entry.architecture},
        kind=entry.kind,
        architecture=entry.architecture,
        license=entry.license,
        provenance=f"{entry.url} (sha256 {entry.sha256})",
        summary=entry.summary,
    )


def _require_disk_space(entry: WeightsEntry, part: Path) -> None:
    folder = part.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be created: {error.strerror or error}.") from None
    # For a moment there are both the download and the safetensors file made from it.
    needed = 2 * entry.size - _part_size(part)
    if free < needed:
        raise OutputError(
            f"{folder} has {free / 1e6:.0f} MB free, but {entry.name} needs {needed / 1e6:.0f} MB."
        )


def download(url: str, part: Path, *, size: int, progress: Progress | None = None) -> None:
    """Download ``url`` into ``part`` until it has ``size`` bytes, resuming where an earlier part ended.

    It starts again where the server cannot send the rest, or where its file has changed since (ETag). The
    caller compares the hash. The part stays when the connection breaks, so that another call resumes it.

    Args:
        url: https; http only from this machine. A redirect may not leave https.
        part: the growing file, in a folder that exists; its ETag is stored beside it in ``part.etag``.
        size: the expected size in bytes; a file of another size is rejected.

    Raises:
        WeightsError: offline, forbidden address, unreachable, or of another size.
        OutputError: the disk is full or the folder read-only.
    """
    if environment().offline:
        raise WeightsError(
            f"{url} is not downloaded, because BOTTEGA_OFFLINE forbids every download; unset it first."
        )
    _require_https(url)
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            time.sleep(RETRY_SECONDS * 2 ** (attempt - 1))
        try:
            return _resume(url, part, size, progress)
        except urllib.error.HTTPError as error:
            error.close()
            failure = f"the server answered {error.code} {error.reason}"
            if error.code == 416:  # range not satisfiable: our part is of another file
                delete_part(part)
            elif error.code < 500 and error.code != 429:
                break
        except _NETWORK_ERRORS as error:
            failure = _reason(error)
    downloaded = _part_size(part)
    progress_note = (
        f"; {downloaded / 1e6:.1f} of {size / 1e6:.1f} MB are stored, the next try resumes there"
        if downloaded
        else ""
    )
    raise WeightsError(f"{url} could not be downloaded: {failure}{progress_note}.")


def delete_part(part: Path) -> None:
    """Delete a part and its ETag."""
    part.unlink(missing_ok=True)
    _etag_file(part).unlink(missing_ok=True)


def _reason(error: BaseException) -> str:
    """The system's message, without urllib's wrapping and error numbers."""
    inner = getattr(error, "reason", error)
    return getattr(inner, "strerror", None) or str(inner) or type(inner).__name__


def _resume(url: str, part: Path, size: int, progress: Progress | None) -> None:
    offset = _part_size(part)
    if offset > size:
        delete_part(part)
        offset = 0
    if offset == size:
        return
    with _opener(url).open(_request(url, part, offset), timeout=TIMEOUT_SECONDS) as response:
        offset = _check_response(response, part, offset, size)
        _store(response, part, offset, size, progress)


def _request(url: str, part: Path, offset: int) -> urllib.request.Request:
    headers = {"User-Agent": "bottega", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        etag = _etag_file(part)
        if etag.exists():
            headers["If-Range"] = etag.read_text(encoding="latin-1")
    return urllib.request.Request(url, headers=headers)


def _check_response(response: HTTPResponse, part: Path, offset: int, size: int) -> int:
    """The byte at which the response begins; 0 where the server sends everything again."""
    if response.status == 206:
        content_range = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        if content_range is None or int(content_range[1]) != offset:
            delete_part(part)
            raise ConnectionError("the server sent another part than requested")
    else:
        offset = 0
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and offset + int(length) != size:
        delete_part(part)
        raise WeightsError(
            f"{response.url} has {offset + int(length)} bytes instead of {size}; it is another file."
        )
    etag = response.headers.get("ETag", "")
    # A weak one (W/"...") does not promise the same bytes.
    if etag.startswith('"'):
        _etag_file(part).write_text(etag, encoding="latin-1")
    return offset


def _store(response: HTTPResponse, part: Path, offset: int, size: int, progress: Progress | None) -> None:
    try:
        with part.open("ab" if offset else "wb") as file:
            # read1 returns what has arrived, so that a broken connection loses nothing that came before.
            while chunk := response.read1(CHUNK_BYTES):
                offset += len(chunk)
                if offset > size:
                    break
                file.write(chunk)
                if progress:
                    progress(offset, size)
            file.flush()
            os.fsync(file.fileno())
    except _NETWORK_ERRORS:
        raise
    except OSError as error:
        raise OutputError(f"{part} cannot be written: {error.strerror or error}.") from None
    if offset > size:
        delete_part(part)
        raise WeightsError(f"{response.url} sends more than the expected {size} bytes; it is another file.")
    if offset < size:
        raise ConnectionError("the connection was interrupted")


def _part_size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _etag_file(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _require_https(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS:
        return
    raise WeightsError(
        f"{url} is not downloaded: the address must start with https:// (http:// only on this machine)."
    )


class _RedirectHandler(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _require_https(newurl)
        if urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            raise WeightsError(
                f"{req.full_url} redirects to {newurl}, which is rejected: https must stay https."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(url: str) -> urllib.request.OpenerDirector:
    # Only web handlers: the default opener would also read file:// and ftp://. The system's proxies are used,
    # except to reach this machine itself.
    proxies: dict[str, str] | None = {} if urlsplit(url).hostname in _LOCAL_HOSTS else None
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _RedirectHandler(),
    ):
        opener.add_handler(handler)
    return opener
