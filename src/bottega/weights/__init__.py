"""Weights of networks: registry, safetensors files, downloads and import.

Only safetensors files are loaded, and registered ones only after their sha256 was compared.
"""

from bottega.weights.conversion import convert
from bottega.weights.downloads import import_weights, pull
from bottega.weights.network_files import build_config, load_network, save_network
from bottega.weights.registry import WeightsEntry, entries, entry, is_installed, load, path, register, verify
from bottega.weights.storage import load_file, save_file

__all__ = [
    "WeightsEntry",
    "build_config",
    "convert",
    "entries",
    "entry",
    "import_weights",
    "is_installed",
    "load",
    "load_file",
    "load_network",
    "path",
    "pull",
    "register",
    "save_file",
    "save_network",
    "verify",
]
