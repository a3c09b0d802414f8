"""Start from a generator that can draw already: take over what fits, keep what is to be kept."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bottega.errors import SettingsError, WeightsError
from bottega.generate.models.fewshot import FewShotGenerator
from bottega.generate.models.generator import Generator
from bottega.generate.models.registry import GENERATORS
from bottega.generate.settings import GanSettings
from bottega.training import ParamGroupRule, freeze, parameter_groups

EMBEDDINGS = ("embedding.weight",)
"""Weights with one column for each class or attribute."""
JOINING = "mapping.0.weight"
"""Where a few-shot generator's noise meets its condition."""


def build_generator(
    settings: GanSettings, classes: tuple[str, ...], attributes: tuple[str, ...]
) -> Generator:
    """A new generator of the settings' kind, with the random weights of their seed.

    Raises:
        SettingsError: a dcgan with classes, a cdcgan without, or sizes that cannot be.
    """
    torch.manual_seed(settings.seed)
    known: dict[str, object] = {"size": settings.size, "latent": settings.latent, "width": settings.width}
    if settings.network == "dcgan":
        if classes or attributes:
            raise SettingsError("A dcgan takes no classes; train a cdcgan, or without classes.")
        return GENERATORS["dcgan"](**known)
    return GENERATORS[settings.network](**known, classes=classes, attributes=attributes)


def take_over(generator: Generator, base: Generator) -> list[str]:
    """Give ``generator`` all weights of ``base`` that fit by name and shape.

    Sizes and classes may differ: blocks of other sides stay as they are, a class that the base knows keeps
    its column, a new one begins at the mean of the base's; without classes all begin there.

    Returns:
        The names of what was taken over whole; not of what has new columns in it, which have to learn.

    Raises:
        WeightsError: it is another kind of generator, or nothing fits.
    """
    if type(base) is not type(generator):
        raise WeightsError(
            f"The generator to start from is a {type(base).__name__}, "
            f"the new one a {type(generator).__name__}."
        )
    own, theirs = generator.state_dict(), base.state_dict()
    if isinstance(generator, FewShotGenerator) and isinstance(base, FewShotGenerator):
        theirs |= generator.fitted_mapping(base)
    taken, known = {}, {*base.classes, *base.attributes}
    for name, tensor in own.items():
        if name in EMBEDDINGS and name in theirs and len(theirs[name]) == len(tensor):
            taken[name] = _columns(generator, base, theirs[name])
        elif name in theirs and theirs[name].shape == tensor.shape:
            taken[name] = theirs[name]
    if not any(tensor.ndim >= 2 for tensor in taken.values()):
        raise WeightsError("Nothing of the generator to start from fits the new one; give the same --width.")
    generator.load_state_dict({**own, **taken})
    partly = () if known >= {*generator.classes, *generator.attributes} else (*EMBEDDINGS, JOINING)
    return sorted(taken.keys() - set(partly))


def _columns(generator: Generator, base: Generator, weight: Tensor) -> Tensor:
    known = [*base.classes, *base.attributes]
    columns = [
        weight[:, known.index(name)] if name in known else weight.mean(1)
        for name in (*generator.classes, *generator.attributes)
    ]
    return torch.stack(columns, 1)


def learning_groups(generator: nn.Module, settings: GanSettings, taken: list[str]) -> list[dict[str, object]]:
    """Parameter groups: frozen layers in none, layers taken over at a lower rate.

    Raises:
        SettingsError: a pattern matches nothing, or more layers are to be frozen than there are.
    """
    freeze(generator, *settings.freeze, depth=settings.freeze_depth)
    learned = {name for name, _ in generator.named_parameters()}
    rules = [ParamGroupRule(name, settings.kept_rate) for name in taken if name in learned]
    lower = rules if settings.kept_rate != 1 else []
    return parameter_groups(generator, settings.rates[0], lower, settings.weight_decay)
