"""The engine OpenVINO: the trunk as one compiled graph."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bottega import runtime
from bottega.environment import environment
from bottega.layers import modules, moments
from bottega.transfer.networks import MicroNet, micro, modulation
from bottega.transfer.onepass import trunk
from bottega.transfer.onepass.trunk import Trunk, Work, example_inputs

TELEMETRY = "openvino_telemetry"
SOURCES = (trunk, micro, modulation, moments, modules)
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
            sorted(runtime.capabilities()),
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
