"""Downloads against a real server on this machine: whole or not at all, whatever the server does."""

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


def left_over(home):
    return sorted(file.name for file in (home / "weights").glob("*") if "part" in file.name)


def test_pull_converts_and_drops_the_classifier(serve, catalogue, home, published, facts):
    site = serve(published)
    catalogue(net=facts(published, site.url))
    assert not weights.is_installed("net")
    seen = []
    path = weights.pull("net", lambda here, total: seen.append((here, total)))
    state, configuration = weights.load("net")
    original = torch.load(io.BytesIO(published), weights_only=True)
    assert list(state) == ["features.0.weight"]
    assert torch.equal(state["features.0.weight"], original["features.0.weight"])
    assert configuration == {"architecture": "plain"}
    assert path.suffix == ".safetensors"
    assert seen[-1] == (len(published), len(published))
    assert [here for here, _ in seen] == sorted(here for here, _ in seen)
    assert left_over(home) == []


def test_pull_again_asks_nobody(serve, catalogue, published, facts):
    site = serve(published)
    catalogue(net=facts(published, site.url))
    weights.pull("net")
    weights.pull("net")
    assert len(site.requests) == 1


def test_pull_mends_a_damaged_file(serve, catalogue, published, facts):
    site = serve(published)
    catalogue(net=facts(published, site.url))
    path = weights.pull("net")
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(WeightsError, match=r"damaged.*bottega models pull net"):
        weights.load("net")
    weights.pull("net")
    assert "features.0.weight" in weights.load("net")[0]


def test_a_broken_connection_is_resumed(serve, catalogue, published, facts):
    site = serve(published, cuts=[100_000, 50_000])
    catalogue(net=facts(published, site.url))
    weights.pull("net")
    assert [request.get("Range") for request in site.requests] == [None, "bytes=100000-", "bytes=150000-"]
    assert site.requests[1]["If-Range"] == '"first"'
    weights.verify("net")


def test_a_part_outlives_the_process_and_goes_on(serve, catalogue, home, published, facts):
    site = serve(published, cuts=[100_000, 0, 0, 0])
    catalogue(net=facts(published, site.url))
    with pytest.raises(WeightsError, match=r"could not be downloaded.*resumes there"):
        weights.pull("net")
    assert left_over(home)
    assert not weights.is_installed("net")
    weights.pull("net")
    assert site.requests[-1]["Range"] == "bytes=100000-"
    assert left_over(home) == []


def test_a_server_without_ranges_starts_again(serve, catalogue, published, facts):
    site = serve(published, ranges=False, cuts=[100_000])
    catalogue(net=facts(published, site.url))
    weights.pull("net")
    assert len(site.requests) == 2
    weights.verify("net")


def test_a_server_without_etag_is_resumed_too(serve, catalogue, published, facts):
    site = serve(published, etag=None, cuts=[100_000])
    catalogue(net=facts(published, site.url))
    weights.pull("net")
    assert site.requests[1]["Range"] == "bytes=100000-"
    assert "If-Range" not in site.requests[1]


def test_a_file_that_changed_meanwhile_starts_again(serve, catalogue, published, facts):
    other = bytes(len(published))
    site = serve(other, cuts=[100_000, 0, 0, 0])
    catalogue(net=facts(published, site.url))
    with pytest.raises(WeightsError, match="could not be downloaded"):
        weights.pull("net")
    site.content, site.etag = published, '"second"'
    weights.pull("net")
    assert site.requests[-1]["If-Range"] == '"first"'
    weights.verify("net")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_busy_server_is_asked_again(serve, catalogue, published, facts, status):
    site = serve(published, status=[status, status])
    catalogue(net=facts(published, site.url))
    weights.pull("net")
    assert len(site.requests) == 3


def test_a_missing_page_is_not_asked_again(serve, catalogue, published, facts):
    site = serve(published, status=[404, 404])
    catalogue(net=facts(published, site.url))
    with pytest.raises(WeightsError, match="answered 404"):
        weights.pull("net")
    assert len(site.requests) == 1


def test_a_range_that_does_not_exist_starts_again(serve, catalogue, home, published, facts):
    site = serve(published, status=[416])
    catalogue(net=facts(published, site.url))
    (home / "weights").mkdir(parents=True)
    (home / "weights" / "net-00000000.part.pth").write_bytes(b"of another file")
    weights.pull("net")
    assert "Range" in site.requests[0]
    assert "Range" not in site.requests[1]


