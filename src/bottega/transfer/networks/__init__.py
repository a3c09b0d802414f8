"""Networks that paint in one pass."""

from __future__ import annotations

from bottega.transfer.networks.adain import AdaINNet
from bottega.transfer.networks.code import Manner, StyleCode, mix_codes
from bottega.transfer.networks.fitted import FittedNet
from bottega.transfer.networks.micro import MicroNet
from bottega.transfer.networks.multi import MultiStyleNet
from bottega.transfer.networks.own_statistics import OwnStatisticsNet
from bottega.transfer.networks.photo import PhotoNet
from bottega.transfer.networks.table import NETWORKS, described, load, save
from bottega.transfer.networks.tiled import TiledPicture, encode_tiled, measure_content, stylize_tiled
from bottega.transfer.networks.transformer import TransformerNet

__all__ = [
    "NETWORKS",
    "AdaINNet",
    "FittedNet",
    "Manner",
    "MicroNet",
    "MultiStyleNet",
    "OwnStatisticsNet",
    "PhotoNet",
    "StyleCode",
    "TiledPicture",
    "TransformerNet",
    "described",
    "encode_tiled",
    "load",
    "measure_content",
    "mix_codes",
    "save",
    "stylize_tiled",
]
