"""Optimizers by name, parameter groups and freezing by pattern, and the moving average of weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from bottega.errors import SettingsError

OPTIMIZERS: dict[str, tuple[type[Optimizer], dict[str, Any]]] = {
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
}
"""Name -> torch's class and what differs here from its defaults."""


def build_optimizer(name: str, parameters: Iterable[Any], lr: float, **options: Any) -> Optimizer:
    """The optimizer called ``name``.

    Args:
        name: one of `OPTIMIZERS`.
        parameters: parameters, or groups of them (see :func:`bottega.training.parameter_groups`).
        lr: peak learning rate of all groups that have none of their own.
        options: of torch's class, such as ``betas=(0.0, 0.99)`` for a GAN, or ``weight_decay``.

    Raises:
        SettingsError: unknown optimizer or option, a value out of range, or no parameters.
    """
    if name not in OPTIMIZERS:
        raise SettingsError(f'"{name}" is not an optimizer; use {", ".join(OPTIMIZERS)}.')
    cls, defaults = OPTIMIZERS[name]
    parameters = list(parameters)
    if not parameters:
        raise SettingsError(
            "There is nothing to train: every layer is frozen, or the network has no weights."
        )
    try:
        return cls(parameters, **{"lr": lr, **defaults, **options})
    except (TypeError, ValueError) as error:
        raise SettingsError(f"The optimizer {name} cannot be set up: {error}.") from None


@dataclass(frozen=True)
class ParamGroupRule:
    """Different settings for the parameters whose name matches.

    Attributes:
        pattern: as in file names (``encoder.*``, ``*.bias``); compared with the parameter's full name.
        lr_factor: multiplies the learning rate; 0 freezes.
        weight_decay: replaces the general one.
    """

    pattern: str
    lr_factor: float = 1.0
    weight_decay: float | None = None


def parameter_groups(
    module: nn.Module, lr: float, rules: Sequence[ParamGroupRule] = (), weight_decay: float = 0.0
) -> list[dict[str, Any]]:
    """Parameter groups for an optimizer: lower learning rates for some layers, weight decay where it helps.

    The last rule that matches a name counts. Biases and the weights of norms (parameters of fewer than two
    dimensions) get no weight decay unless a rule sets it. A rule with ``lr_factor`` 0 freezes its parameters:
    they require no gradient from then on, and are in no group.

    Raises:
        SettingsError: a rule matches no parameter, or has a negative factor.
    """
    used: set[ParamGroupRule] = set()
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for name, parameter in module.named_parameters():
        matches = [rule for rule in rules if fnmatchcase(name, rule.pattern)]
        used.update(matches)
        rule = matches[-1] if matches else ParamGroupRule("*")
        if rule.lr_factor == 0:
            parameter.requires_grad_(False)
        if not parameter.requires_grad:
            continue
        decay = weight_decay if parameter.ndim >= 2 else 0.0
        key = (lr * rule.lr_factor, decay if rule.weight_decay is None else rule.weight_decay)
        group = groups.setdefault(key, {"params": [], "lr": key[0], "weight_decay": key[1]})
        group["params"].append(parameter)
    for rule in rules:
        if rule not in used:
            raise SettingsError(_no_match(module, rule.pattern))
        if rule.lr_factor < 0:
            raise SettingsError(
                f'The learning rate factor of "{rule.pattern}" is {rule.lr_factor}; use 0 (frozen) or more.'
            )
    return list(groups.values())


def freeze(module: nn.Module, *patterns: str, depth: int = 0) -> list[str]:
    """Freeze layers.

    Args:
        patterns: of parameter names, as in :class:`ParamGroupRule`.
        depth: freeze the first ``depth`` layers with weights, in the order in which the module declares them.

    Returns:
        The names of all parameters that this call froze.

    Raises:
        SettingsError: a pattern matches nothing, or there are fewer layers than ``depth``.
    """
    layers = [name for name, layer in module.named_modules() if any(True for _ in layer.parameters(False))]
    if not 0 <= depth <= len(layers):
        raise SettingsError(f"Cannot freeze the first {depth} layers; the network has {len(layers)}.")
    first = set(layers[:depth])
    frozen = []
    for name, parameter in module.named_parameters():
        if name.rpartition(".")[0] in first or any(fnmatchcase(name, pattern) for pattern in patterns):
            parameter.requires_grad_(False)
            frozen.append(name)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in frozen):
            raise SettingsError(_no_match(module, pattern))
    return frozen


def _no_match(module: nn.Module, pattern: str) -> str:
    names = [name for name, _ in module.named_parameters()]
    return f'No weights are called "{pattern}"; they are {", ".join(names[:6])}{", …" * (len(names) > 6)}.'


def set_train_mode(module: nn.Module) -> None:
    """``module.train()``, but frozen layers stay in evaluation mode, or batch norms would change."""
    module.train()
    for layer in module.modules():
        own = list(layer.parameters(recurse=False))
        if own and not any(parameter.requires_grad for parameter in own):
            layer.eval()


class EMA:
    """Exponential moving average of a module's parameters and buffers.

    The decay at step t is ``min(decay, (1 + t) / (10 + t))``, so that the random initialization fades soon.
    Integers (such as batch norm's counter) are copied.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Average in the weights after ``step`` steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                self.state[name].lerp_(tensor, 1 - decay)
            else:
                self.state[name].copy_(tensor)

    @contextmanager
    def swapped_into(self, module: nn.Module) -> Iterator[None]:
        """Within the block the module has the averaged weights, in evaluation mode and without gradients.

        Afterwards everything is as before, to the bit.
        """
        weights = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        modes = {layer: layer.training for layer in module.modules()}
        try:
            module.load_state_dict(self.state)
            module.eval()
            with torch.no_grad():
                yield
        finally:
            module.load_state_dict(weights)
            for layer, training in modes.items():
                layer.training = training
