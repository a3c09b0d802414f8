"""Networks in files: loading returns what was saved and refuses everything else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bottega import weights
from bottega.errors import WeightsError
from bottega.transfer.feedforward import (
    NETWORKS,
    AdaINNet,
    FineTunedNet,
    MicroNet,
    MultiStyleNet,
    PhotoNet,
    TransformerNet,
    build_config,
    load,
    save,
)

BUILT = {
    "micro": lambda: MicroNet(fine=4, coarse=6, blocks=1),
    "fitted": lambda: FineTunedNet(style_size=(8, 8), fine=4, coarse=6, blocks=1),
    "photo": lambda: PhotoNet(fine=4, coarse=6, depth=4),
    "fast": lambda: TransformerNet(width=4, blocks=1),
    "multi": lambda: MultiStyleNet(["sea", "fire"], width=4, blocks=1),
    "adain": lambda: AdaINNet("small"),
}


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_save_and_load(name: str, tmp_path: Path) -> None:
    network = BUILT[name]()
    path = tmp_path / "network.safetensors"
    sha256 = save(network, path, {"recipe": "by hand"})
    assert len(sha256) == 64
    loaded = load(path)
    assert type(loaded) is NETWORKS[name]
    assert loaded.configuration == network.configuration
    assert not loaded.training
    for key, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], tensor)
    assert weights.load_file(path)[1]["recipe"] == "by hand"


def test_added_styles_are_saved(tmp_path: Path) -> None:
    network = MultiStyleNet(["sea"], width=4, blocks=1)
    network.add_style("fire")
    save(network, tmp_path / "n.safetensors")
    loaded = load(tmp_path / "n.safetensors")
    assert isinstance(loaded, MultiStyleNet)
    assert loaded.styles == ("sea", "fire")


def test_registered_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_HOME", str(tmp_path))
    network = MicroNet(fine=4, coarse=4)
    weights.register(
        "mine",
        network.state_dict(),
        build_config(network),
        kind="network",
        architecture="micro",
        license="MIT",
        provenance="own training",
    )
    assert isinstance(load("mine"), MicroNet)


def test_invalid_files(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not one of the networks"):
        save(torch.nn.Linear(1, 1), tmp_path / "n.safetensors")
    path = tmp_path / "other.safetensors"
    weights.save_file(path, {"a": torch.zeros(1)}, {"architecture": "small"})
    with pytest.raises(WeightsError, match='holds "small", which is not one of the style transfer networks'):
        load(path)
    weights.save_file(path, {"a": torch.zeros(1)}, {"architecture": "micro", "settings": {"fine": 4}})
    with pytest.raises(WeightsError, match='does not fit the style transfer network "micro"'):
        load(path)
    weights.save_file(path, {"a": torch.zeros(1)}, {"architecture": "micro", "settings": {"colour": 4}})
    with pytest.raises(WeightsError, match='does not fit the style transfer network "micro"'):
        load(path)
    with pytest.raises(WeightsError, match="does not exist"):
        load(tmp_path / "none.safetensors")
