"""Every engine, in tiles or whole, with bytes or floats, equals the eager network."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from bottega.errors import PictureError, ResourceError, SettingsError
from bottega.transfer.feedforward import (
    MicroNet,
    PhotoNet,
    StyleCode,
    StyleEngine,
    StyleTarget,
    TransformerNet,
    backends,
    load_style_engine,
)
from bottega.transfer.feedforward.pixel_blocks import ImageBuffer
from bottega.transfer.feedforward.prepared_targets import prepare_targets
from bottega.transfer.feedforward.tiling import TiledRunner
from tests.transfer.feedforward.conftest import as_bytes, halves, picture

needs_openvino = pytest.mark.skipif(
    find_spec("openvino") is None, reason='the extra "openvino" is not installed'
)
ENGINES = ["torch", pytest.param("openvino", marks=needs_openvino)]
LEVEL = 1 / 255


def make_engine(network: MicroNet | PhotoNet, name: str = "torch", precision: str = "fp32") -> StyleEngine:
    return load_style_engine(network, engine=name, precision=precision, device="cpu", threads=1)


def in_tiles(engine: StyleEngine, size: int = 64) -> StyleEngine:
    assert isinstance(engine._runner, TiledRunner)
    engine._runner.max_untiled_pixels, engine._runner.tile_size = 0, size
    return engine


def max_difference(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


def decibels(one: Tensor, other: Tensor) -> float:
    return float(-10 * torch.log10((one - other).square().mean()))


def of_bytes(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(("height", "width"), [(112, 133), (16, 70), (9, 5), (64, 64)])
def test_equals_the_network(
    micro: MicroNet, codes: list[StyleCode], name: str, height: int, width: int
) -> None:
    content, target = picture(height, width, 5), StyleTarget(codes[0], 0.8, 0.5)
    expected = micro.stylize(content, target)
    engine = make_engine(micro, name)
    assert max_difference(engine.stylize(content, target), expected) < 0.2 * LEVEL
    stylized = engine.stylize_bytes(as_bytes(content), target)
    assert stylized.shape == (height, width, 3)
    assert max_difference(of_bytes(stylized), expected) < 0.7 * LEVEL
    assert max_difference(expected, content) > 0.05


@pytest.mark.parametrize("name", ENGINES)
def test_regions_equal_the_network(micro: MicroNet, codes: list[StyleCode], name: str) -> None:
    content = picture(80, 101, 6)
    targets = halves([codes[0], None, codes[1]], 80, 101)
    expected = micro.stylize(content, targets)
    engine = make_engine(micro, name)
    assert max_difference(engine.stylize(content, targets), expected) < 0.2 * LEVEL
    stylized = engine.stylize_bytes(as_bytes(content), targets)
    assert max_difference(of_bytes(stylized), expected) < 0.7 * LEVEL


@pytest.mark.parametrize(
    "name", [ENGINES[0], pytest.param("openvino", marks=[needs_openvino, pytest.mark.slow])]
)
def test_tiled_equals_whole(micro: MicroNet, codes: list[StyleCode], name: str) -> None:
    content, target = picture(150, 203, 7), StyleTarget(codes[0])
    tiled = in_tiles(make_engine(micro, name))
    whole = micro.stylize(content, target)
    assert max_difference(tiled.stylize(content, target), whole) < 0.2 * LEVEL
    assert max_difference(of_bytes(tiled.stylize_bytes(as_bytes(content), target)), whole) < 0.7 * LEVEL


def test_tiled_regions_with_masks_of_bytes(micro: MicroNet, codes: list[StyleCode]) -> None:
    content, left = picture(130, 140, 8), torch.zeros(1, 1, 130, 140, dtype=torch.uint8)
    left[..., :60] = 255
    targets = [StyleTarget(codes[0], mask=left), StyleTarget(codes[1], 0.5, mask=255 - left)]
    floats = [StyleTarget(m.code, m.strength, mask=None if m.mask is None else m.mask / 255) for m in targets]
    assert (
        max_difference(in_tiles(make_engine(micro)).stylize(content, targets), micro.stylize(content, floats))
        < 0.2 * LEVEL
    )


@pytest.mark.parametrize("name", ENGINES)
def test_measured_statistics_give_the_same_result(micro: MicroNet, codes: list[StyleCode], name: str) -> None:
    content, target = picture(90, 75, 9), StyleTarget(codes[0])
    engine = make_engine(micro, name)
    stats = engine.measure_bytes(as_bytes(content), target)
    expected = micro.stylize(content, target)
    assert max_difference(engine.stylize(content, target, stats), expected) < 0.2 * LEVEL
    (again,) = in_tiles(make_engine(micro)).measure(content, target)
    for one, other in zip(stats.mean_std_vectors(), again.mean_std_vectors(), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_tiles_with_little_memory(
    micro: MicroNet, codes: list[StyleCode], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bottega.transfer.feedforward.tiling.available_memory", lambda: 1000)
    content, target, engine = picture(100, 90, 22), StyleTarget(codes[0]), make_engine(micro)
    assert isinstance(engine._runner, TiledRunner)
    engine._runner.tile_size = 64
    prepared = prepare_targets(micro, ImageBuffer(content), [target], None)
    assert len(engine._runner.tiles(ImageBuffer(content), prepared)) == 4
    assert max_difference(engine.stylize(content, target), micro.stylize(content, target)) < 0.2 * LEVEL


def test_given_statistics_are_used(micro: MicroNet, codes: list[StyleCode]) -> None:
    engine, target = make_engine(micro), StyleTarget(codes[0])
    other = engine.measure_bytes(as_bytes(picture(64, 64, 21) * 0.4), target)
    content = as_bytes(picture(64, 64, 20))
    assert (engine.stylize_bytes(content, target, other) != engine.stylize_bytes(content, target)).any()


@pytest.mark.parametrize("name", ENGINES)
def test_codes_equal_the_network(micro: MicroNet, name: str) -> None:
    style, mask = picture(70, 90, 10), torch.zeros(1, 1, 70, 90)
    mask[..., 30:] = 1
    for mask_or_none in (None, mask):
        expected = micro.encode(style, mask_or_none)
        for engine in (make_engine(micro, name), in_tiles(make_engine(micro, name))):
            result = engine.encode(style, mask_or_none)
            for one, other in zip(result.mean_std_vectors(), expected.mean_std_vectors(), strict=True):
                assert torch.allclose(one, other, atol=2e-4)
            assert torch.allclose(result.colors.covariance.float(), expected.colors.covariance, atol=1e-5)


@pytest.mark.parametrize("name", ENGINES)
def test_bfloat16_is_close(micro: MicroNet, codes: list[StyleCode], name: str) -> None:
    content, target = picture(160, 200, 13), StyleTarget(codes[0])
    engine = make_engine(micro, name, "bf16")
    assert engine.precision == "bf16"
    result = engine.stylize(content, target)
    assert 45 < decibels(result, micro.stylize(content, target)) < 90
    targets = halves([codes[0], codes[1]], 160, 200)
    assert decibels(engine.stylize(content, targets), micro.stylize(content, targets)) > 45


def test_strength_zero_is_lossless(micro: MicroNet, codes: list[StyleCode]) -> None:
    content = as_bytes(picture(50, 66, 14))
    engine = make_engine(micro, precision="bf16")
    assert (engine.stylize_bytes(content, StyleTarget(codes[0], 0.0)) == content).all()
    assert (engine.stylize_bytes(content, StyleTarget(None)) == content).all()
    targets = halves([None, codes[1]], 50, 66)
    assert (engine.stylize_bytes(content, targets)[:, 0] == content[:, 0]).all()


def test_color_only(micro: MicroNet, codes: list[StyleCode]) -> None:
    content, target = picture(40, 44, 15), StyleTarget(codes[0], 0.0, 1.0)
    assert (
        max_difference(make_engine(micro).stylize(content, target), micro.stylize(content, target))
        < 0.2 * LEVEL
    )


def test_the_network_itself_is_left_alone(micro: MicroNet, codes: list[StyleCode]) -> None:
    before = {name: tensor.clone() for name, tensor in micro.state_dict().items()}
    make_engine(micro, precision="bf16").stylize(picture(32, 32, 1), StyleTarget(codes[0]))
    assert all(torch.equal(tensor, before[name]) for name, tensor in micro.state_dict().items())


def test_photo_equals_the_network() -> None:
    torch.manual_seed(4)
    network = PhotoNet().eval().requires_grad_(False)
    torch.nn.init.normal_(network.head.weight, std=0.02)
    content, code = picture(300, 410, 16), network.encode(picture(100, 90, 17))
    engine = make_engine(network)
    assert engine.engine == "torch"
    for targets in ([StyleTarget(code, 0.7)], halves([code, None], 300, 410)):
        expected = network.stylize(content, targets)
        assert max_difference(engine.stylize(content, targets), expected) < 0.2 * LEVEL
        assert (
            max_difference(of_bytes(engine.stylize_bytes(as_bytes(content), targets)), expected) < 0.7 * LEVEL
        )
        stats = engine.measure(content, targets)
        assert max_difference(engine.stylize(content, targets, stats), expected) < 0.2 * LEVEL
    with pytest.raises(SettingsError, match="torch"):
        make_engine(network, "openvino")


@needs_openvino
def test_compiled_graphs_are_cached(micro: MicroNet, codes: list[StyleCode], empty_cache: Path) -> None:
    content, target = picture(64, 64, 18), StyleTarget(codes[0])
    first = make_engine(micro, "openvino").stylize(content, target)
    (blob,) = (empty_cache / "openvino").glob("*.blob")
    size = blob.stat().st_size
    assert max_difference(make_engine(micro, "openvino").stylize(content, target), first) < 1e-6
    blob.write_bytes(b"damaged")
    assert max_difference(make_engine(micro, "openvino").stylize(content, target), first) < 1e-6
    assert blob.stat().st_size == size
    other = MicroNet().eval().requires_grad_(False)
    make_engine(other, "openvino").stylize(content, StyleTarget(other.encode(content.flip(3))))
    assert len(list((empty_cache / "openvino").glob("*.blob"))) == 2


@needs_openvino
def test_telemetry_is_not_loaded(empty_cache: Path) -> None:
    code = (
        "import sys, torch\n"
        "from bottega.transfer.feedforward import MicroNet, load_style_engine\n"
        "engine = load_style_engine(MicroNet(8, 8, blocks=0), engine='openvino', device='cpu')\n"
        "engine.encode(torch.rand(1, 3, 32, 32))\n"
        "assert 'openvino' in sys.modules\n"
        "assert 'openvino_telemetry' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_engine(micro: MicroNet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=r"bottega\[openvino\]"):
        make_engine(micro, "openvino")


def test_invalid_arguments(micro: MicroNet, codes: list[StyleCode]) -> None:
    engine, content = make_engine(micro), picture(32, 32, 19)
    with pytest.raises(SettingsError, match="is not an engine"):
        make_engine(micro, "tensorrt")
    with pytest.raises(SettingsError, match="arbitrary styles"):
        load_style_engine(TransformerNet())  # type: ignore[arg-type]
    with pytest.raises(PictureError, match="uint8"):
        engine.stylize_bytes(np.zeros((8, 8, 3), np.float32), StyleTarget(codes[0]))  # type: ignore[arg-type]
    with pytest.raises(PictureError, match="one picture at a time"):
        engine.stylize(content.repeat(2, 1, 1, 1), StyleTarget(codes[0]))
    with pytest.raises(SettingsError, match="encode the style"):
        engine.stylize(content, StyleTarget(PhotoNet().encode(content)))
    with pytest.raises(SettingsError, match="2 targets need"):
        engine.stylize(content, halves(list(codes), 32, 32), codes[0])
