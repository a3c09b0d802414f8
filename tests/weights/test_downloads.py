"""Downloads from a real server on this machine, with all its possible faults."""

from __future__ import annotations

import hashlib
import io
import socket

import pytest
import torch

from bottega import weights
from bottega.errors import OutputError, WeightsError
from bottega.weights.downloads import download

PUBLISHERS = ("https://download.pytorch.org/models/", "https://github.com/mseitzer/pytorch-fid/releases/")


def partial_files(home):
    return sorted(file.name for file in (home / "weights").glob("*") if "part" in file.name)


def test_pull_converts_and_drops_keys(serve, write_manifest, home, published, manifest_fields):
    server = serve(published)
    write_manifest(net=manifest_fields(published, server.url))
    assert not weights.is_installed("net")
    progress = []
    path = weights.pull("net", lambda done, total: progress.append((done, total)))
    state, configuration = weights.load("net")
    original = torch.load(io.BytesIO(published), weights_only=True)
    assert list(state) == ["features.0.weight"]
    assert torch.equal(state["features.0.weight"], original["features.0.weight"])
    assert configuration == {"architecture": "plain"}
    assert path.suffix == ".safetensors"
    assert progress[-1] == (len(published), len(published))
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)
    assert partial_files(home) == []


def test_pull_again_downloads_nothing(serve, write_manifest, published, manifest_fields):
    server = serve(published)
    write_manifest(net=manifest_fields(published, server.url))
    weights.pull("net")
    weights.pull("net")
    assert len(server.requests) == 1


def test_pull_replaces_a_damaged_file(serve, write_manifest, published, manifest_fields):
    server = serve(published)
    write_manifest(net=manifest_fields(published, server.url))
    path = weights.pull("net")
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(WeightsError, match=r"damaged.*bottega models pull net"):
        weights.load("net")
    weights.pull("net")
    assert "features.0.weight" in weights.load("net")[0]


def test_interrupted_download_is_resumed(serve, write_manifest, published, manifest_fields):
    server = serve(published, cuts=[100_000, 50_000])
    write_manifest(net=manifest_fields(published, server.url))
    weights.pull("net")
    assert [request.get("Range") for request in server.requests] == [None, "bytes=100000-", "bytes=150000-"]
    assert server.requests[1]["If-Range"] == '"first"'
    weights.verify("net")


def test_partial_download_is_resumed_later(serve, write_manifest, home, published, manifest_fields):
    server = serve(published, cuts=[100_000, 0, 0, 0])
    write_manifest(net=manifest_fields(published, server.url))
    with pytest.raises(WeightsError, match=r"could not be downloaded.*resumes there"):
        weights.pull("net")
    assert partial_files(home)
    assert not weights.is_installed("net")
    weights.pull("net")
    assert server.requests[-1]["Range"] == "bytes=100000-"
    assert partial_files(home) == []


def test_server_without_ranges_restarts(serve, write_manifest, published, manifest_fields):
    server = serve(published, ranges=False, cuts=[100_000])
    write_manifest(net=manifest_fields(published, server.url))
    weights.pull("net")
    assert len(server.requests) == 2
    weights.verify("net")


def test_server_without_etag_is_resumed(serve, write_manifest, published, manifest_fields):
    server = serve(published, etag=None, cuts=[100_000])
    write_manifest(net=manifest_fields(published, server.url))
    weights.pull("net")
    assert server.requests[1]["Range"] == "bytes=100000-"
    assert "If-Range" not in server.requests[1]


def test_changed_file_restarts(serve, write_manifest, published, manifest_fields):
    other = bytes(len(published))
    server = serve(other, cuts=[100_000, 0, 0, 0])
    write_manifest(net=manifest_fields(published, server.url))
    with pytest.raises(WeightsError, match="could not be downloaded"):
        weights.pull("net")
    server.content, server.etag = published, '"second"'
    weights.pull("net")
    assert server.requests[-1]["If-Range"] == '"first"'
    weights.verify("net")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_busy_server_is_retried(serve, write_manifest, published, manifest_fields, status):
    server = serve(published, status=[status, status])
    write_manifest(net=manifest_fields(published, server.url))
    weights.pull("net")
    assert len(server.requests) == 3


def test_missing_page_is_not_retried(serve, write_manifest, published, manifest_fields):
    server = serve(published, status=[404, 404])
    write_manifest(net=manifest_fields(published, server.url))
    with pytest.raises(WeightsError, match="answered 404"):
        weights.pull("net")
    assert len(server.requests) == 1


def test_invalid_range_restarts(serve, write_manifest, home, published, manifest_fields):
    server = serve(published, status=[416])
    write_manifest(net=manifest_fields(published, server.url))
    (home / "weights").mkdir(parents=True)
    (home / "weights" / "net-00000000.part.pth").write_bytes(b"of another file")
    weights.pull("net")
    assert "Range" in server.requests[0]
    assert "Range" not in server.requests[1]


