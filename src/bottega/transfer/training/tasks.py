"""What is trained: a network, the weights that move, and how it paints a batch in given styles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from bottega.encoders import Encoder
from bottega.errors import WeightsError
from bottega.transfer.feedforward import FittedNet, MicroNet, MultiStyleNet, TransformerNet, load
from bottega.transfer.training.losses import FitObjective, StyleTargets
from bottega.transfer.training.settings import FitSettings, ManyStyles, OneStyle


@dataclass(frozen=True)
class Goal:
    """A training's network and styles.

    Attributes:
        network: what is saved.
        paint: contents ``(N, 3, H, W)`` and the numbers of their styles ``(N,)`` to painted pictures.
        styles: pictures ``(1, 3, H, W)``, by those numbers.
        parameters: the weights that move.
        shown: contents to what paintings of them are to show.
    """

    network: nn.Module
    paint: Callable[[Tensor, Tensor], Tensor]
    styles: Sequence[Tensor]
    parameters: Sequence[nn.Parameter]
    shown: Callable[[Tensor], Tensor] = lambda contents: contents


def one_style(settings: OneStyle, style: Tensor) -> Goal:
    """A network of one style, from weights that paint already where there are such.

    Raises:
        WeightsError: the base is unknown, damaged, or of another kind.
    """
    torch.manual_seed(settings.seed)
    network: nn.Module
    if settings.network == "micro":
        base = load(default_base(settings))
        if not isinstance(base, MicroNet):
            raise WeightsError(
                f"{settings.base} is no micro network; a training with --network micro needs one."
            )
        network = FittedNet.of(base, style)
    else:
        network = _transformer(settings)
    network.requires_grad_(True)
    goal = Goal(network, lambda contents, chosen: network(contents), [style], list(network.parameters()))
    # Marks are part of what a fitted network paints on: it is not to take them away again.
    return replace(goal, shown=network.shown) if isinstance(network, FittedNet) else goal


def default_base(settings: OneStyle) -> str:
    """What a training starts from: what was asked for, or the micro network that ships; "" is chance."""
    return settings.base or ("micro" if settings.network == "micro" else "")


def _transformer(settings: OneStyle) -> TransformerNet:
    name = default_base(settings)
    if not name:
        return TransformerNet(settings.width)
    base = load(name)
    if isinstance(base, TransformerNet):
        return base
    if not isinstance(base, MultiStyleNet):
        raise WeightsError(
            f"{settings.base} is neither a fast nor a multi network; a fast one starts from those."
        )
    network = TransformerNet(**base.settings)
    network.convolutions.load_state_dict(base.convolutions.state_dict())
    with torch.no_grad():
        for norm, several in zip(network.norms, base.norms, strict=True):
            for which in ("gain", "shift"):  # between all styles, as near to a new one as can be said
                getattr(norm, which).copy_(getattr(several, which).mean(0))
    return network


def many_styles(settings: ManyStyles, names: Sequence[str], styles: Sequence[Tensor]) -> Goal:
    """A new network of several styles.

    Raises:
        SettingsError: a name occurs twice.
    """
    torch.manual_seed(settings.seed)
    network = MultiStyleNet(list(names), settings.width, settings.blocks)
    return Goal(network, _by_number(network), styles, list(network.parameters()))


def one_more_style(network: MultiStyleNet, name: str, style: Tensor, like: str) -> Goal:
    """A further style of a trained network, starting from its style ``like``; nothing else moves.

    Raises:
        SettingsError: the name is taken.
    """
    fitted = network.add_style(name, {like: 1.0})
    newest = len(network.styles) - 1
    paint = _by_number(network)
    return Goal(network, lambda contents, chosen: paint(contents, chosen + newest), [style], fitted)


@torch.no_grad()
def nearest_style(
    network: MultiStyleNet, encoder: Encoder, style: Tensor, contents: Tensor, settings: FitSettings
) -> str:
    """The trained style whose painting of ``contents`` is nearest to ``style`` by the style loss."""
    target = StyleTargets(encoder, [style]).of(torch.zeros(len(contents), dtype=torch.long))
    objective, paint = FitObjective(settings, encoder), _by_number(network)
    losses = []
    for number in range(len(network.styles)):
        painted = paint(contents, torch.full((len(contents),), number))
        found = objective(painted, contents, target, torch.Generator().manual_seed(0))
        losses.append(float(found["style"]))
    return network.styles[losses.index(min(losses))]


def _by_number(network: MultiStyleNet) -> Callable[[Tensor, Tensor], Tensor]:
    def paint(contents: Tensor, chosen: Tensor) -> Tensor:
        painted: Tensor = network(contents, one_hot(chosen, len(network.styles)).to(contents))
        return painted

    return paint
