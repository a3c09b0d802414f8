"""Optimisers by name, with the field's usual settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.optim import Optimizer

from bottega.errors import SettingsError

OPTIMIZERS: dict[str, tuple[type[Optimizer], dict[str, Any]]] = {
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
}
"""Name -> torch's class and what differs here from its defaults."""


def optimizer(name: str, parameters: Iterable[Any], rate: float, **options: Any) -> Optimizer:
    """The optimiser of a name.

    Args:
        name: one of `OPTIMIZERS`.
        parameters: parameters, or groups of them (see :func:`bottega.training.parameter_groups`).
        rate: peak learning rate of all groups that have none of their own.
        options: of torch's class, such as ``betas=(0.0, 0.99)`` for adversarial training, ``weight_decay``.

    Raises:
        SettingsError: no such optimiser or option, a value out of range, or nothing to train.
    """
    if name not in OPTIMIZERS:
        raise SettingsError(f'"{name}" is not an optimiser; use {", ".join(OPTIMIZERS)}.')
    kind, usual = OPTIMIZERS[name]
    found = list(parameters)
    if not found:
        raise SettingsError(
            "There is nothing to train: every layer is frozen, or the network has no weights."
        )
    try:
        return kind(found, **{"lr": rate, **usual, **options})
    except (TypeError, ValueError) as error:
        raise SettingsError(f"The optimiser {name} cannot be set up: {error}.") from None
