"""What a checkpoint of a training holds, and how a training goes on from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bottega.errors import SettingsError, WeightsError

if TYPE_CHECKING:
    from bottega.training.loop import Loop


def state_of(loop: Loop) -> dict[str, Any]:
    """All that the next step depends on, and what the metrics need; tensors and plain values."""
    return {
        "module": loop.module.state_dict(),
        "average": loop.ema.state,
        "optimizers": {name: one.state_dict() for name, one in loop.updates.optimizers.items()},
        "done": loop.done,
        "seed": loop.seed,
        "seconds": loop.seconds,
        "metrics": loop.metrics.state(),
        "validation": loop.validation.state() if loop.validation else None,
    }


def restore(loop: Loop, state: Mapping[str, Any]) -> None:
    """Put a loop into the state that a checkpoint holds.

    Checkpoints from before there could be several optimisers, with theirs under ``"optimizer"`` and without
    seed, metrics and validation, are read as well.

    Raises:
        WeightsError: it is of another network.
        SettingsError: it is of a training with another seed or other optimisers.
    """
    if state.get("seed", loop.seed) != loop.seed:
        raise SettingsError(
            f"{loop.checkpoint} is of a training with the seed {state['seed']}, not {loop.seed}."
        )
    optimizers = state["optimizers"] if "optimizers" in state else {"model": state["optimizer"]}
    if optimizers.keys() != loop.updates.optimizers.keys():
        raise SettingsError(
            f"{loop.checkpoint} is of a training with other optimisers: {', '.join(optimizers)}."
        )
    try:
        loop.module.load_state_dict(state["module"])
        for name, optimizer in loop.updates.optimizers.items():
            optimizer.load_state_dict(optimizers[name])
    except (RuntimeError, ValueError) as error:
        raise WeightsError(f"{loop.checkpoint} is of a training of another network.") from error
    for name, tensor in state["average"].items():
        loop.ema.state[name].copy_(tensor)
    loop.done, loop.seconds = state["done"], state.get("seconds", 0.0)
    if "metrics" in state:
        loop.metrics.load(state["metrics"])
    if loop.validation and state.get("validation"):
        loop.validation.load(state["validation"])
