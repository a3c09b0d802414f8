"""Training tasks: a network, its trainable weights, and how it stylizes a batch in given styles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from bottega.encoders import Encoder
from bottega.errors import WeightsError
from bottega.transfer.feedforward import FineTunedNet, MicroNet, MultiStyleNet, TransformerNet, load
from bottega.transfer.training.losses import StyleFeatures, StylizationLoss
from bottega.transfer.training.settings import FitSettings, MultiStyleSettings, SingleStyleSettings


@dataclass(frozen=True)
class TrainingTask:
    """A network and its styles.

    Attributes:
        network: the one to be saved.
        stylize: contents ``(N, 3, H, W)`` and the indices of their styles ``(N,)`` to results.
        styles: pictures ``(1, 3, H, W)``, by index.
        parameters: the trainable weights.
        content_target: contents to the pictures whose content features results should have.
    """

    network: nn.Module
    stylize: Callable[[Tensor, Tensor], Tensor]
    styles: Sequence[Tensor]
    parameters: Sequence[nn.Parameter]
    content_target: Callable[[Tensor], Tensor] = lambda contents: contents


def single_style_task(settings: SingleStyleSettings, style: Tensor) -> TrainingTask:
    """A network of one style, which starts from trained weights where they exist.

    Raises:
        WeightsError: the base is unknown, damaged, or of another kind.
    """
    torch.manual_seed(settings.seed)
    base = default_base_weights(settings)
    if settings.network == "micro":
        trained = load(base)
        if not isinstance(trained, MicroNet):
            raise WeightsError(f"{settings.base} is not a micro network; --network micro needs one as base.")
        fitted = FineTunedNet.from_style(trained, style)
        parameters = list(fitted.requires_grad_(True).parameters())
        # Textures are part of the fitted network's input, so the content loss must not remove them.
        return TrainingTask(
            fitted, lambda contents, _: fitted(contents), [style], parameters, fitted.recolor_and_texture
        )
    network = _transformer_from(base) if base else TransformerNet(settings.width)
    parameters = list(network.requires_grad_(True).parameters())
    return TrainingTask(network, lambda contents, _: network(contents), [style], parameters)


def default_base_weights(settings: SingleStyleSettings) -> str:
    """The weights that training starts from: the user's, or the packaged micro network; "" is random."""
    return settings.base or ("micro" if settings.network == "micro" else "")


def _transformer_from(base: str) -> TransformerNet:
    trained = load(base)
    if isinstance(trained, TransformerNet):
        return trained
    if not isinstance(trained, MultiStyleNet):
        raise WeightsError(f"{base} is not a fast or a multi network; --network fast needs one as base.")
    network = TransformerNet(**trained.settings)
    network.convolutions.load_state_dict(trained.convolutions.state_dict())
    with torch.no_grad():
        for norm, conditional in zip(network.norms, trained.norms, strict=True):
            for name in ("gain", "shift"):  # the mean over all styles
                getattr(norm, name).copy_(getattr(conditional, name).mean(0))
    return network


def multi_style_task(
    settings: MultiStyleSettings, names: Sequence[str], styles: Sequence[Tensor]
) -> TrainingTask:
    """A new network of several styles.

    Raises:
        SettingsError: a name occurs twice.
    """
    torch.manual_seed(settings.seed)
    network = MultiStyleNet(list(names), settings.width, settings.blocks)
    return TrainingTask(network, _stylize_by_index(network), styles, list(network.parameters()))


def add_style_task(network: MultiStyleNet, name: str, style: Tensor, initial: str) -> TrainingTask:
    """A further style of a trained network, starting from its style ``initial``; the others do not change.

    Raises:
        SettingsError: the network has a style of this name.
    """
    parameters = network.add_style(name, {initial: 1.0})
    new_index = len(network.styles) - 1
    stylize = _stylize_by_index(network)
    return TrainingTask(
        network, lambda contents, indices: stylize(contents, indices + new_index), [style], parameters
    )


@torch.no_grad()
def nearest_style(
    network: MultiStyleNet, encoder: Encoder, style: Tensor, contents: Tensor, settings: FitSettings
) -> str:
    """The trained style whose results on ``contents`` are nearest to ``style`` by the style loss."""
    target = StyleFeatures(encoder, [style]).select(torch.zeros(len(contents), dtype=torch.long))
    loss, stylize = StylizationLoss(settings, encoder), _stylize_by_index(network)
    distances = []
    for index in range(len(network.styles)):
        output = stylize(contents, torch.full((len(contents),), index))
        distances.append(float(loss(output, contents, target, torch.Generator().manual_seed(0))["style"]))
    return network.styles[distances.index(min(distances))]


def _stylize_by_index(network: MultiStyleNet) -> Callable[[Tensor, Tensor], Tensor]:
    def stylize(contents: Tensor, indices: Tensor) -> Tensor:
        output: Tensor = network(contents, one_hot(indices, len(network.styles)).to(contents))
        return output

    return stylize
