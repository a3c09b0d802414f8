"""What runs the micro network's trunk: PyTorch, or a graph compiled by OpenVINO."""

from __future__ import annotations

import copy
import hashlib
import io
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega import runtime
from bottega.environment import environment
from bottega.errors import ResourceError, SettingsError
from bottega.layers import ChannelMoments, modules, moments
from bottega.transfer.feedforward import graph, micro, self_modulated
from bottega.transfer.feedforward.graph import (
    MASK_STRIDES,
    GraphSpec,
    TrunkOps,
)
from bottega.transfer.feedforward.micro import COEFFICIENTS, FOLD, MicroNet

ENGINES = ("torch", "openvino")

BAND_POSITIONS = 2**13  # positions processed at a time: a few hundred kilobytes per tensor

TELEMETRY_MODULE = "openvino_telemetry"


class Backend(Protocol):
    """Runs :class:`TrunkGraph` for any :class:`GraphSpec`.

    Attributes:
        bytes_per_pixel: of memory for an image in one piece, about.
        input_dtype: of the features.
    """

    bytes_per_pixel: int
    input_dtype: torch.dtype

    def run(self, spec: GraphSpec, inputs: Mapping[str, Tensor]) -> Sequence[Tensor]:
        """The outputs of :class:`TrunkGraph` for the inputs that it names; valid until the next run."""
        ...


