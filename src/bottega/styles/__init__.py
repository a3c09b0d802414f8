"""The bundled styles: small seeded programs that paint pictures.

Each style is one module with ``paint(canvas)`` and one line in `bottega.styles.registry`; ``drawing`` is what
they share. NumPy and PyTorch are imported only when a style paints.
"""

from __future__ import annotations

from bottega.styles.registry import MAX_SIDE_PIXELS, MIN_SIDE_PIXELS, STYLES, Style, paint

__all__ = ["MAX_SIDE_PIXELS", "MIN_SIDE_PIXELS", "STYLES", "Style", "paint"]
