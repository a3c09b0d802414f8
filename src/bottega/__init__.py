"""Bottega: an open workshop for AI-assisted digital art.

Importing this package is light: torch is loaded when a picture is first touched.

>>> import bottega
>>> result = bottega.stylize("photo.jpg", "woodcut", size=1024)
>>> result.save("photo-woodcut.png")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bottega.version import __version__

if TYPE_CHECKING:
    from bottega.tools.adjust.tool import adjust
    from bottega.tools.analyze import analyze
    from bottega.tools.evaluate.tool import evaluate
    from bottega.tools.generate.tool import generate
    from bottega.tools.stylize.api import Stylizer, stylize
    from bottega.tools.stylize.video.frame_stream import stylize_frames

__all__ = [
    "Stylizer",
    "__version__",
    "adjust",
    "analyze",
    "evaluate",
    "generate",
    "stylize",
    "stylize_frames",
]

LAZY = {
    "Stylizer": "bottega.tools.stylize.api",
    "adjust": "bottega.tools.adjust.tool",
    "analyze": "bottega.tools.analyze",
    "evaluate": "bottega.tools.evaluate.tool",
    "generate": "bottega.tools.generate.tool",
    "stylize": "bottega.tools.stylize.api",
    "stylize_frames": "bottega.tools.stylize.video.frame_stream",
}


def __getattr__(name: str) -> Any:
    """Load what needs torch on first use (PEP 562)."""
    if name in LAZY:
        return getattr(import_module(LAZY[name]), name)
    raise AttributeError(f"module 'bottega' has no attribute '{name}'")
