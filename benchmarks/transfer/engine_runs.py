"""The timed networks on every engine, from float picture to float picture."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.transfer.microast import MicroASTCode, MicroASTShaped
from bottega.errors import ResourceError
from bottega.layers import ChannelMoments, color_moments, mk_color_transfer, recolor
from bottega.transfer.feedforward import MicroNet, StyleCode, StyleTarget, load_style_engine
from bottega.transfer.feedforward.backends import import_openvino
from bottega.transfer.feedforward.self_modulated import style_stats
from bottega.transfer.texture.patches import RESIDUAL_SHARE, extract_texture_patches, reserve_texture_variance
from bottega.transfer.texture.synthesis import add_texture

MAX_COMPILE_SECONDS = 120
"""Longer compilations by torch.compile are given up."""

ENGINES = ("eager fp32", "eager bf16", "compiled fp32", "torch bf16", "openvino bf16")
"""``eager`` runs a network as it is written. ``torch`` is Bottega's engine; for the other network it is
the same arithmetic and layout: bfloat16 with channels side by side."""


@dataclass(frozen=True)
class EngineRun:
    """A network on an engine.

    Attributes:
        encode: a style ``(1, 3, H, W)`` to its code.
        paint: a content likewise, and the code, to the picture.
    """

    network: str
    engine: str
    encode: Callable[[Tensor], Any]
    paint: Callable[[Tensor, Any], Tensor]


def micro_run(network: MicroNet, engine: str, threads: int) -> EngineRun:
    """The micro network.

    Raises:
        ResourceError: the engine is missing, or too slow to start.
    """
    if engine in ("torch bf16", "openvino bf16"):
        name, precision = engine.split()
        runner = load_style_engine(network, engine=name, precision=precision, device="cpu", threads=threads)

        def stylize_on_engine(content: Tensor, code: StyleCode) -> Tensor:
            return runner.stylize(content, StyleTarget(code))

        return EngineRun("micro", engine, runner.encode, stylize_on_engine)
    kind = torch.bfloat16 if engine.endswith("bf16") else torch.float32
    plain = copy.deepcopy(network).to(kind)

    def encode_style(style: Tensor) -> StyleCode:
        return replace(plain.encode(style), texture=(extract_texture_patches(style),))

    def stylize(content: Tensor, code: StyleCode) -> Tensor:
        colors = reserve_texture_variance(code.colors.double(), code.texture, 1.0)
        affine = mk_color_transfer(color_moments(content).double(), colors)
        on = add_texture(recolor(content.float(), affine.float()), code.texture).to(kind)
        result = plain.predict(on, style_stats(plain.channels, [StyleTarget(code)]))
        factors = plain.residual_factors(result.affines) * torch.tensor([RESIDUAL_SHARE, 1.0])
        return plain.finish(on, result.residual, factors[..., None, None].to(on)).clamp(0, 1)

    encode, paint = _arithmetic(encode_style, kind), _arithmetic(stylize, kind)
    if engine.startswith("compiled"):
        paint = _compile(paint, encode)
    return EngineRun("micro", engine, encode, paint)


def microast_run(network: MicroASTShaped, engine: str, threads: int) -> EngineRun:
    """The network of MicroAST's shape; raises as :func:`micro_run`."""
    if engine == "openvino bf16":
        return EngineRun("microast", engine, network.encode, _graph(network, threads))
    kind = torch.bfloat16 if engine.endswith("bf16") else torch.float32
    plain = copy.deepcopy(network).to(kind)
    layout = torch.channels_last if engine.startswith("torch") else torch.contiguous_format
    for parameter in plain.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)
    encode, paint = _arithmetic(plain.encode, kind, layout), _arithmetic(plain, kind, layout)
    if engine.startswith("compiled"):
        paint = _compile(paint, encode)
    return EngineRun("microast", engine, encode, paint)


def _arithmetic(
    function: Callable[..., Any], kind: torch.dtype, layout: torch.memory_format = torch.contiguous_format
) -> Callable[..., Any]:
    """The function on pictures of another type and layout; pictures come back in float32."""

    @torch.inference_mode()
    def converted(picture: Tensor, *others: Any) -> Any:
        result = function(picture.to(kind, memory_format=layout), *others)
        return result.float().contiguous() if isinstance(result, Tensor) else result

    return converted


def _compile(paint: Callable[..., Tensor], encode: Callable[[Tensor], Any]) -> Callable[..., Tensor]:
    """Compiled and tried, or given up."""
    faster: Callable[..., Tensor] = torch.compile(paint, dynamic=True)
    picture = torch.rand(1, 3, 128, 160, generator=torch.Generator().manual_seed(0))
    start = time.perf_counter()
    try:
        faster(picture, encode(picture))
    except Exception as error:  # noqa: BLE001 - whatever a compiler may raise
        raise ResourceError(f"torch.compile failed: {str(error).splitlines()[0][:80]}") from None
    seconds = time.perf_counter() - start
    if seconds > MAX_COMPILE_SECONDS:
        raise ResourceError(f"torch.compile took {seconds:.0f} s for a picture of 160 × 128.")
    return faster


def _graph(network: MicroASTShaped, threads: int) -> Callable[[Tensor, MicroASTCode], Tensor]:
    """Compiled by OpenVINO, for each size anew: traced, its statistics hold the number of positions."""
    openvino = import_openvino()
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    requests: dict[torch.Size, Any] = {}

    def compile_model(inputs: tuple[Tensor, ...]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = openvino.convert_model(_Flat(network).eval(), example_input=inputs)
        model.reshape({port: list(each.shape) for port, each in zip(model.inputs, inputs, strict=True)})
        return openvino.Core().compile_model(model, "CPU", settings).create_infer_request()

    def paint(content: Tensor, code: MicroASTCode) -> Tensor:
        inputs = (content, *_flat(code))
        if content.shape not in requests:
            requests[content.shape] = compile_model(inputs)
        request = requests[content.shape]
        request.infer([each.contiguous().numpy() for each in inputs], share_inputs=True)
        return torch.from_numpy(request.get_output_tensor(0).data)

    return paint


class _Flat(nn.Module):
    """The network of MicroAST's shape with tensors in place of its code."""

    def __init__(self, network: MicroASTShaped) -> None:
        super().__init__()
        self.network = network

    def forward(self, content: Tensor, *code: Tensor) -> Tensor:
        return self.network(content, _code(code))


def _flat(code: MicroASTCode) -> tuple[Tensor, ...]:
    moments = [part for each in code.moments for part in (each.mass, each.first, each.second)]
    return (*moments, *code.gains, *code.shifts)


def _code(parts: tuple[Tensor, ...]) -> MicroASTCode:
    moments = (ChannelMoments(*parts[:3]), ChannelMoments(*parts[3:6]))
    return MicroASTCode(moments, (parts[6], parts[7]), (parts[8], parts[9]))
