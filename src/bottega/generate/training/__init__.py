"""Training of generators: settings and pictures in, a loop out.

``settings`` is light; the other names are loaded when they are first used, as they need torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bottega.generate.training.settings import ANSWERS, GanSettings

if TYPE_CHECKING:
    from bottega.generate.training.copies import twins
    from bottega.generate.training.fit import best_generator, last_generator, prepare
    from bottega.generate.training.material import Material, load_material, read_material

_FILES = {
    "Material": "material",
    "best_generator": "fit",
    "last_generator": "fit",
    "load_material": "material",
    "prepare": "fit",
    "read_material": "material",
    "twins": "copies",
}

__all__ = [
    "ANSWERS",
    "GanSettings",
    "Material",
    "best_generator",
    "last_generator",
    "load_material",
    "prepare",
    "read_material",
    "twins",
]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FILES[name]}"), name)