def test_wrong_hash_is_rejected(serve, write_manifest, home, published, manifest_fields):
    evil = published[:-1] + bytes([published[-1] ^ 1])
    server = serve(evil)
    write_manifest(net=manifest_fields(published, server.url))
    with pytest.raises(WeightsError, match=r"sha256.*not the published file"):
        weights.pull("net")
    assert list((home / "weights").iterdir()) == []
    with pytest.raises(WeightsError, match="bottega models pull net"):
        weights.load("net")


@pytest.mark.parametrize("declare", [True, False], ids=["declared", "streamed"])
@pytest.mark.parametrize("extra", [1, 3_000_000])
def test_longer_file_is_rejected(serve, write_manifest, home, published, manifest_fields, declare, extra):
    server = serve(published + bytes(extra), declare=declare)
    write_manifest(net=manifest_fields(published, server.url))
    with pytest.raises(WeightsError, match="another file"):
        weights.pull("net")
    assert partial_files(home) == []


def test_shorter_file_is_rejected(serve, write_manifest, published, manifest_fields):
    server = serve(published[:-10])
    write_manifest(net=manifest_fields(published, server.url))
    with pytest.raises(WeightsError, match=f"{len(published) - 10} bytes instead of {len(published)}"):
        weights.pull("net")


def test_local_redirects_are_followed(serve, write_manifest, published, manifest_fields):
    server = serve(published, redirect="/moved/net.pth")
    write_manifest(net=manifest_fields(published, server.url))
    weights.pull("net")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://example.org/net.pth",
        "file:///etc/passwd",
        "ftp://example.org/net.pth",
        "https://127.0.0.1:1/net.pth",
    ],
)
def test_other_redirects_are_rejected(serve, write_manifest, published, manifest_fields, elsewhere):
    server = serve(published, redirect=elsewhere)
    write_manifest(net=manifest_fields(published, server.url))
    with pytest.raises(WeightsError, match=r"https must|https://|not allowed"):
        weights.pull("net")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://example.org/a.pth", "ftp://a/b", "https://", "a.pth"]
)
def test_only_https_is_downloaded(tmp_path, home, url):
    with pytest.raises(WeightsError, match="https://"):
        download(url, tmp_path / "part", size=10)


def test_offline_opens_no_connection(serve, write_manifest, published, manifest_fields, monkeypatch):
    server = serve(published)
    write_manifest(net=manifest_fields(published, server.url))
    monkeypatch.setenv("BOTTEGA_OFFLINE", "1")

    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(WeightsError, match="BOTTEGA_OFFLINE"):
        weights.pull("net")
    assert server.requests == []


def test_unreachable_server(write_manifest, published, manifest_fields, serve, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    write_manifest(net=manifest_fields(published, f"http://127.0.0.1:{port}/net.pth"))
    with pytest.raises(WeightsError, match=r"could not be downloaded: .*refused"):
        weights.pull("net")


def test_disk_space_is_checked_before_the_download(serve, write_manifest, published, manifest_fields):
    server = serve(published)
    write_manifest(net=manifest_fields(published, server.url) | {"size": 10**18})
    with pytest.raises(OutputError, match="MB free"):
        weights.pull("net")
    assert server.requests == []


def test_home_is_a_file(serve, write_manifest, home, published, manifest_fields):
    home.write_text("in the way")
    write_manifest(net=manifest_fields(published, serve(published).url))
    with pytest.raises(OutputError, match="cannot be created"):
        weights.pull("net")


def test_cancelled_download_can_be_resumed(serve, write_manifest, home, published, manifest_fields):
    server = serve(published)
    write_manifest(net=manifest_fields(published, server.url))

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights.pull("net", stop)
    assert not weights.is_installed("net")
    assert partial_files(home)
    weights.pull("net")
    assert weights.is_installed("net")


def test_import_of_a_published_file(write_manifest, tmp_path, published, manifest_fields):
    write_manifest(net=manifest_fields(published, "https://example.org/net.pth"))
    file = tmp_path / "net.pth"
    file.write_bytes(published)
    weights.import_weights("net", file)
    assert list(weights.load("net")[0]) == ["features.0.weight"]
    other = tmp_path / "other.pth"
    torch.save({"features.0.weight": torch.zeros(1)}, other)
    with pytest.raises(WeightsError, match="not the published file of net"):
        weights.import_weights("net", other)
    assert file.read_bytes() == published


def test_manifest_agrees_with_publishers_and_files(home):
    for entry in weights.entries():
        if entry.url is not None:
            assert entry.url.startswith(PUBLISHERS)
            assert entry.url.removesuffix(".pth").rpartition("-")[2] == entry.sha256[:8]
        else:
            assert hashlib.sha256(weights.path(entry.name).read_bytes()).hexdigest() == entry.sha256
            assert weights.path(entry.name).stat().st_size == entry.size
            assert entry.card is not None
