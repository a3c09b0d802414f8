"""The bundled styles: small seeded programs that paint, so that everybody owns a few masters to learn from.

Each style is one module with ``paint(canvas)`` and one line in the table below; ``craft`` holds what they
share. Nothing heavy is imported before a style is asked to paint.
"""

from __future__ import annotations

from bottega.styles.registry import LARGEST_SIDE, SMALLEST_SIDE, STYLES, Style, paint

__all__ = ["LARGEST_SIDE", "SMALLEST_SIDE", "STYLES", "Style", "paint"]
