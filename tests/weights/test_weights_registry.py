"""Safetensors files and the registry: written completely, loaded by name, never loaded when changed."""

from __future__ import annotations

import hashlib
import json
import os

import pytest
import torch

from bottega import weights
from bottega.errors import OutputError, WeightsError

STATE = {
    "a.weight": torch.arange(6.0).view(2, 3),
    "b": torch.ones(2, dtype=torch.float16),
    "n": torch.tensor(3),
}
DESCRIPTION = {"kind": "encoder", "architecture": "small", "license": "MIT", "provenance": "a test"}


def test_save_and_read_back(tmp_path):
    path = tmp_path / "deep" / "net.safetensors"
    sha256 = weights.save_file(path, STATE, {"widths": [1, 2], "name": "ü"})
    state, configuration = weights.load_file(path)
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert configuration == {"widths": [1, 2], "name": "ü"}
    assert {key: tensor.dtype for key, tensor in state.items()} == {k: t.dtype for k, t in STATE.items()}
    assert all(torch.equal(state[key], tensor) for key, tensor in STATE.items())
    assert [file.name for file in path.parent.iterdir()] == ["net.safetensors"]


def test_the_same_weights_give_the_same_file(tmp_path):
    one = weights.save_file(tmp_path / "one.safetensors", STATE, {"a": 1, "b": 2})
    for _ in range(8):
        two = weights.save_file(tmp_path / "two.safetensors", dict(reversed(STATE.items())), {"b": 2, "a": 1})
        assert one == two


def test_shared_and_strided_tensors_are_saved(tmp_path):
    tied = torch.arange(6.0).view(2, 3)
    weights.save_file(tmp_path / "n.safetensors", {"a": tied, "b": tied, "c": tied.t()}, {})
    state, _ = weights.load_file(tmp_path / "n.safetensors")
    assert torch.equal(state["c"], tied.t())
    assert torch.equal(state["a"], state["b"])


@pytest.mark.parametrize(
    ("name", "state", "configuration", "error"),
    [
        ("net.pth", STATE, {}, OutputError),
        ("net.safetensors", {}, {}, WeightsError),
        ("net.safetensors", STATE, {"a": torch.ones(1)}, WeightsError),
        ("net.safetensors", STATE, {"a": float("nan")}, WeightsError),
    ],
)
def test_invalid_saves_leave_no_file(tmp_path, name, state, configuration, error):
    with pytest.raises(error, match=r"net\."):
        weights.save_file(tmp_path / name, state, configuration)
    assert list(tmp_path.iterdir()) == []


def test_save_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        weights.save_file(tmp_path / "file" / "net.safetensors", STATE, {})


