"""Networks that stylize in one pass, and the engine that runs them on images of any size."""

from __future__ import annotations

from bottega.transfer.feedforward.adain import AdaINNet
from bottega.transfer.feedforward.backends import ENGINES
from bottega.transfer.feedforward.engine import StyleEngine, load_style_engine
from bottega.transfer.feedforward.fixed_styles import MultiStyleNet, TransformerNet
from bottega.transfer.feedforward.micro import FineTunedNet, MicroNet
from bottega.transfer.feedforward.photo import PhotoNet
from bottega.transfer.feedforward.registry import NETWORKS, build_config, load, save
from bottega.transfer.feedforward.self_modulated import SelfModulatedNet
from bottega.transfer.feedforward.style_code import StyleCode, StyleTarget, mix_style_codes

__all__ = [
    "ENGINES",
    "NETWORKS",
    "AdaINNet",
    "FineTunedNet",
    "MicroNet",
    "MultiStyleNet",
    "PhotoNet",
    "SelfModulatedNet",
    "StyleCode",
    "StyleEngine",
    "StyleTarget",
    "TransformerNet",
    "build_config",
    "load",
    "load_style_engine",
    "mix_style_codes",
    "save",
]
