"""Networks that stylize in one pass, and the engine that runs them on pictures of any size."""

from __future__ import annotations

from bottega.transfer.feedforward.adain import AdaINNet
from bottega.transfer.feedforward.backends import ENGINES
from bottega.transfer.feedforward.engine import OnePass, one_pass
from bottega.transfer.feedforward.fixed_styles import MultiStyleNet, TransformerNet
from bottega.transfer.feedforward.micro import FittedNet, MicroNet
from bottega.transfer.feedforward.photo import PhotoNet
from bottega.transfer.feedforward.registry import NETWORKS, described, load, save
from bottega.transfer.feedforward.self_modulated import OwnStatisticsNet
from bottega.transfer.feedforward.style_code import Manner, StyleCode, mix_codes

__all__ = [
    "ENGINES",
    "NETWORKS",
    "AdaINNet",
    "FittedNet",
    "Manner",
    "MicroNet",
    "MultiStyleNet",
    "OnePass",
    "OwnStatisticsNet",
    "PhotoNet",
    "StyleCode",
    "TransformerNet",
    "described",
    "load",
    "mix_codes",
    "one_pass",
    "save",
]
