"""The tools ``train style``, ``train multi`` and ``train add-style``: networks of the artist's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bottega.errors import SettingsError, WeightsError
from bottega.tools.common.image_sources import BundledSource, style_source
from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import Tool, ToolResult
from bottega.tools.train.settings import (
    AddStyleSettings,
    TrainMultiSettings,
    TrainSettings,
    TrainStyleSettings,
)

if TYPE_CHECKING:
    from torch import Tensor

    from bottega.tools.common.image_sources import FileSource
    from bottega.tools.train.destination import Place
    from bottega.training import Trainer
    from bottega.transfer.training.tasks import Goal

LICENCE = "yours, as far as the style and the photographs allow"


def _style(settings: TrainStyleSettings, report: ProgressReporter) -> ToolResult:
    from bottega.tools.train.destination import find_place
    from bottega.tools.train.training_run import conduct, read_photographs
    from bottega.transfer.training.tasks import default_base, one_style

    source = style_source(settings.style)
    place = find_place(settings, source.label)
    goal = one_style(settings, _opened(source, settings.style_size))
    base = default_base(settings)
    if not base:
        report.note("No --base is given: this network starts from chance.")
    learned = read_photographs(settings.photos, report)
    loop, facts = conduct(settings, goal, place, learned, report)
    facts |= {"styles": [_record(source)], "base": base or "chance"}
    how = "fitted micro network" if settings.network == "micro" else "fast network"
    return _ended(settings, loop, goal, place, facts, f"{how}: the style {source.label}")


def _multi(settings: TrainMultiSettings, report: ProgressReporter) -> ToolResult:
    from bottega.styles import STYLES
    from bottega.tools.train.destination import find_place
    from bottega.tools.train.training_run import conduct, read_photographs
    from bottega.transfer.training.tasks import many_styles

    sources = [style_source(word) for word in settings.style or STYLES]
    names = [source.name if isinstance(source, BundledSource) else source.label for source in sources]
    place = find_place(settings, "styles")
    goal = many_styles(settings, names, [_opened(source, settings.style_size) for source in sources])
    learned = read_photographs(settings.photos, report)
    loop, facts = conduct(settings, goal, place, learned, report)
    facts |= {"styles": [_record(source) for source in sources]}
    return _ended(settings, loop, goal, place, facts, f"multi network: {', '.join(names)}")


def _add_style(settings: AddStyleSettings, report: ProgressReporter) -> ToolResult:
    from bottega import encoders
    from bottega.tools.train.destination import find_place
    from bottega.tools.train.training_run import conduct, read_photographs
    from bottega.transfer.feedforward import MultiStyleNet, load
    from bottega.transfer.training.tasks import nearest_style, one_more_style

    network = load(settings.network)
    if not isinstance(network, MultiStyleNet):
        raise WeightsError(
            f"{settings.network} is no network of several styles; train one with: train multi."
        )
    source = style_source(settings.style)
    name = settings.style_name or source.label
    if name in network.styles:
        raise SettingsError(f'{settings.network} has a style "{name}" already; give another --style-name.')
    place = find_place(settings, name)
    style = _opened(source, settings.style_size)
    learned = read_photographs(settings.photos, report)
    encoder = encoders.load(settings.encoder)
    like = nearest_style(network, encoder, style, learned.squares(settings.size), settings)
    report.note(f"The new style starts from {like}, the nearest that the network knows.")
    goal = one_more_style(network, name, style, like)
    loop, facts = conduct(settings, goal, place, learned, report)
    facts |= {"styles": [_record(source)], "base": settings.network, "like": like}
    return _ended(settings, loop, goal, place, facts, f"multi network: {', '.join(network.styles)}")


def _opened(source: FileSource | BundledSource, side: int) -> Tensor:
    """The style picture at the size at which it is looked at."""
    from bottega import pictures

    picture = source.open(side) if isinstance(source, BundledSource) else source.open()
    return pictures.fit(picture.pixels, side)


def _record(source: FileSource | BundledSource) -> dict[str, Any]:
    """What a network's file says of a style: no path, as networks are passed on."""
    if isinstance(source, BundledSource):
        return {"name": source.style, "seed": source.seed}
    return {"name": source.path.name, "sha256": source.sha256}


def _ended(
    settings: TrainSettings, loop: Trainer, goal: Goal, place: Place, facts: dict[str, Any], summary: str
) -> ToolResult:
    from bottega.tools.train.destination import keep

    where = (
        "the demonstration photographs" if settings.photos is None else f"{facts['photographs']} photographs"
    )
    origin = (
        f"Trained by its owner on {where}, {facts['steps']} steps, through the encoder {facts['encoder']}."
    )
    files = keep(goal, place, facts, summary=summary, origin=origin, licence=LICENCE)
    told = f"{place.name} is on your shelf ({facts['steps']} steps, {facts['minutes']:.1f} minutes)."
    if loop.schedule.steps > loop.global_step:
        told += " It ended early."
    method = "multi" if summary.startswith("multi") else "fast"
    return ToolResult(
        f"{told} Paint with: bottega stylize photo.jpg --method {method} --model {place.name}",
        files=files,
        details={"name": place.name, "facts": facts},
    )


TRAIN = (
    Tool(
        "train style",
        "Train a network that paints in one style, in twenty minutes.",
        TrainStyleSettings,
        _style,
        uses_networks=True,
    ),
    Tool(
        "train multi",
        "Train one network for several styles, which also mix.",
        TrainMultiSettings,
        _multi,
        uses_networks=True,
    ),
    Tool(
        "train add-style",
        "Teach a network of several styles one more; the others stay as they are.",
        AddStyleSettings,
        _add_style,
        uses_networks=True,
    ),
)
