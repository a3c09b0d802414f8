"""Whatever the engine, tiles or whole, bytes or floats: the network's own answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from bottega.errors import PictureError, ResourceError, SettingsError
from bottega.transfer.feedforward import (
    Manner,
    MicroNet,
    OnePass,
    PhotoNet,
    StyleCode,
    TransformerNet,
    backends,
    one_pass,
)
from bottega.transfer.feedforward.pixel_blocks import Content
from bottega.transfer.feedforward.prepared_targets import wishes
from bottega.transfer.feedforward.tiling import MicroPainter
from tests.transfer.feedforward.conftest import as_bytes, halves, picture

needs_openvino = pytest.mark.skipif(
    not backends.is_installed("openvino"), reason='the extra "openvino" is not installed'
)
ENGINES = ["torch", pytest.param("openvino", marks=needs_openvino)]
LEVEL = 1 / 255


def made(network: MicroNet | PhotoNet, engine: str = "torch", precision: str = "fp32") -> OnePass:
    return one_pass(network, engine=engine, precision=precision, device="cpu", threads=1)


def in_tiles(painter: OnePass, size: int = 64) -> OnePass:
    assert isinstance(painter._painter, MicroPainter)
    painter._painter.whole, painter._painter.tile = 0, size
    return painter


def apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


def decibels(one: Tensor, other: Tensor) -> float:
    return float(-10 * torch.log10((one - other).square().mean()))


def of_bytes(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("height", "width"), [(112, 133), (16, 70), (9, 5), (64, 64)])
def test_equals_the_network(
    micro: MicroNet, codes: list[StyleCode], engine: str, height: int, width: int
) -> None:
    content, manner = picture(height, width, 5), Manner(codes[0], 0.8, 0.5)
    expected = micro.stylize(content, manner)
    painter = made(micro, engine)
    assert apart(painter.paint(content, manner), expected) < 0.2 * LEVEL
    painted = painter.paint_bytes(as_bytes(content), manner)
    assert painted.shape == (height, width, 3)
    assert apart(of_bytes(painted), expected) < 0.7 * LEVEL
    assert apart(expected, content) > 0.05


@pytest.mark.parametrize("engine", ENGINES)
def test_regions_equal_the_network(micro: MicroNet, codes: list[StyleCode], engine: str) -> None:
    content = picture(80, 101, 6)
    manners = halves([codes[0], None, codes[1]], 80, 101)
    expected = micro.stylize(content, manners)
    painter = made(micro, engine)
    assert apart(painter.paint(content, manners), expected) < 0.2 * LEVEL
    painted = painter.paint_bytes(as_bytes(content), manners)
    assert apart(of_bytes(painted), expected) < 0.7 * LEVEL


@pytest.mark.parametrize(
    "engine", [ENGINES[0], pytest.param("openvino", marks=[needs_openvino, pytest.mark.slow])]
)
def test_tiled_equals_whole(micro: MicroNet, codes: list[StyleCode], engine: str) -> None:
    content, manner = picture(150, 203, 7), Manner(codes[0])
    tiled = in_tiles(made(micro, engine))
    whole = micro.stylize(content, manner)
    assert apart(tiled.paint(content, manner), whole) < 0.2 * LEVEL
    assert apart(of_bytes(tiled.paint_bytes(as_bytes(content), manner)), whole) < 0.7 * LEVEL


def test_tiled_regions_with_masks_of_bytes(micro: MicroNet, codes: list[StyleCode]) -> None:
    content, left = picture(130, 140, 8), torch.zeros(1, 1, 130, 140, dtype=torch.uint8)
    left[..., :60] = 255
    manners = [Manner(codes[0], mask=left), Manner(codes[1], 0.5, mask=255 - left)]
    floats = [Manner(m.code, m.strength, mask=None if m.mask is None else m.mask / 255) for m in manners]
    assert apart(in_tiles(made(micro)).paint(content, manners), micro.stylize(content, floats)) < 0.2 * LEVEL


@pytest.mark.parametrize("engine", ENGINES)
def test_known_statistics_paint_the_same(micro: MicroNet, codes: list[StyleCode], engine: str) -> None:
    content, manner = picture(90, 75, 9), Manner(codes[0])
    painter = made(micro, engine)
    known = painter.measure_bytes(as_bytes(content), manner)
    expected = micro.stylize(content, manner)
    assert apart(painter.paint(content, manner, known), expected) < 0.2 * LEVEL
    (again,) = in_tiles(made(micro)).measure(content, manner)
    for one, other in zip(known.vectors(), again.vectors(), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_little_memory_takes_tiles(
    micro: MicroNet, codes: list[StyleCode], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bottega.transfer.feedforward.tiling.available_memory", lambda: 1000)
    content, manner, painter = picture(100, 90, 22), Manner(codes[0]), made(micro)
    assert isinstance(painter._painter, MicroPainter)
    painter._painter.tile = 64
    wished = wishes(micro, Content(content), [manner], None)
    assert len(painter._painter._tiles(Content(content), wished)) == 4
    assert apart(painter.paint(content, manner), micro.stylize(content, manner)) < 0.2 * LEVEL


def test_known_statistics_are_used(micro: MicroNet, codes: list[StyleCode]) -> None:
    painter, manner = made(micro), Manner(codes[0])
    other = painter.measure_bytes(as_bytes(picture(64, 64, 21) * 0.4), manner)
    content = as_bytes(picture(64, 64, 20))
    assert (painter.paint_bytes(content, manner, other) != painter.paint_bytes(content, manner)).any()


@pytest.mark.parametrize("engine", ENGINES)
def test_codes_are_the_network_s(micro: MicroNet, engine: str) -> None:
    style, mask = picture(70, 90, 10), torch.zeros(1, 1, 70, 90)
    mask[..., 30:] = 1
    for given in (None, mask):
        expected = micro.encode(style, given)
        for painter in (made(micro, engine), in_tiles(made(micro, engine))):
            found = painter.encode(style, given)
            for one, other in zip(found.vectors(), expected.vectors(), strict=True):
                assert torch.allclose(one, other, atol=2e-4)
            assert torch.allclose(found.colors.covariance.float(), expected.colors.covariance, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_bfloat16_is_near(micro: MicroNet, codes: list[StyleCode], engine: str) -> None:
    content, manner = picture(160, 200, 13), Manner(codes[0])
    painter = made(micro, engine, "bf16")
    assert painter.precision == "bf16"
    found = painter.paint(content, manner)
    assert 45 < decibels(found, micro.stylize(content, manner)) < 90
    manners = halves([codes[0], codes[1]], 160, 200)
    assert decibels(painter.paint(content, manners), micro.stylize(content, manners)) > 45


def test_strength_zero_leaves_every_bit(micro: MicroNet, codes: list[StyleCode]) -> None:
    content = as_bytes(picture(50, 66, 14))
    painter = made(micro, precision="bf16")
    assert (painter.paint_bytes(content, Manner(codes[0], 0.0)) == content).all()
    assert (painter.paint_bytes(content, Manner(None)) == content).all()
    kept = halves([None, codes[1]], 50, 66)
    assert (painter.paint_bytes(content, kept)[:, 0] == content[:, 0]).all()


def test_colors_alone(micro: MicroNet, codes: list[StyleCode]) -> None:
    content, manner = picture(40, 44, 15), Manner(codes[0], 0.0, 1.0)
    assert apart(made(micro).paint(content, manner), micro.stylize(content, manner)) < 0.2 * LEVEL


def test_the_network_itself_is_left_alone(micro: MicroNet, codes: list[StyleCode]) -> None:
    before = {name: tensor.clone() for name, tensor in micro.state_dict().items()}
    made(micro, precision="bf16").paint(picture(32, 32, 1), Manner(codes[0]))
    assert all(torch.equal(tensor, before[name]) for name, tensor in micro.state_dict().items())


def test_photo_equals_the_network() -> None:
    torch.manual_seed(4)
    network = PhotoNet().eval().requires_grad_(False)
    torch.nn.init.normal_(network.head.weight, std=0.02)
    content, code = picture(300, 410, 16), network.encode(picture(100, 90, 17))
    painter = made(network)
    assert painter.engine == "torch"
    for manners in ([Manner(code, 0.7)], halves([code, None], 300, 410)):
        expected = network.stylize(content, manners)
        assert apart(painter.paint(content, manners), expected) < 0.2 * LEVEL
        assert apart(of_bytes(painter.paint_bytes(as_bytes(content), manners)), expected) < 0.7 * LEVEL
        known = painter.measure(content, manners)
        assert apart(painter.paint(content, manners, known), expected) < 0.2 * LEVEL
    with pytest.raises(SettingsError, match="torch"):
        made(network, "openvino")


@needs_openvino
def test_compiled_graphs_are_kept(micro: MicroNet, codes: list[StyleCode], empty_cache: Path) -> None:
    content, manner = picture(64, 64, 18), Manner(codes[0])
    first = made(micro, "openvino").paint(content, manner)
    (kept,) = (empty_cache / "openvino").glob("*.blob")
    size = kept.stat().st_size
    assert apart(made(micro, "openvino").paint(content, manner), first) < 1e-6
    kept.write_bytes(b"damaged")
    assert apart(made(micro, "openvino").paint(content, manner), first) < 1e-6
    assert kept.stat().st_size == size
    other = MicroNet().eval().requires_grad_(False)
    made(other, "openvino").paint(content, Manner(other.encode(content.flip(3))))
    assert len(list((empty_cache / "openvino").glob("*.blob"))) == 2


@needs_openvino
def test_nothing_is_sent(empty_cache: Path) -> None:
    code = (
        "import sys, torch\n"
        "from bottega.transfer.feedforward import MicroNet, one_pass\n"
        "made = one_pass(MicroNet(8, 8, blocks=0), engine='openvino', device='cpu')\n"
        "made.encode(torch.rand(1, 3, 32, 32))\n"
        "assert 'openvino' in sys.modules\n"
        "assert 'openvino_telemetry' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_engine_that_is_not_there(micro: MicroNet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=r"bottega\[openvino\]"):
        made(micro, "openvino")


def test_what_cannot_be_painted(micro: MicroNet, codes: list[StyleCode]) -> None:
    painter, content = made(micro), picture(32, 32, 19)
    with pytest.raises(SettingsError, match="is not an engine"):
        made(micro, "tensorrt")
    with pytest.raises(SettingsError, match="any style"):
        one_pass(TransformerNet())  # type: ignore[arg-type]
    with pytest.raises(PictureError, match="uint8"):
        painter.paint_bytes(np.zeros((8, 8, 3), np.float32), Manner(codes[0]))  # type: ignore[arg-type]
    with pytest.raises(PictureError, match="One picture"):
        painter.paint(content.repeat(2, 1, 1, 1), Manner(codes[0]))
    with pytest.raises(SettingsError, match="encode the style"):
        painter.paint(content, Manner(PhotoNet().encode(content)))
    with pytest.raises(SettingsError, match="2 manners need 2"):
        painter.paint(content, halves(list(codes), 32, 32), codes[0])
