"""The engine that is always there: torch, with what is worked on kept in the processor's cache."""

from __future__ import annotations

import copy
import hashlib
import io
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bottega import runtime
from bottega.environment import environment
from bottega.errors import ResourceError, SettingsError
from bottega.layers import modules, moments
from bottega.transfer.feedforward import graph, micro, self_modulated
from bottega.transfer.feedforward.graph import Trunk, Work, example_inputs
from bottega.transfer.feedforward.micro import MicroNet

BAND = 2**13
"""Positions worked on at a time; a few hundred kilobytes for each value of theirs."""


class TorchEngine:
    """Runs a micro network's trunk on any device of torch's.

    All features lie with their channels side by side: the convolutions then run at 80 to 100 % of what the
    processor multiplies, and sums and shifts go position by position, as blocks of pixels do.

    Args:
        network: in float32.
        precision: of the features; statistics are float32 always.
    """

    name = "torch"
    bytes_per_pixel = 100

    def __init__(self, network: MicroNet, device: torch.device, precision: torch.dtype) -> None:
        self.device = device
        self.takes = precision
        self.network = copy.deepcopy(network).to(device)
        for module in self.network.modules():
            if isinstance(module, nn.Conv2d):
                module.to(precision)
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(self, work: Work, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """See :class:`Trunk`; tensors come and go on the processor."""
        trunk = _InBands(self.network, work)
        found = trunk(*(inputs[name].to(self.device) for name in work.inputs))
        return tuple(each.cpu() for each in found)


class _InBands(Trunk):
    """The same sums and shifts as :class:`Trunk`'s, in float32, a band of positions at a time."""

    def moments(self, features: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        rows = _rows(features)
        weights = None if mask is None else mask.flatten(1)
        first = second = torch.zeros((), device=features.device)
        for start in range(0, len(rows), BAND):
            band = rows[start : start + BAND].float()
            if weights is None:
                first, second = first + band.sum(0), second + band.square().sum(0)
            else:
                share = weights[:, start : start + BAND]
                first, second = first + share @ band, second + share @ band.square()
        if weights is None:
            return first[None] / len(rows), second[None] / len(rows)
        mass = weights.sum(1, keepdim=True).clamp_min(1e-12)
        return first / mass, second / mass

    def moved(self, features: Tensor, gain: Tensor, shift: Tensor, mask: Tensor | None) -> Tensor:
        if mask is None:
            # A batch normalisation that finds means of 0 and variances of 1: one pass, nothing in between.
            zero, one = torch.zeros_like(gain[0]), torch.ones_like(gain[0])
            return F.batch_norm(features, zero, one, gain[0], shift[0], eps=0.0)
        result = torch.empty_like(features, memory_format=torch.channels_last)
        rows, target = _rows(features), _rows(result)
        weights = mask.flatten(1).mT
        for start in range(0, len(rows), BAND):
            part = slice(start, start + BAND)
            target[part] = torch.addcmul(weights[part] @ shift, rows[part].float(), weights[part] @ gain)
        return result


def _rows(features: Tensor) -> Tensor:
    """``(1, C, h, w)`` as ``(h · w, C)``; a view where channels lie side by side."""
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])


TELEMETRY = "openvino_telemetry"
SOURCES = (graph, micro, self_modulated, moments, modules)
"""What the graph was traced from; another text makes another graph."""


@contextmanager
def _untold() -> Iterator[None]:
    """Nothing is sent: where that package is, OpenVINO reports imports and conversions to its makers.

    Where it cannot be imported, OpenVINO takes a stand-in of its own that does nothing.
    """
    before = sys.modules.get(TELEMETRY)
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[TELEMETRY]
        if before is not None:
            sys.modules[TELEMETRY] = before


def library() -> Any:
    """OpenVINO itself; imported nowhere else."""
    with _untold():
        import openvino
    return openvino


