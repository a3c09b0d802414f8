"""Weights of networks: what there is, where it lies, whether it is whole, and how it gets here.

Three shelves: *packaged* (ships with Bottega), *published* (fetched from its publisher when asked for) and
*own* (trained or brought in by the artist, kept under ``BOTTEGA_HOME``). Only safetensors is ever loaded, and
only after its sha256 was compared.
"""

from bottega.weights.conversion import convert
from bottega.weights.downloads import adopt, pull
from bottega.weights.manifest import Entry
from bottega.weights.network_files import build_config, load_network, save_network
from bottega.weights.registry import entries, entry, is_here, load, path, shelve, verify
from bottega.weights.storage import read, save

__all__ = [
    "Entry",
    "adopt",
    "build_config",
    "convert",
    "entries",
    "entry",
    "is_here",
    "load",
    "load_network",
    "path",
    "pull",
    "read",
    "save",
    "save_network",
    "shelve",
    "verify",
]
