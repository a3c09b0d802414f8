"""A shelf of the test's own, a manifest of the test's own, and a web server with the manners asked for."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

import bottega.weights.downloads
import bottega.weights.registry


@dataclass
class Site:
    """What the server offers and how; ``requests`` records the headers of each request it got."""

    content: bytes
    ranges: bool = True
    etag: str | None = '"first"'
    cuts: list[int] = field(default_factory=list)  # bytes after which the next connections break
    redirect: str | None = None
    status: list[int] = field(default_factory=list)  # answers to give before the ordinary one
    declare: bool = True  # whether to send Content-Length
    requests: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.requests.append(dict(self.headers))
            if site.redirect and not self.path.startswith("/moved"):
                self.send_response(302)
                self.send_header("Location", site.redirect)
                self.end_headers()
                return
            if site.status:
                self.send_error(site.status.pop(0))
                return
            body, start = site.content, self._start()
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            if site.declare:
                self.send_header("Content-Length", str(len(body) - start))
            if site.etag:
                self.send_header("ETag", site.etag)
            self.end_headers()
            end = start + site.cuts.pop(0) if site.cuts else len(body)
            self.wfile.write(body[start:end])
            self.close_connection = True

        def _start(self) -> int:
            asked = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
            condition = self.headers.get("If-Range")
            if not site.ranges or asked is None or (condition and condition != site.etag):
                return 0
            return int(asked[1])

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Site]]:
    """Start a server in a thread: ``site = serve(content, ranges=False, ...)``."""
    monkeypatch.setattr(bottega.weights.downloads, "RETRY_SECONDS", 0.01)
    servers = []

    def start(content: bytes, **manners: Any) -> Site:
        site = Site(content, **manners)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        site.url = f"http://127.0.0.1:{server.server_address[1]}/net-00000000.pth"
        return site

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ``BOTTEGA_HOME``."""
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BOTTEGA_OFFLINE", raising=False)
    return tmp_path / "home"


@pytest.fixture
def catalogue(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """``catalogue(net={...})`` makes these the known weights; returns the folder of packaged files."""
    files = tmp_path / "files"
    files.mkdir()

    def write(**tables: dict[str, Any]) -> Path:
        common = {
            "kind": "encoder",
            "architecture": "plain",
            "summary": "a net",
            "parameters": 8,
            "license": "MIT",
            "provenance": "made by a test",
        }
        lines = []
        for name, values in tables.items():
            lines.append(f"[{name}]")
            # JSON strings, numbers and lists of strings read the same in TOML.
            lines += [f"{key} = {json.dumps(value)}" for key, value in (common | values).items()]
        manifest = tmp_path / "manifest.toml"
        manifest.write_text("\n".join(lines), encoding="utf-8")
        monkeypatch.setattr(bottega.weights.registry, "MANIFEST", manifest)
        monkeypatch.setattr(bottega.weights.registry, "FILES", files)
        bottega.weights.registry.manifest.cache_clear()
        return files

    yield write
    bottega.weights.registry.manifest.cache_clear()


@pytest.fixture(scope="session")
def published() -> bytes:
    """A small .pth as a publisher would offer it: a state dict with a classifier nobody needs."""
    torch.manual_seed(3)
    state = {"features.0.weight": torch.randn(64, 3, 3, 3), "classifier.0.weight": torch.randn(300, 300)}
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def facts(content: bytes, url: str) -> dict[str, Any]:
    """The manifest fields of a published file."""
    return {
        "url": url,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "drop_prefixes": ["classifier."],
    }


@pytest.fixture(name="facts")
def _facts() -> Callable[[bytes, str], dict[str, Any]]:
    return facts
