"""What a running transfer tells, and what it gives in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Progress:
    """The state after one iteration, handed to the callback; a callback that returns False cancels.

    Attributes:
        scale, scales: the present scale, from one, and how many there are.
        iteration, iterations: the present iteration, from one, and how many this scale has.
        size: ``(height, width)`` of the present scale.
        done: share of the whole work, 0 to 1, by the number of pixels touched.
        loss: before this iteration's step.
        seconds: since the start (of this call, when it was resumed).
        seconds_left: what remains at the pace so far.
        preview: makes the present picture ``(1, 3, height, width)``; costs nothing until it is called.
    """

    scale: int
    scales: int
    iteration: int
    iterations: int
    size: tuple[int, int]
    done: float
    loss: float
    seconds: float
    seconds_left: float
    preview: Callable[[], Tensor]


OnProgress = Callable[[Progress], bool | None]


@dataclass(frozen=True)
class Result:
    """What a transfer gives.

    Attributes:
        picture: ``(1, 3, H, W)``, sRGB in [0, 1].
        losses: the loss before each iteration, one list per scale.
        cancelled: the callback said stop; the picture is the best so far, enlarged to its final size.
        seconds: of this call.
    """

    picture: Tensor
    losses: list[list[float]] = field(default_factory=list)
    cancelled: bool = False
    seconds: float = 0.0
