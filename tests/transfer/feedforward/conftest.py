"""A micro network with a residual, a photo-like image, and codes: random, but reproducible."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from bottega.transfer.feedforward import MicroNet, StyleCode, StyleTarget


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled graphs are cached for the session, not in the user's cache."""
    monkeypatch.setenv("BOTTEGA_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def picture(height: int, width: int, seed: int) -> Tensor:
    """Soft shapes and a little grain, in steps of bytes: ``(1, 3, height, width)``."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 8 + 2, width // 8 + 2, generator=generator)
    soft = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    grain = torch.rand(1, 3, height, width, generator=generator)
    return ((0.85 * soft + 0.15 * grain).clamp(0, 1) * 255).round() / 255


def as_bytes(picture: Tensor) -> np.ndarray:
    return (picture[0].permute(1, 2, 0) * 255).round().to(torch.uint8).contiguous().numpy()


def halves(codes: Sequence[StyleCode | None], height: int, width: int) -> list[StyleTarget]:
    """One target per vertical strip, with soft edges."""
    positions = torch.linspace(0, len(codes) - 1, width)
    masks = [
        (1 - (positions - index).abs()).clamp(0, 1).expand(1, 1, height, width) for index in range(len(codes))
    ]
    return [StyleTarget(code, mask=mask) for code, mask in zip(codes, masks, strict=True)]


@pytest.fixture(scope="session")
def micro() -> MicroNet:
    torch.manual_seed(3)
    network = MicroNet(24, 32, blocks=1, deep_blocks=1)  # graphs of fewer layers compile sooner
    torch.nn.init.normal_(network.head.weight, std=0.01)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def codes(micro: MicroNet) -> list[StyleCode]:
    return [micro.encode(picture(96, 120, seed)) for seed in (11, 12)]


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOTTEGA_CACHE", str(tmp_path))
    return tmp_path
