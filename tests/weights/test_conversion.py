"""PyTorch files are converted, and code in them is never run."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict

import pytest
import torch
from torch import nn

from bottega import weights
from bottega.errors import WeightsError

STATE = OrderedDict({"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.ones(2, dtype=torch.float16)})


class Bomb:
    """A pickle that makes a file as soon as somebody loads it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "state_dict"])
@pytest.mark.parametrize("suffix", [".pth", ".pt"])
def test_state_dicts_are_converted(tmp_path, legacy, wrapped, suffix):
    payload = {"state_dict": STATE, "epoch": 3} if wrapped else STATE
    source = tmp_path / f"net{suffix}"
    torch.save(payload, source, _use_new_zipfile_serialization=not legacy)
    sha256 = weights.convert(source, tmp_path / "net.safetensors")
    state, configuration = weights.load_file(tmp_path / "net.safetensors")
    assert len(sha256) == 64
    assert configuration == {}
    assert state.keys() == STATE.keys()
    assert all(torch.equal(state[key], STATE[key]) and state[key].dtype == STATE[key].dtype for key in STATE)


def test_named_parameters_are_converted(tmp_path):
    torch.save(OrderedDict(nn.Linear(2, 3).named_parameters()), tmp_path / "net.pth")
    weights.convert(tmp_path / "net.pth", tmp_path / "net.safetensors")
    assert set(weights.load_file(tmp_path / "net.safetensors")[0]) == {"weight", "bias"}


def test_safetensors_keep_their_configuration(tmp_path):
    weights.save_file(tmp_path / "one.safetensors", STATE, {"k": 1})
    weights.convert(tmp_path / "one.safetensors", tmp_path / "two.safetensors")
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()


def bombs(path):
    """Every way to pack the bomb: bare pickle, torch's two formats, deep inside, around tensors."""
    bomb = Bomb(path)
    for payload in (bomb, {"a": STATE["a.weight"], "b": bomb}, {"state_dict": STATE, "extra": [bomb]}):
        yield pickle.dumps(payload)
        for zipped in (True, False):
            buffer = io.BytesIO()
            torch.save(payload, buffer, _use_new_zipfile_serialization=zipped)
            yield buffer.getvalue()


def test_malicious_pickles_do_not_run(tmp_path):
    trace = tmp_path / "owned"
    source, target = tmp_path / "net.pth", tmp_path / "net.safetensors"
    count = 0
    for content in bombs(trace):
        source.write_bytes(content)
        with pytest.raises(WeightsError, match=r"net\.pth"):
            weights.convert(source, target)
        assert not trace.exists()
        assert not target.exists()
        count += 1
    assert count == 9
    # The bomb is live: only weights_only kept it from going off.
    torch.load(io.BytesIO(next(iter(list(bombs(trace))[1:]))), weights_only=False)
    assert trace.exists()


def test_torchscript_is_rejected(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/constants.pkl", b"")
        archive.writestr("net/code/__torch__.py", b"")
    with pytest.raises(WeightsError, match="TorchScript"):
        weights.convert(tmp_path / "net.pt", tmp_path / "net.safetensors")


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"a": 1}, "'a' is a int"),
        ({"state_dict": {"a": "text"}}, "'a' is a str"),
        ({"model": {"a": torch.ones(1)}}, "'model' is a dict"),
        ({1: torch.ones(1)}, "1 is a Tensor"),
        ({}, "an empty dict"),
        ([torch.ones(1)], "a list"),
        (torch.ones(1), "a Tensor"),
        ({"a": torch.ones(2, 2).to_sparse()}, "sparse"),
    ],
)
def test_other_contents_are_rejected(tmp_path, payload, message):
    torch.save(payload, tmp_path / "net.pth")
    with pytest.raises(WeightsError, match=message):
        weights.convert(tmp_path / "net.pth", tmp_path / "net.safetensors")
    assert not (tmp_path / "net.safetensors").exists()


def test_pickled_module_is_rejected(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "net.pth")
    with pytest.raises(WeightsError, match="never run"):
        weights.convert(tmp_path / "net.pth", tmp_path / "net.safetensors")


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_truncated_files_are_rejected(tmp_path, zipped):
    buffer = io.BytesIO()
    torch.save(STATE, buffer, _use_new_zipfile_serialization=zipped)
    whole = buffer.getvalue()
    for keep in (0, 1, 10, len(whole) // 2, len(whole) - 5):
        (tmp_path / "net.pth").write_bytes(whole[:keep])
        with pytest.raises(WeightsError, match=r"net\.pth"):
            weights.convert(tmp_path / "net.pth", tmp_path / "net.safetensors")


@pytest.mark.parametrize("name", ["net.bin", "net.ckpt", "net", "net.onnx"])
def test_other_suffixes_are_rejected(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(WeightsError, match="weights must end in"):
        weights.convert(tmp_path / name, tmp_path / "net.safetensors")


def test_a_missing_file(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        weights.convert(tmp_path / "net.pth", tmp_path / "net.safetensors")
