"""Fine-tuning: start from a trained generator, with some layers frozen or at a lower learning rate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bottega.errors import SettingsError, WeightsError
from bottega.generation.models.fewshot import FewShotGenerator
from bottega.generation.models.generator import Generator
from bottega.generation.models.registry import GENERATORS
from bottega.generation.settings import GanSettings
from bottega.training import ParamGroupRule, freeze, parameter_groups

EMBEDDING = "embedding.weight"
"""Weights with one column for each class or attribute."""
FIRST_MAPPING_LAYER = "mapping.0.weight"
"""Where a few-shot generator joins noise and condition."""


def build_generator(
    settings: GanSettings,
    classes: tuple[str, ...],
    attributes: tuple[str, ...],
    class_weights: tuple[float, ...] = (),
) -> Generator:
    """A new generator with random weights from the settings' seed.

    Raises:
        SettingsError: a dcgan with classes, a cdcgan without, or invalid sizes.
    """
    torch.manual_seed(settings.seed)
    sizes: dict[str, object] = {"size": settings.size, "latent": settings.latent, "width": settings.width}
    if settings.network == "dcgan":
        if classes or attributes:
            raise SettingsError("A dcgan has no classes; train a cdcgan, or without classes.")
        return GENERATORS["dcgan"](**sizes)
    names = {"classes": classes, "attributes": attributes, "class_weights": class_weights}
    return GENERATORS[settings.network](**sizes, **names)


def load_matching_weights(generator: Generator, base: Generator) -> list[str]:
    """Copy all weights of ``base`` that match by name and shape.

    Sizes and classes may differ: levels of other sides stay as they are; a class that ``base`` has keeps its
    column, and a new one starts at the mean of ``base``'s.

    Returns:
        The names of the weights that were copied completely; not of those with new columns, which have to
        learn.

    Raises:
        WeightsError: ``base`` is another kind of generator, or nothing matches.
    """
    if type(base) is not type(generator):
        raise WeightsError(
            f"The generator to start from is a {type(base).__name__}, "
            f"the new one a {type(generator).__name__}."
        )
    own, other = generator.state_dict(), base.state_dict()
    if isinstance(generator, FewShotGenerator) and isinstance(base, FewShotGenerator):
        other |= generator.adapt_mapping(base)
    copied = {}
    for name, tensor in own.items():
        if name == EMBEDDING and name in other and len(other[name]) == len(tensor):
            copied[name] = _match_columns(generator, base, other[name])
        elif name in other and other[name].shape == tensor.shape:
            copied[name] = other[name]
    if not any(tensor.ndim >= 2 for tensor in copied.values()):
        raise WeightsError("No weights of the generator to start from match; use the same --width.")
    generator.load_state_dict({**own, **copied})
    if not {*base.classes, *base.attributes} >= {*generator.classes, *generator.attributes}:
        return sorted(copied.keys() - {EMBEDDING, FIRST_MAPPING_LAYER})
    return sorted(copied)


def _match_columns(generator: Generator, base: Generator, weight: Tensor) -> Tensor:
    names = [*base.classes, *base.attributes]
    columns = [
        weight[:, names.index(name)] if name in names else weight.mean(1)
        for name in (*generator.classes, *generator.attributes)
    ]
    return torch.stack(columns, 1)


def trainable_groups(
    generator: nn.Module, settings: GanSettings, pretrained: list[str]
) -> list[dict[str, object]]:
    """Parameter groups: frozen layers in none, ``pretrained`` weights at a lower learning rate.

    Raises:
        SettingsError: a pattern matches nothing, or more layers are to be frozen than there are.
    """
    freeze(generator, *settings.freeze, depth=settings.freeze_depth)
    parameters = {name for name, _ in generator.named_parameters()}
    rules = []
    if settings.pretrained_rate != 1:
        rules = [ParamGroupRule(name, settings.pretrained_rate) for name in pretrained if name in parameters]
    return parameter_groups(generator, settings.rates[0], rules, settings.weight_decay)
