"""Every compared method as a function of content, style and strength."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.transfer.microast import MicroASTShaped
from bottega import encoders, weights
from bottega.errors import WeightsError
from bottega.transfer.color_transfer import color_transfer
from bottega.transfer.feedforward import AdaINNet, SelfModulatedNet, StyleTarget, load, load_style_engine
from bottega.transfer.optimize.runner import optimize
from bottega.transfer.optimize.settings import OptimizeSettings
from bottega.transfer.regions import Style

Method = Callable[[Tensor, Tensor, float], Tensor]
"""``(content (1, 3, H, W), style (1, 3, h, w), strength in [0, 1]) -> (1, 3, H, W)``, all in [0, 1]."""

ITERATIONS = 300


def untouched(content: Tensor, style: Tensor, strength: float) -> Tensor:
    """The content."""
    return content


def color_only(content: Tensor, style: Tensor, strength: float) -> Tensor:
    """Mean and covariance of the colors mapped to the style's in OKLab, blended with the content."""
    return content.lerp(color_transfer(content, style), strength)


def optimize_method(encoder: str = "small", iterations: int = ITERATIONS) -> Method:
    """Optimization, a third of the iterations at each of three scales."""
    loaded_encoder = encoders.load_encoder(encoder)

    def paint(content: Tensor, style: Tensor, strength: float) -> Tensor:
        side = max(content.shape[-2:])
        each = iterations // 3
        settings = OptimizeSettings(
            size=0, first_size=side // 2, iterations=each, last_iterations=each, strength=strength
        )
        return optimize(content, [Style(style)], settings, encoder=loaded_encoder).picture

    return paint


def network(source: str | Path) -> Method:
    """An arbitrary-style network of Bottega, or the one of MicroAST's shape.

    Args:
        source: the name of weights, or a ``.safetensors`` file.

    Raises:
        WeightsError: missing, damaged, or limited to the styles of its training.
    """
    loaded = _baseline(source) or load(source)
    if isinstance(loaded, MicroASTShaped):
        return lambda content, style, strength: loaded(content, loaded.encode(style), strength)
    if isinstance(loaded, AdaINNet):
        return lambda content, style, strength: loaded(content, [loaded.encode(style)], alpha=strength)
    if isinstance(loaded, SelfModulatedNet):
        engine = load_style_engine(loaded, engine="torch", precision="fp32", threads=1)
        return lambda content, style, strength: engine.stylize(
            content, StyleTarget(engine.encode(style), strength)
        )
    raise WeightsError(
        f"{source} is a {type(loaded).__name__}, which is limited to the styles of its training; "
        "this benchmark compares arbitrary-style networks."
    )


def load_method(source: str | Path) -> Method:
    """By name: ``untouched``, ``color``, ``optimize``; anything else is a :func:`network`.

    Raises:
        WeightsError: as there.
    """
    simple_methods = {"untouched": untouched, "color": color_only}
    if str(source) == "optimize":
        return optimize_method()
    method = simple_methods[str(source)] if str(source) in simple_methods else network(source)

    def paint(content: Tensor, style: Tensor, strength: float) -> Tensor:
        with torch.inference_mode():
            return method(content, style, strength)

    return paint


def _baseline(source: str | Path) -> MicroASTShaped | None:
    """The network of MicroAST's shape, if the file contains one."""
    if not str(source).endswith(".safetensors"):
        return None
    state, configuration = weights.load_file(source)
    if configuration.get("architecture") != "microast":
        return None
    network = MicroASTShaped()
    try:
        network.load_state_dict(state)
    except RuntimeError:
        raise WeightsError(f"{source} does not fit the network of MicroAST's shape.") from None
    return network.eval().requires_grad_(False)
