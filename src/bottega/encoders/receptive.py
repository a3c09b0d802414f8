"""How far a feature sees: the receptive field, followed through strided layers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """Feature ``i`` sees the input pixels from ``i * stride - before`` to ``i * stride + after``."""

    stride: int = 1
    before: int = 0
    after: int = 0

    def then(self, kernel: int, stride: int = 1, padding: int = 0) -> Field:
        """The field after a convolution or a pooling on top of this one; ``padding`` is that at the start."""
        return Field(
            stride=self.stride * stride,
            before=self.before + padding * self.stride,
            after=self.after + (kernel - 1 - padding) * self.stride,
        )

    @property
    def reach(self) -> int:
        """Input pixels that a tile needs to each side."""
        return max(self.before, self.after)
