"""A weights folder and a manifest for the tests, and a web server with faults."""

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
class Server:
    """The content of a server and its faults; ``requests`` records the headers of each request."""

    content: bytes
    ranges: bool = True
    etag: str | None = '"first"'
    cuts: list[int] = field(default_factory=list)  # bytes after which the next connections are interrupted
    redirect: str | None = None
    status: list[int] = field(default_factory=list)  # status codes to send before the normal answer
    declare: bool = True  # whether to send Content-Length
    requests: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append(dict(self.headers))
            if server.redirect and not self.path.startswith("/moved"):
                self.send_response(302)
                self.send_header("Location", server.redirect)
                self.end_headers()
                return
            if server.status:
                self.send_error(server.status.pop(0))
                return
            body, start = server.content, self._start()
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            if server.declare:
                self.send_header("Content-Length", str(len(body) - start))
            if server.etag:
                self.send_header("ETag", server.etag)
            self.end_headers()
            end = start + server.cuts.pop(0) if server.cuts else len(body)
            self.wfile.write(body[start:end])
            self.close_connection = True

        def _start(self) -> int:
            requested_range = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
            condition = self.headers.get("If-Range")
            if not server.ranges or requested_range is None or (condition and condition != server.etag):
                return 0
            return int(requested_range[1])

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Start a server in a thread: ``server = serve(content, ranges=False, ...)``."""
    monkeypatch.setattr(bottega.weights.downloads, "RETRY_SECONDS", 0.01)
    http_servers = []

    def start(content: bytes, **options: Any) -> Server:
        server = Server(content, **options)
        http_server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
        threading.Thread(
            target=http_server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        http_servers.append(http_server)
        server.url = f"http://127.0.0.1:{http_server.server_address[1]}/net-00000000.pth"
        return server

    yield start
    for http_server in http_servers:
        http_server.shutdown()
        http_server.server_close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ``BOTTEGA_HOME``."""
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BOTTEGA_OFFLINE", raising=False)
    return tmp_path / "home"


@pytest.fixture
def write_manifest(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Path]]:
    """``write_manifest(net={...})`` replaces the manifest; returns the folder of packaged files."""
    files = tmp_path / "files"
    files.mkdir()

    def write(**tables: dict[str, Any]) -> Path:
        common = {
            "kind": "encoder",
            "architecture": "plain",
            "summary": "a net",
            "parameters": 8,
            "license": "MIT",
            "provenance": "written by a test",
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
    """A small .pth as a publisher would offer it: a state dict with an unused classifier."""
    torch.manual_seed(3)
    state = {"features.0.weight": torch.randn(64, 3, 3, 3), "classifier.0.weight": torch.randn(300, 300)}
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def manifest_fields(content: bytes, url: str) -> dict[str, Any]:
    """The manifest fields of a published file."""
    return {
        "url": url,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "drop_prefixes": ["classifier."],
    }


@pytest.fixture(name="manifest_fields")
def _manifest_fields() -> Callable[[bytes, str], dict[str, Any]]:
    return manifest_fields