def test_a_wrong_hash_never_arrives(serve, catalogue, home, published, facts):
    evil = published[:-1] + bytes([published[-1] ^ 1])
    site = serve(evil)
    catalogue(net=facts(published, site.url))
    with pytest.raises(WeightsError, match=r"sha256.*not the published file"):
        weights.pull("net")
    assert list((home / "weights").iterdir()) == []
    with pytest.raises(WeightsError, match="bottega models pull net"):
        weights.load("net")


@pytest.mark.parametrize("declare", [True, False], ids=["declared", "streamed"])
@pytest.mark.parametrize("extra", [1, 3_000_000])
def test_a_longer_file_is_refused(serve, catalogue, home, published, facts, declare, extra):
    site = serve(published + bytes(extra), declare=declare)
    catalogue(net=facts(published, site.url))
    with pytest.raises(WeightsError, match="another file"):
        weights.pull("net")
    assert left_over(home) == []


def test_a_shorter_file_is_refused(serve, catalogue, published, facts):
    site = serve(published[:-10])
    catalogue(net=facts(published, site.url))
    with pytest.raises(WeightsError, match=f"{len(published) - 10} bytes instead of {len(published)}"):
        weights.pull("net")


def test_redirects_on_this_machine_are_followed(serve, catalogue, published, facts):
    site = serve(published, redirect="/moved/net.pth")
    catalogue(net=facts(published, site.url))
    weights.pull("net")
    assert len(site.requests) == 2


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://example.org/net.pth",
        "file:///etc/passwd",
        "ftp://example.org/net.pth",
        "https://127.0.0.1:1/net.pth",
    ],
)
def test_redirects_out_of_the_rule_are_refused(serve, catalogue, published, facts, elsewhere):
    site = serve(published, redirect=elsewhere)
    catalogue(net=facts(published, site.url))
    with pytest.raises(WeightsError, match=r"https must|https://|not allowed"):
        weights.pull("net")
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://example.org/a.pth", "ftp://a/b", "https://", "a.pth"]
)
def test_only_https_is_fetched(tmp_path, home, url):
    with pytest.raises(WeightsError, match="https://"):
        download(url, tmp_path / "part", size=10)


def test_offline_opens_no_socket(serve, catalogue, published, facts, monkeypatch):
    site = serve(published)
    catalogue(net=facts(published, site.url))
    monkeypatch.setenv("BOTTEGA_OFFLINE", "1")

    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(WeightsError, match="BOTTEGA_OFFLINE"):
        weights.pull("net")
    assert site.requests == []


def test_nobody_there(catalogue, published, facts, serve, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    catalogue(net=facts(published, f"http://127.0.0.1:{port}/net.pth"))
    with pytest.raises(WeightsError, match=r"could not be downloaded: .*refused"):
        weights.pull("net")


def test_a_full_disk_is_told_before_anything_is_fetched(serve, catalogue, published, facts):
    site = serve(published)
    catalogue(net=facts(published, site.url) | {"size": 10**18})
    with pytest.raises(OutputError, match="MB free"):
        weights.pull("net")
    assert site.requests == []


def test_home_that_is_a_file(serve, catalogue, home, published, facts):
    home.write_text("in the way")
    catalogue(net=facts(published, serve(published).url))
    with pytest.raises(OutputError, match="cannot be created"):
        weights.pull("net")


def test_cancelling_keeps_what_came(serve, catalogue, home, published, facts):
    site = serve(published)
    catalogue(net=facts(published, site.url))

    def stop(here, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights.pull("net", stop)
    assert not weights.is_installed("net")
    assert left_over(home)
    weights.pull("net")
    assert weights.is_installed("net")


def test_adopt_takes_the_published_file_from_a_stick(catalogue, tmp_path, published, facts):
    catalogue(net=facts(published, "https://example.org/net.pth"))
    file = tmp_path / "net.pth"
    file.write_bytes(published)
    weights.import_weights("net", file)
    assert list(weights.load("net")[0]) == ["features.0.weight"]
    other = tmp_path / "other.pth"
    torch.save({"features.0.weight": torch.zeros(1)}, other)
    with pytest.raises(WeightsError, match="not the published file of net"):
        weights.import_weights("net", other)
    assert file.read_bytes() == published


def test_the_real_manifest_names_the_publishers_digits(home):
    for each in weights.entries():
        if each.url is not None:
            assert each.url.startswith(PUBLISHERS)
            assert each.url.removesuffix(".pth").rpartition("-")[2] == each.sha256[:8]
        else:
            assert hashlib.sha256(weights.path(each.name).read_bytes()).hexdigest() == each.sha256
            assert weights.path(each.name).stat().st_size == each.size
            assert each.card is not None