class OpenVINOEngine:
    """Runs a micro network's trunk on the processor, compiled.

    Each kind of work is compiled when it is first asked for, in a second or two; the compiled graph is kept
    in the cache folder, from where the next program has it in a fraction of that.

    Args:
        network: in float32.
        precision: bfloat16 or float32, of the features.
        threads: of the processor.
    """

    name = "openvino"
    bytes_per_pixel = 200
    takes = torch.float32

    def __init__(self, network: MicroNet, precision: torch.dtype, threads: int) -> None:
        self.library = library()
        self.core = self.library.Core()
        self.network = network
        self.settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if precision == torch.bfloat16 else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        self.requests: dict[Work, Any] = {}

    def run(self, work: Work, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """See :class:`Trunk`; what comes out lasts until the next run of the same work."""
        if work not in self.requests:
            self.requests[work] = self._compiled(work).create_infer_request()
        request = self.requests[work]
        request.infer([inputs[name].contiguous().numpy() for name in work.inputs], share_inputs=True)
        return tuple(torch.from_numpy(tensor.data) for tensor in request.output_tensors)

    def _compiled(self, work: Work) -> Any:
        file = environment().cache / "openvino" / f"{self._key(work)}.blob"
        if file.exists():
            # A graph of another build, or a damaged one, is made again.
            with suppress(RuntimeError):
                return self.core.import_model(io.BytesIO(file.read_bytes()), "CPU", self.settings)
        compiled = self.core.compile_model(self._converted(work), "CPU", self.settings)
        _keep(file, compiled.export_model())
        return compiled

    def _key(self, work: Work) -> str:
        """Names everything that the compiled graph depends on."""
        digest = hashlib.sha256()
        for name, tensor in self.network.state_dict().items():
            digest.update(name.encode() + tensor.numpy().tobytes())
        for source in SOURCES:
            digest.update(Path(str(source.__file__)).read_bytes())
        facts = (
            work,
            self.settings,
            self.library.get_version(),
            torch.__version__,
            sorted(runtime.cpu_capabilities()),
        )
        digest.update(repr(facts).encode())
        return digest.hexdigest()[:32]

    def _converted(self, work: Work) -> Any:
        example = example_inputs(self.network, work)
        module = Trunk(self.network, work).eval()
        with torch.no_grad(), warnings.catch_warnings():
            # Sizes that decide something are told by Work.least.
            warnings.filterwarnings("ignore", category=UserWarning)
            warnings.filterwarnings("ignore", message="(Converting a tensor|torch.as_tensor)")
            model = self.library.convert_model(module, example_input=tuple(example.values()))
        shapes = {
            port: self.library.PartialShape(_shape(name, example[name], work))
            for port, name in zip(model.inputs, work.inputs, strict=True)
        }
        model.reshape(shapes)
        return model


def _shape(name: str, example: Tensor, work: Work) -> list[int]:
    """Sizes of an input; -1 is any."""
    sizes = list(example.shape)
    if name == "waves":
        return [-1, -1, sizes[2]]
    if name.startswith("mask"):
        return [-1, -1, -1]
    return [-1, *sizes[1:]] if work.regions and name != "boxes" else sizes


def _keep(file: Path, graph: io.BytesIO) -> None:
    """Write a compiled graph; where the cache takes no files, the next program compiles again."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(graph.getvalue())
        temporary.replace(file)


ENGINES = ("torch", "openvino")


def is_installed(name: str) -> bool:
    """Whether an engine can be used here; nothing is imported for that."""
    return find_spec(name) is not None


def chosen(name: str, device: torch.device, *, runs_graphs: bool) -> str:
    """The engine that is meant by a name.

    Args:
        name: one of :data:`ENGINES`, or ``auto``: torch, which was found to be the quicker for pictures of a
            megapixel and more, as quick for small ones, and to take half the memory.
        runs_graphs: whether the network can be compiled.

    Raises:
        SettingsError: an unknown name, or an engine that cannot run the network or use the device.
        ResourceError: an engine that is not installed.
    """
    if name == "auto":
        return "torch"
    if name not in ENGINES:
        raise SettingsError(f'"{name}" is not an engine; use auto, {" or ".join(ENGINES)}.')
    if name == "openvino" and not runs_graphs:
        raise SettingsError('The photo network runs on the engine "torch" only; choose that, or auto.')
    if name == "openvino" and device.type != "cpu":
        raise SettingsError(f'The engine "openvino" runs on the processor, not on {device}; choose torch.')
    if not is_installed(name):
        raise ResourceError(
            f'The engine "{name}" is not installed; pip install "bottega[{name}]", or choose torch.'
        )
    return name
