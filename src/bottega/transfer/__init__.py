"""Style transfer by optimisation: the reference method.

The names are loaded when they are first used, because the settings are needed where torch is not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bottega.transfer.optimization import optimize, scale_sizes
    from bottega.transfer.progress import OnProgress, Progress, Result
    from bottega.transfer.regions import Region, feather
    from bottega.transfer.settings import OptimizeSettings
    from bottega.transfer.style import Style

_ROOMS = {
    "OnProgress": "progress",
    "OptimizeSettings": "settings",
    "Progress": "progress",
    "Region": "regions",
    "Result": "progress",
    "Style": "style",
    "feather": "regions",
    "optimize": "optimization",
    "scale_sizes": "optimization",
}

__all__ = [
    "OnProgress",
    "OptimizeSettings",
    "Progress",
    "Region",
    "Result",
    "Style",
    "feather",
    "optimize",
    "scale_sizes",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
