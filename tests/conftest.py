"""Fixtures of the tests of tools and command line: small pictures, and small random networks."""

from __future__ import annotations

import os

# Tests run side by side, one core each: threads that wait for one another's time slices are far slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from torch import nn

    from bottega.transfer.feedforward import AdaINNet

QUICK = {
    "method": "optimize",
    "encoder": "tiny",
    "size": 32,
    "first_size": 16,
    "precision": "fp32",
    "threads": 1,
    "iterations": 1,
    "last_iterations": 1,
}
"""Settings for an optimization that takes a fraction of a second."""


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests neither read nor change the cache of the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTTEGA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def weights_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BOTTEGA_HOME with random numbers: the encoder "tiny", and for each method a network "tiny-..."."""
    from bottega import encoders, weights

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOTTEGA_HOME", str(home))
        state = encoders.build_encoder("small", seed=1).state_dict()
        metadata = {
            "kind": "encoder",
            "architecture": "small",
            "license": "MIT",
            "provenance": "random numbers",
        }
        weights.register("tiny", state, {"architecture": "small"}, **metadata)
        _register_networks()
    return home


def _register_networks() -> None:
    import torch

    from bottega import weights
    from bottega.transfer import feedforward as networks

    torch.manual_seed(0)
    tiny: dict[str, nn.Module] = {
        "micro": networks.MicroNet(fine=8, coarse=8, blocks=1, deep_blocks=1),
        "photo": networks.PhotoNet(fine=8, coarse=8, depth=4),
        "adain": networks.AdaINNet("tiny"),
        "fast": networks.TransformerNet(width=4, blocks=1),
        "multi": networks.MultiStyleNet(["candy", "mosaic", "rain"], width=4, blocks=1),
    }
    for name, network in tiny.items():
        torch.manual_seed(0)
        for key, tensor in network.state_dict().items():
            if key.startswith("head") or "norms" in key:  # which start as nothing at all
                tensor.add_(0.03 * torch.randn(tensor.shape))
            elif tensor.ndim == 4:  # no layer fades away
                torch.nn.init.kaiming_normal_(tensor, nonlinearity="relu")
        if isinstance(network, networks.AdaINNet):
            _set_contrast(network)
        metadata = {"kind": "network", "architecture": name, "license": "MIT", "provenance": "random numbers"}
        weights.register(f"tiny-{name}", network.state_dict(), networks.build_config(network), **metadata)


def _set_contrast(network: AdaINNet) -> None:
    """Scale the output of a random decoder to medium gray and visible contrast."""
    import torch

    last = network.decoder[-1]
    with torch.no_grad():
        output = network.decoder(network.features(torch.rand(1, 3, 32, 32))) - 0.5
        scale = 0.15 / output.std((2, 3)).mean()
        last.weight.mul_(scale)
        last.bias.copy_(0.5 - scale * output.mean((0, 2, 3)))


@pytest.fixture
def bench(tmp_path: Path, weights_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: photo.png (40 × 30), style.png, other.png, mask.png (left half of the photo)."""
    import torch

    torch.set_num_threads(1)
    monkeypatch.setenv("BOTTEGA_HOME", str(weights_home))
    monkeypatch.setenv("BOTTEGA_CACHE", str(tmp_path / "cache"))
    for name in ("DEVICE", "PRECISION", "THREADS", "MAX_PIXELS", "OFFLINE"):
        monkeypatch.delenv(f"BOTTEGA_{name}", raising=False)
    folder = tmp_path / "bench"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write_picture(folder / "photo.png", seed=1)
    write_picture(folder / "style.png", seed=2, size=(36, 36))
    write_picture(folder / "other.png", seed=3, size=(36, 36))
    mask = np.zeros((30, 40), np.uint8)
    mask[:, :20] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    return folder


@pytest.fixture
def quick() -> Callable[..., list[str]]:
    """Arguments for the command line: the given ones, and the other quick settings."""

    def arguments(*args: str) -> list[str]:
        flags = {f"--{name.replace('_', '-')}": str(value) for name, value in QUICK.items()}
        others = [text for flag, value in flags.items() if flag not in args for text in (flag, value)]
        return [*args, *others]

    return arguments


@pytest.fixture
def quick_optimize_settings() -> dict[str, object]:
    """The same as keywords."""
    return dict(QUICK)


@pytest.fixture
def feedforward_settings() -> Callable[..., dict[str, object]]:
    """Settings for a feed-forward method with its small network."""

    def settings(method: str = "micro", **more: object) -> dict[str, object]:
        exact = {"engine": "torch", "precision": "fp32"} if method == "micro" else {}
        return {"method": method, "model": f"tiny-{method}", "threads": 1, **exact, **more}

    return settings


def write_picture(path: Path, seed: int, size: tuple[int, int] = (40, 30)) -> None:
    """Soft colored noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """How a worker of the suite ended that should not have: a signal's number tells more than its silence."""
    if error:
        print(f"\n{node.gateway.id} ended with {node.gateway._io.popen.wait(10)}")