class TrunkGraph(nn.Module):
    """The micro network's trunk, tensors in and tensors out: what OpenVINO converts."""

    def __init__(self, network: MicroNet, spec: GraphSpec, ops: TrunkOps) -> None:
        super().__init__()
        self.network = network
        self.spec = spec
        self.ops = ops

    def forward(self, features: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run the trunk.

        Args:
            features: ``(h, w, 48)``.
            inputs: in the order of :attr:`GraphSpec.inputs`.

        Returns:
            The residual ``(h, w, 48)``, and :meth:`SelfModulatedNet.residual_factors` if computed; with a
            ``stop_layer`` means and mean squares of the measured layers, each ``(K, channels)``.
        """
        named = dict(zip(self.spec.inputs, inputs, strict=True))
        result = self.network.run_trunk(features[None].permute(0, 3, 1, 2), named, self.spec, self.ops)
        if self.spec.stop_layer is not None:
            return tuple(
                torch.cat([getattr(layer, part) for layer in result.moments], 1)
                for part in ("first", "second")
            )
        residual = result.residual.permute(0, 2, 3, 1)[0]
        return (residual, self.network.residual_factors(result.affines)) if result.affines else (residual,)


class TorchBackend:
    """Runs on any device of PyTorch.

    Features are in channels-last memory format: convolutions then reach 80 to 100 % of the CPU's peak, and
    statistics and affine maps go position by position.

    Args:
        network: in float32.
        precision: of the features; statistics are always float32.
    """

    bytes_per_pixel = 100

    def __init__(self, network: MicroNet, device: torch.device, precision: torch.dtype) -> None:
        self.device = device
        self.input_dtype = precision
        self.network = copy.deepcopy(network).to(device)
        for module in self.network.modules():
            if isinstance(module, nn.Conv2d):
                module.to(precision)
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(self, spec: GraphSpec, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """See :class:`Backend`; tensors come from and go to the CPU."""
        trunk = TrunkGraph(self.network, spec, _BandedOps())
        tensors = [inputs[name].to(self.device) for name in ("features", *spec.inputs)]
        return tuple(output.cpu() for output in trunk(*tensors))


class _BandedOps(TrunkOps):
    """In float32, a band of positions at a time, which stays in the CPU cache."""

    def moments(self, features: Tensor, mask: Tensor | None) -> ChannelMoments:
        rows = _rows(features)
        weights = None if mask is None else mask.flatten(1)
        first = second = torch.zeros((), device=features.device)
        for start in range(0, len(rows), BAND_POSITIONS):
            band = rows[start : start + BAND_POSITIONS].float()
            if weights is None:
                first, second = first + band.sum(0), second + band.square().sum(0)
            else:
                part = weights[:, start : start + BAND_POSITIONS]
                first, second = first + part @ band, second + part @ band.square()
        if weights is None:
            return _unit_moments(first[None] / len(rows), second[None] / len(rows))
        mass = weights.sum(1, keepdim=True).clamp_min(1e-12)
        return _unit_moments(first / mass, second / mass)

    def apply(self, features: Tensor, gain: Tensor, shift: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            # Batch normalization with means of 0 and variances of 1 is the affine map in a single pass.
            zero, one = torch.zeros_like(gain[0]), torch.ones_like(gain[0])
            return F.batch_norm(features, zero, one, gain[0], shift[0], eps=0.0)
        result = torch.empty_like(features, memory_format=torch.channels_last)
        rows, target = _rows(features), _rows(result)
        weights = mask.flatten(1).mT
        for start in range(0, len(rows), BAND_POSITIONS):
            part = slice(start, start + BAND_POSITIONS)
            target[part] = torch.addcmul(weights[part] @ shift, rows[part].float(), weights[part] @ gain)
        return result


class OpenVINOBackend:
    """Runs on the CPU, compiled.

    Each spec is compiled when it is first used, in a second or two; the compiled graph is stored in the cache
    folder, from where later processes load it in a fraction of that.

    Args:
        network: in float32.
        precision: bfloat16 or float32, of the features.
        threads: of the CPU.
    """

    bytes_per_pixel = 200
    input_dtype = torch.float32

    def __init__(self, network: MicroNet, precision: torch.dtype, threads: int) -> None:
        self.openvino = import_openvino()
        self.core = self.openvino.Core()
        self.network = network
        self.settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision == torch.bfloat16 else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        self.requests: dict[GraphSpec, Any] = {}

    def run(self, spec: GraphSpec, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """See :class:`Backend`."""
        if spec not in self.requests:
            self.requests[spec] = self._compile(spec).create_infer_request()
        request = self.requests[spec]
        arrays = [inputs[name].contiguous().numpy() for name in ("features", *spec.inputs)]
        request.infer(arrays, share_inputs=True)
        return tuple(torch.from_numpy(tensor.data) for tensor in request.output_tensors)

    def _compile(self, spec: GraphSpec) -> Any:
        file = environment().cache / "openvino" / f"{self._cache_key(spec)}.blob"
        if file.exists():
            # A graph of another build, or a damaged one, is compiled again.
            with suppress(RuntimeError):
                return self.core.import_model(io.BytesIO(file.read_bytes()), "CPU", self.settings)
        compiled = self.core.compile_model(self._convert(spec), "CPU", self.settings)
        with suppress(OSError):  # without a writable cache the next process compiles again
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = file.with_suffix(f".{os.getpid()}")
            temporary.write_bytes(compiled.export_model().getvalue())
            temporary.replace(file)
        return compiled

    def _cache_key(self, spec: GraphSpec) -> str:
        """A hash of everything that the compiled graph depends on."""
        digest = hashlib.sha256(Path(__file__).read_bytes())
        for name, tensor in self.network.state_dict().items():
            digest.update(name.encode() + tensor.numpy().tobytes())
        for module in (graph, micro, self_modulated, moments, modules):
            digest.update(Path(str(module.__file__)).read_bytes())
        versions = (self.openvino.get_version(), torch.__version__, sorted(runtime.cpu_capabilities()))
        digest.update(repr((spec, self.settings, versions)).encode())
        return digest.hexdigest()[:32]

    def _convert(self, spec: GraphSpec) -> Any:
        """Trace the trunk with example inputs, then make their sizes dynamic."""
        height, width, regions = 4 if spec.is_single_row else 16, 16, 2 if spec.has_regions else 1
        channels, affine_channels = (
            sum(self.network.channels),
            sum(self.network.channels[: spec.affine_layers]),
        )
        examples = {
            "features": torch.zeros(height, width, COEFFICIENTS),
            "boxes": torch.tensor([[0, 0, 1, 1]]).repeat(len(self.network.channels), 1),
            "means": torch.zeros(regions, channels),
            "stds": torch.ones(regions, channels),
            "strength": torch.ones(regions, 1),
            "gains": torch.ones(regions, affine_channels),
            "shifts": torch.zeros(regions, affine_channels),
        }
        for stride in MASK_STRIDES:
            size = (regions, height * FOLD // stride, width * FOLD // stride)
            examples[f"mask{stride}"] = torch.full(size, 1 / regions)
        names = ("features", *spec.inputs)
        trunk = TrunkGraph(self.network, spec, _GraphOps()).eval()
        with torch.no_grad(), warnings.catch_warnings():
            # The sizes that control flow depends on are part of the spec.
            warnings.filterwarnings("ignore", category=UserWarning)
            warnings.filterwarnings("ignore", message="(Converting a tensor|torch.as_tensor)")
            model = self.openvino.convert_model(trunk, example_input=tuple(examples[n] for n in names))
        shapes = {}
        for port, name in zip(model.inputs, names, strict=True):
            sizes = list(examples[name].shape)
            if name == "features":
                sizes[:2] = [-1, -1]
            elif name.startswith("mask"):
                sizes = [-1, -1, -1]
            elif spec.has_regions and name != "boxes":
                sizes[0] = -1
            shapes[port] = self.openvino.PartialShape(sizes)
        model.reshape(shapes)
        return model


class _GraphOps(TrunkOps):
    """Few operations and no reductions by matrix products, which OpenVINO may round."""

    def moments(self, features: Tensor, mask: Tensor | None) -> ChannelMoments:
        if mask is None:
            return _unit_moments(features.mean((2, 3)), (features * features).mean((2, 3)))
        # A mask outside this tile has no mass.
        mass = mask.sum((1, 2))[:, None].clamp_min(1e-12)
        weighted = features * mask[:, None]
        return _unit_moments(weighted.sum((2, 3)) / mass, (weighted * features).sum((2, 3)) / mass)

    def apply(self, features: Tensor, gain: Tensor, shift: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            return torch.addcmul(shift[:, :, None, None], features, gain[:, :, None, None])
        weights = mask.flatten(1)
        planes = [(values.T @ weights).view_as(features) for values in (gain, shift)]
        return torch.addcmul(planes[1], features, planes[0])


def _unit_moments(mean: Tensor, mean_square: Tensor) -> ChannelMoments:
    return ChannelMoments(torch.ones_like(mean[:, :1]), mean, mean_square)


def _rows(features: Tensor) -> Tensor:
    """``(1, C, h, w)`` as ``(h · w, C)``; a view in channels-last memory format."""
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def choose_engine(name: str, device: torch.device, *, is_compilable: bool) -> str:
    """Resolve and check the name of an engine.

    Args:
        name: one of :data:`ENGINES`, or ``auto``: torch, which is faster for images of a megapixel and more,
            as fast for small ones, and takes half the memory.
        is_compilable: whether OpenVINO can run the network.

    Raises:
        SettingsError: an unknown name, or an engine that cannot run the network or use the device.
        ResourceError: the engine is not installed.
    """
    if name == "auto":
        return "torch"
    if name not in ENGINES:
        raise SettingsError(f'"{name}" is not an engine; use auto, {" or ".join(ENGINES)}.')
    if name == "openvino" and not is_compilable:
        raise SettingsError('The photo network runs on the engine "torch" only; use that, or auto.')
    if name == "openvino" and device.type != "cpu":
        raise SettingsError(f'The engine "openvino" runs on the CPU, not on {device}; use torch.')
    if find_spec(name) is None:
        raise ResourceError(
            f'The engine "{name}" is not installed; run pip install "bottega[{name}]", or use torch.'
        )
    return name


def import_openvino() -> Any:
    """OpenVINO without telemetry; it must be imported nowhere else.

    Where its telemetry package cannot be imported, it uses a stub that reports nothing.
    """
    loaded = sys.modules.get(TELEMETRY_MODULE)
    sys.modules[TELEMETRY_MODULE] = None  # type: ignore[assignment]
    try:
        import openvino
    finally:
        del sys.modules[TELEMETRY_MODULE]
        if loaded is not None:
            sys.modules[TELEMETRY_MODULE] = loaded
    return openvino
