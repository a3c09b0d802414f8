"""The recipe inside a picture: everything needed to make the same picture again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bottega
from bottega.errors import MismatchError, PictureError, SettingsError
from bottega.tools.search import InputSearch
from bottega.tools.sources import (
    STARTS,
    BundledSource,
    FileSource,
    PhotographSource,
    Source,
    TrainedSource,
)
from bottega.tools.stylize.methods import METHODS
from bottega.tools.stylize.plan import BACKGROUND, Plan, RegionChoice, StyleChoice, make_plan
from bottega.tools.stylize.settings import PaintSettings
from bottega.tools.tool import configure

PICTURE, CLIP = "stylize", "stylize a clip"
"""What a recipe says its tool is."""

# What decides the picture, as opposed to where it was made and what the files are called there.
DECISIVE_SETTINGS_EXCEPT = ("threads", "device", "precision", "engine")

SAID_SINCE = {
    "method": "optimize",
    "pooling": None,
    "scale": 1.0,
    "style_weight": 1.0,
    "content_weight": 1.0,
    "marks": 0.0,
}
"""What recipes of older versions do not say, and how it was then."""


def make_recipe(
    plan: Plan,
    content: Source,
    settings: PaintSettings,
    folder: Path,
    *,
    weights: dict[str, dict[str, Any]],
    torch: str,
) -> dict[str, Any]:
    """The recipe of one picture, of plain values.

    Args:
        settings: with device, engine, precision and threads resolved to what is really used; those that the
            method does not honour are left out, and the model, which stands among the weights.
        folder: where the picture will lie; paths are recorded as seen from there.
        weights: name and sha256 of each network's weights.
        torch: version of torch.
    """
    method = METHODS[settings.method]
    kept = {name for name in PaintSettings.model_fields if method.honours(name)} - {"model"}
    start = {} if plan.start is None else {"start": plan.start.record(folder)}
    return {
        "tool": PICTURE,
        "bottega": bottega.__version__,
        "torch": torch,
        "settings": settings.model_dump(mode="json", include=kept),
        **weights,
        "content": content.record(folder),
        **start,
        "styles": [
            {
                **choice.source.record(folder),
                "weight": choice.weight,
                "scale": choice.scale,
                "region": choice.region,
            }
            for choice in plan.styles
        ],
        "regions": [
            {
                "region": region.name,
                "leave": region.leave,
                "style_weight": region.style_weight,
                "content_weight": region.content_weight,
                "mask": None if region.mask is None else region.mask.record(folder),
            }
            for region in plan.regions
        ],
    }


def same_picture(one: dict[str, Any] | None, other: dict[str, Any]) -> bool:
    """Whether two recipes make the same picture, wherever the files lie and whatever machine runs them."""
    return one is not None and _decisive(one) == _decisive(other)


def _decisive(value: Any) -> Any:
    if isinstance(value, dict):
        dropped = {"path", "bottega", "torch", *DECISIVE_SETTINGS_EXCEPT}
        # A file is known by its hash: renamed, it is still the same picture.
        if "sha256" in value:
            dropped.add("name")
        return {
            key: _decisive(inner)
            for key, inner in value.items()
            if key not in dropped and not (key in SAID_SINCE and inner == SAID_SINCE[key])
        }
    if isinstance(value, list):
        return [_decisive(inner) for inner in value]
    return value


@dataclass(frozen=True)
class Recalled:
    """A recipe read back, with every input found and unchanged."""

    content: Source
    plan: Plan
    settings: PaintSettings
    weights: dict[str, dict[str, Any]]
    torch: str


def read_back(recipe: dict[str, Any], search: InputSearch, name: str) -> Recalled:
    """What a recipe says, with every input found.

    Args:
        name: of the picture that the recipe was in, for messages.

    Raises:
        SettingsError: the recipe is of another tool or version.
        PictureError: an input is missing or was never a file.
        MismatchError: an input has changed since.
    """
    if recipe.get("tool") not in (PICTURE, CLIP):
        raise SettingsError(
            f'{name} was made by "{recipe.get("tool")}", which this version cannot run again.'
        )
    try:
        # The first recipes knew one method and need not name it.
        values = {"method": "optimize", **recipe["settings"]}
        networks = METHODS[values["method"]].networks if values["method"] in METHODS else ()
        if values["method"] == "micro":
            values.setdefault("marks", 0.0)  # nothing was laid before there was such a setting
        weights = {kind: dict(recipe[kind]) for kind in networks}
        if "model" in weights:
            values["model"] = _model(weights["model"], search)
        settings = configure(PaintSettings, values)
        content = find_source(recipe["content"], search, name)
        styles = [_style(record, search, name) for record in recipe["styles"]]
        regions = [_region(record, search, name) for record in recipe["regions"]]
        start = find_source(recipe["start"], search, name) if settings.start not in STARTS else None
        torch = str(recipe["torch"])
    except SettingsError as error:
        made_by = recipe.get("bottega")
        raise SettingsError(f"The recipe in {name} was written by version {made_by}: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise PictureError(f"The recipe in {name} is incomplete or damaged ({error}).") from None
    styled = [region for region in regions if not region.leave]
    plan = make_plan(
        styles,
        [region for region in styled if region.name != BACKGROUND],
        [region for region in regions if region.leave],
        style_weights={region.name: region.style_weight for region in styled},
        content_weights={region.name: region.content_weight for region in styled},
        start=start,
    )
    return Recalled(content, plan, settings, weights, torch)


def _style(record: dict[str, Any], search: InputSearch, name: str) -> StyleChoice:
    source, scale = find_source(record, search, name), float(record.get("scale", 1.0))
    return StyleChoice(source, float(record["weight"]), str(record["region"]), scale)


def _region(record: dict[str, Any], search: InputSearch, name: str) -> RegionChoice:
    mask = None if record["mask"] is None else _find_file(record["mask"], search, name)
    weights = [float(record.get(field, 1.0)) for field in ("style_weight", "content_weight")]
    return RegionChoice(str(record["region"]), mask, bool(record["leave"]), *weights)


def _model(record: dict[str, Any], search: InputSearch) -> str:
    """The setting ``model`` that names the weights of a record."""
    return str(search.find(record).path) if record["kind"] == "file" else str(record["name"])


def find_source(record: dict[str, Any], search: InputSearch, name: str) -> Source:
    """The input that a recipe's record means; ``name`` is the picture's whose recipe it is.

    Raises:
        MismatchError, PictureError: it has changed, or is nowhere.
    """
    if record["kind"] == "bundled":
        return BundledSource(str(record["name"]), int(record["seed"]))
    if record["kind"] == "photograph":
        return PhotographSource(str(record["name"]))
    if record["kind"] == "trained":
        return TrainedSource(str(record["name"]))
    return _find_file(record, search, name)


def _find_file(record: dict[str, Any], search: InputSearch, name: str) -> FileSource:
    if record["kind"] == "memory":
        raise PictureError(
            f"{name} was made by a program from a picture in memory ({record['name']}), which no file holds; "
            "only pictures made from files can be made again."
        )
    return search.find(record)


def check_named(record: Mapping[str, Any], name: str) -> None:
    """Refuse weights on a shelf that are not those of a recipe, which was in the picture ``name``.

    Raises:
        MismatchError: the hashes differ.
        WeightsError: there are no weights of this name.
    """
    from bottega import weights

    here = weights.entry(record["name"]).sha256
    if here != record["sha256"]:
        raise MismatchError(
            f'{name} was made with the weights "{record["name"]}" of sha256 {record["sha256"][:16]}…, '
            f"but the ones here have sha256 {here[:16]}…."
        )


def check_weights(recorded: dict[str, dict[str, Any]], present: dict[str, dict[str, Any]], name: str) -> None:
    """Refuse to run a recipe with other weights than it was made with.

    Raises:
        MismatchError: the hashes differ.
    """
    for kind, record in recorded.items():
        if record.get("sha256") != present[kind]["sha256"]:
            raise MismatchError(
                f'{name} was made with the {kind} "{record.get("name")}" of sha256 {record.get("sha256")}, '
                f"but the one here has sha256 {present[kind]['sha256']}."
            )