def test_a_failed_save_keeps_the_old_file(tmp_path):
    path = tmp_path / "net.safetensors"
    weights.save_file(path, STATE, {})
    before = path.read_bytes()
    with pytest.raises(Exception, match=r".+"):
        weights.save_file(path, {"x": torch.ones(2, 2).to_sparse()}, {})
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("keep", [0, 4, 20, -1], ids=["empty", "header length", "header", "last byte"])
def test_truncated_files_are_rejected(tmp_path, keep):
    path = tmp_path / "net.safetensors"
    weights.save_file(path, STATE, {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match="not a complete safetensors"):
        weights.load_file(path)


def test_missing_file(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        weights.load_file(tmp_path / "net.safetensors")


def test_packaged_weights_and_a_changed_byte(write_manifest, tmp_path):
    sha256 = weights.save_file(tmp_path / "net.safetensors", STATE, {"k": 1})
    content = (tmp_path / "net.safetensors").read_bytes()
    files = write_manifest(net={"file": "net.safetensors", "sha256": sha256, "size": len(content)})
    (files / "net.safetensors").write_bytes(content)
    assert weights.load("net")[1] == {"k": 1}
    assert weights.pull("net") == files / "net.safetensors"

    (files / "net.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for use in (weights.load, weights.path, weights.verify, weights.pull):
        with pytest.raises(WeightsError, match=r"net\.safetensors is damaged.*install Bottega again"):
            use("net")
    (files / "net.safetensors").unlink()
    with pytest.raises(WeightsError, match="is missing"):
        weights.load("net")


def test_verify_detects_changes_of_equal_size_and_time(write_manifest, tmp_path):
    sha256 = weights.save_file(tmp_path / "net.safetensors", STATE, {})
    content = bytearray((tmp_path / "net.safetensors").read_bytes())
    files = write_manifest(net={"file": "net.safetensors", "sha256": sha256, "size": len(content)})
    file = files / "net.safetensors"
    file.write_bytes(content)
    stamp = file.stat()
    weights.load("net")
    content[-1] ^= 1
    with file.open("rb+") as stream:
        stream.write(content)
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    with pytest.raises(WeightsError, match="damaged"):
        weights.verify("net")


def test_own_weights(write_manifest):
    write_manifest()
    entry = weights.register("my-net", STATE, {"k": 1}, **DESCRIPTION, metrics={"auc": 0.9})
    assert entry.parameters == 8  # a whole number is not learned
    assert weights.entries() == [entry]
    assert weights.entry("my-net") == entry
    assert entry.origin == "own"
    state, configuration = weights.load("my-net")
    assert torch.equal(state["a.weight"], STATE["a.weight"])
    assert configuration == {"k": 1}
    again = weights.register("my-net", {"z": torch.zeros(1)}, {}, **DESCRIPTION)
    assert list(weights.load("my-net")[0]) == ["z"]
    assert weights.verify("my-net").stat().st_size == again.size


def test_a_stored_picture_is_no_parameter(write_manifest):
    write_manifest()
    state = {"weight": torch.zeros(2, 3), "style": torch.zeros(1, 3, 40, 40, dtype=torch.uint8)}
    assert weights.register("net", state, {}, **DESCRIPTION).parameters == 6
    assert weights.register("net", state, {}, **DESCRIPTION, parameters=4).parameters == 4


def test_own_weights_that_changed_or_went(write_manifest, home):
    write_manifest()
    weights.register("net", STATE, {}, **DESCRIPTION)
    file = home / "weights" / "net.safetensors"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(WeightsError, match=r"damaged.*import it again"):
        weights.load("net")
    file.unlink()
    assert not weights.is_installed("net")
    with pytest.raises(WeightsError, match="is missing"):
        weights.load("net")
    (home / "weights" / "net.json").write_text("{")
    with pytest.raises(WeightsError, match=r"net\.json does not describe weights"):
        weights.entries()


@pytest.mark.parametrize("name", ["", "Net", "../net", "a/b", ".net", "a" * 65, "nétt"])
def test_names_that_cannot_be(write_manifest, name):
    write_manifest()
    with pytest.raises(WeightsError, match="cannot name weights"):
        weights.register(name, STATE, {}, **DESCRIPTION)
    with pytest.raises(WeightsError, match="no weights called"):
        weights.load(name)


def test_packaged_names_are_taken(write_manifest):
    write_manifest(net={"file": "net.safetensors", "sha256": "0" * 64, "size": 1})
    with pytest.raises(WeightsError, match="ship with Bottega"):
        weights.register("net", STATE, {}, **DESCRIPTION)


def test_an_unknown_name_lists_the_known(write_manifest):
    write_manifest(one={"file": "a.safetensors", "sha256": "0" * 64, "size": 1})
    weights.register("two", STATE, {}, **DESCRIPTION)
    with pytest.raises(WeightsError, match=r'"three"\. Available: one, two'):
        weights.entry("three")


@pytest.mark.parametrize(
    "change",
    [{"file": "../a.safetensors"}, {"url": "https://a/b"}, {"sha256": "abc"}, {"size": 0}, {"extra": 1}],
)
def test_a_wrong_manifest_is_refused(write_manifest, change):
    write_manifest(net={"file": "a.safetensors", "sha256": "0" * 64, "size": 1} | change)
    with pytest.raises(ValueError, match=r"net|Entry"):
        weights.entries()


def test_listing_needs_no_torch():
    import subprocess
    import sys

    code = "import sys, bottega.weights as w; w.entries(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_configuration_lies_in_the_header(tmp_path):
    weights.save_file(tmp_path / "n.safetensors", STATE, {"k": 1})
    raw = (tmp_path / "n.safetensors").read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    assert json.loads(header["__metadata__"]["configuration"]) == {"k": 1}
