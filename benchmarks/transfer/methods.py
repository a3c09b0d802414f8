"""What is compared: every method as a function of content, style and strength."""

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

Painter = Callable[[Tensor, Tensor, float], Tensor]
"""``(content (1, 3, H, W), style (1, 3, h, w), strength in [0, 1]) -> (1, 3, H, W)``, all in [0, 1]."""

ITERATIONS = 300


def untouched(content: Tensor, style: Tensor, strength: float) -> Tensor:
    """The content."""
    return content


def color_only(content: Tensor, style: Tensor, strength: float) -> Tensor:
    """Mean and covariance of the colours moved to the style's in OKLab, blended with the content."""
    return content.lerp(color_transfer(content, style), strength)


def optimisation(encoder: str = "small", iterations: int = ITERATIONS) -> Painter:
    """Transfer by optimisation, as many iterations in all, a third of them at each of three scales."""
    looking = encoders.load_encoder(encoder)

    def paint(content: Tensor, style: Tensor, strength: float) -> Tensor:
        side = max(content.shape[-2:])
        each = iterations // 3
        settings = OptimizeSettings(
            size=0, first_size=side // 2, iterations=each, last_iterations=each, strength=strength
        )
        return optimize(content, [Style(style)], settings, encoder=looking).picture

    return paint


def network(source: str | Path) -> Painter:
    """A network of ours that paints in any style, or the one of MicroAST's shape.

    Args:
        source: the name of weights, or a ``.safetensors`` file.

    Raises:
        WeightsError: not there, damaged, or a network that only knows the styles of its training.
    """
    found = _baseline(source) or load(source)
    if isinstance(found, MicroASTShaped):
        return lambda content, style, strength: found(content, found.encode(style), strength)
    if isinstance(found, AdaINNet):
        return lambda content, style, strength: found(content, [found.encode(style)], alpha=strength)
    if isinstance(found, SelfModulatedNet):
        ready = load_style_engine(found, engine="torch", precision="fp32", threads=1)
        return lambda content, style, strength: ready.stylize(
            content, StyleTarget(ready.encode(style), strength)
        )
    raise WeightsError(
        f"{source} is a {type(found).__name__}, which only paints in the styles of its training; "
        "compared here are networks that paint in any style."
    )


def painter(source: str | Path) -> Painter:
    """By name: ``untouched``, ``color``, ``optimize``; anything else is a :func:`network`.

    Raises:
        WeightsError: as there.
    """
    known = {"untouched": untouched, "color": color_only}
    if str(source) == "optimize":
        return optimisation()
    found = known[str(source)] if str(source) in known else network(source)

    def paint(content: Tensor, style: Tensor, strength: float) -> Tensor:
        with torch.inference_mode():
            return found(content, style, strength)

    return paint


def _baseline(source: str | Path) -> MicroASTShaped | None:
    """The network of MicroAST's shape, where the file holds one."""
    if not str(source).endswith(".safetensors"):
        return None
    state, configuration = weights.load_file(source)
    if configuration.get("architecture") != "microast":
        return None
    made = MicroASTShaped()
    try:
        made.load_state_dict(state)
    except RuntimeError:
        raise WeightsError(f"{source} does not fit the network of MicroAST's shape.") from None
    return made.eval().requires_grad_(False)
