"""Which layers learn, and how fast: freezing and parameter groups by pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from bottega.errors import SettingsError


@dataclass(frozen=True)
class Rule:
    """What is different for the parameters whose name matches.

    Attributes:
        pattern: as in file names (``encoder.*``, ``*.bias``); compared with the parameter's full name.
        rate: factor on the learning rate; 0 freezes.
        weight_decay: their own, where given.
    """

    pattern: str
    rate: float = 1.0
    weight_decay: float | None = None


def parameter_groups(
    module: nn.Module, rate: float, rules: Sequence[Rule] = (), weight_decay: float = 0.0
) -> list[dict[str, Any]]:
    """Groups for an optimiser: lower rates for layers that are kept, no weight decay where it does harm.

    Of several rules that match a name the last counts. Biases and the weights of norms (parameters of fewer
    than two dimensions) get no weight decay unless a rule says so, as is usual. A rule of rate 0 freezes its
    parameters: they need no gradient from then on, and are in no group.

    Raises:
        SettingsError: a rule matches no parameter, or has a negative rate.
    """
    used: set[Rule] = set()
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for name, parameter in module.named_parameters():
        matching = [rule for rule in rules if fnmatchcase(name, rule.pattern)]
        used.update(matching)
        rule = matching[-1] if matching else Rule("*")
        if rule.rate == 0:
            parameter.requires_grad_(False)
        if not parameter.requires_grad:
            continue
        usual = weight_decay if parameter.ndim >= 2 else 0.0
        key = (rate * rule.rate, usual if rule.weight_decay is None else rule.weight_decay)
        group = groups.setdefault(key, {"params": [], "lr": key[0], "weight_decay": key[1]})
        group["params"].append(parameter)
    for rule in rules:
        if rule not in used:
            raise SettingsError(f'No weights are called "{rule.pattern}"; {_known(module)}.')
        if rule.rate < 0:
            raise SettingsError(f'The rate of "{rule.pattern}" is {rule.rate}; use 0 (frozen) or more.')
    return list(groups.values())


def freeze(module: nn.Module, *patterns: str, depth: int = 0) -> list[str]:
    """Keep layers as they are.

    Args:
        patterns: of the names of parameters, as in :class:`Rule`.
        depth: that many layers with weights are frozen from the input on, in the order in which the module
            declares them.

    Returns:
        The names of all parameters that are frozen by this call.

    Raises:
        SettingsError: a pattern matches nothing, or there are fewer layers than ``depth``.
    """
    layers = [name for name, layer in module.named_modules() if any(True for _ in layer.parameters(False))]
    if not 0 <= depth <= len(layers):
        raise SettingsError(f"{depth} layers were to be frozen; the network has {len(layers)}.")
    first = set(layers[:depth])
    frozen = []
    for name, parameter in module.named_parameters():
        if name.rpartition(".")[0] in first or any(fnmatchcase(name, pattern) for pattern in patterns):
            parameter.requires_grad_(False)
            frozen.append(name)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in frozen):
            raise SettingsError(f'No weights are called "{pattern}"; {_known(module)}.')
    return frozen


def set_training(module: nn.Module) -> None:
    """``module.train()``, but frozen layers stay in evaluation mode.

    Otherwise a frozen batch norm would go on moving its statistics, and so change after all.
    """
    module.train()
    for layer in module.modules():
        own = list(layer.parameters(recurse=False))
        if own and not any(parameter.requires_grad for parameter in own):
            layer.eval()


def _known(module: nn.Module) -> str:
    names = [name for name, _ in module.named_parameters()]
    return "they are " + ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
