"""Fetch one file over HTTPS: goes on where it broke off, refuses surprises, opens no socket when offline."""

from __future__ import annotations

import os
import re
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

Progress = Callable[[int, int], object]
"""Called with the bytes that are here and the bytes in all."""

CHUNK = 1 << 20
TIMEOUT = 30.0  # seconds without a byte
ATTEMPTS = 4
PAUSE = 0.5  # seconds before the second attempt; doubles

LOCAL = ("localhost", "127.0.0.1", "::1")
NETWORK_ERRORS = (ConnectionError, TimeoutError, HTTPException, urllib.error.URLError, ssl.SSLError)


def download(url: str, part: Path, *, size: int, progress: Progress | None = None) -> None:
    """Fetch ``url`` into ``part`` until it has ``size`` bytes, starting where an earlier part ended.

    A server that cannot send the rest, or whose file changed since (ETag), makes it start again. The caller
    compares the hash. What came so far is kept when the connection breaks, so that another call goes on.

    Args:
        url: https; http only from this machine. A redirect may not leave https.
        part: the growing file, in a folder that exists; ``part.etag`` beside it remembers of which
            file it is a part.
        size: the right size in bytes; a server that offers another is refused.

    Raises:
        WeightsError: offline, forbidden address, unreachable, refused, of another size.
        OutputError: the disk is full or the folder read-only.
    """
    if environment().offline:
        raise WeightsError(
            f"{url} is not fetched, because BOTTEGA_OFFLINE forbids every download; unset it first."
        )
    _require_safe(url)
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE * 2 ** (attempt - 1))
        try:
            return _fetch_rest(url, part, size, progress)
        except urllib.error.HTTPError as error:
            error.close()
            failure = f"the server answered {error.code} {error.reason}"
            if error.code == 416:  # it has no bytes from there on: not the file that we have a part of
                forget(part)
            elif error.code < 500 and error.code != 429:
                break
        except NETWORK_ERRORS as error:
            failure = _reason(error)
    here = part.stat().st_size if part.exists() else 0
    kept = (
        f"; {here / 1e6:.1f} of {size / 1e6:.1f} MB are kept, the next try goes on from there" if here else ""
    )
    raise WeightsError(f"{url} could not be fetched: {failure}{kept}.")


def forget(part: Path) -> None:
    """Delete a part and what is remembered about it."""
    part.unlink(missing_ok=True)
    _etag_file(part).unlink(missing_ok=True)


def _reason(error: BaseException) -> str:
    """The system's own words, without urllib's wrapping and without error numbers."""
    inner = getattr(error, "reason", error)
    return getattr(inner, "strerror", None) or str(inner) or type(inner).__name__


def _fetch_rest(url: str, part: Path, size: int, progress: Progress | None) -> None:
    here = part.stat().st_size if part.exists() else 0
    if here > size:
        forget(part)
        here = 0
    if here == size:
        return
    with _opener(url).open(_request(url, part, here), timeout=TIMEOUT) as response:
        here = _accepted(response, part, here, size)
        _store(response, part, here, size, progress)


def _request(url: str, part: Path, here: int) -> urllib.request.Request:
    headers = {"User-Agent": "bottega", "Accept-Encoding": "identity"}
    if here:
        headers["Range"] = f"bytes={here}-"
        etag = _etag_file(part)
        if etag.exists():
            headers["If-Range"] = etag.read_text(encoding="latin-1")
    return urllib.request.Request(url, headers=headers)


def _accepted(response: HTTPResponse, part: Path, here: int, size: int) -> int:
    """From which byte on the response goes; 0 where the server sends everything again."""
    if response.status == 206:
        given = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        if given is None or int(given[1]) != here:
            forget(part)
            raise ConnectionError("the server sent another part than the one asked for")
    else:
        here = 0
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and here + int(length) != size:
        forget(part)
        raise WeightsError(
            f"{response.url} offers {here + int(length)} bytes where {size} are right; it is another file."
        )
    etag = response.headers.get("ETag", "")
    # A weak one (W/"...") does not promise the same bytes.
    if etag.startswith('"'):
        _etag_file(part).write_text(etag, encoding="latin-1")
    return here


def _store(response: HTTPResponse, part: Path, here: int, size: int, progress: Progress | None) -> None:
    try:
        with part.open("ab" if here else "wb") as file:
            while chunk := _next_chunk(response):
                here += len(chunk)
                if here > size:
                    break
                file.write(chunk)
                if progress:
                    progress(here, size)
            file.flush()
            os.fsync(file.fileno())
    except NETWORK_ERRORS:
        raise
    except OSError as error:
        raise OutputError(f"{part} cannot be written: {error.strerror or error}.") from None
    if here > size:
        forget(part)
        raise WeightsError(
            f"{response.url} sends more than the {size} bytes that are right; it is another file."
        )
    if here < size:
        raise ConnectionError("the connection broke off")


def _next_chunk(response: HTTPResponse) -> bytes:
    # read1 hands over what has arrived, so that a broken connection loses nothing that came before.
    return response.read1(CHUNK)


def _etag_file(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in LOCAL:
        return
    raise WeightsError(f"{url} is not fetched: addresses start with https:// (http:// only on this machine).")


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _require_safe(newurl)
        if urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            raise WeightsError(
                f"{req.full_url} redirects to {newurl}, which is refused: https must stay https."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(url: str) -> urllib.request.OpenerDirector:
    # Only web handlers: the ordinary opener would also read file:// and ftp://. Proxies as the system says,
    # but none to reach this machine itself.
    proxies: dict[str, str] | None = {} if urlsplit(url).hostname in LOCAL else None
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener
