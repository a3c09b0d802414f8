"""The recipe inside a picture: everything needed to make the same picture again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bottega.errors import PictureError, SettingsError
from bottega.tools.common.image_sources import START_KEYWORDS, Source
from bottega.tools.common.recipe import InputSearch, find_file, find_source, recipe_header
from bottega.tools.common.tool import configure
from bottega.tools.stylize.methods import METHODS
from bottega.tools.stylize.plan import BACKGROUND, Plan, RegionChoice, StyleChoice, make_plan
from bottega.tools.stylize.settings import PaintSettings

PICTURE, CLIP = "stylize", "stylize a clip"
"""What a recipe says its tool is."""

# What decides the picture, as opposed to where it was made and what the files are called there.
DECISIVE_SETTINGS_EXCEPT = ("threads", "device", "precision", "engine")


def make_recipe(
    plan: Plan,
    content: Source,
    settings: PaintSettings,
    folder: Path,
    *,
    weights: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """The recipe of one picture, of plain values.

    Args:
        settings: with device, engine, precision and threads resolved to what is really used; those that the
            method does not honour are left out, and the model, which stands among the weights.
        folder: where the picture will lie; paths are recorded as seen from there.
        weights: name and sha256 of each network's weights.
    """
    method = METHODS[settings.method]
    kept = {name for name in PaintSettings.model_fields if method.honours(name)} - {"model"}
    start = {} if plan.start is None else {"start": plan.start.record(folder)}
    return {
        **recipe_header(PICTURE),
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
        return {key: _decisive(inner) for key, inner in value.items() if key not in dropped}
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
        values = dict(recipe["settings"])
        networks = METHODS[values["method"]].networks if values["method"] in METHODS else ()
        weights = {kind: dict(recipe[kind]) for kind in networks}
        if "model" in weights:
            values["model"] = _model(weights["model"], search)
        settings = configure(PaintSettings, values)
        content = find_source(recipe["content"], search, name)
        styles = [_style(record, search, name) for record in recipe["styles"]]
        regions = [_region(record, search, name) for record in recipe["regions"]]
        start = find_source(recipe["start"], search, name) if settings.start not in START_KEYWORDS else None
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
    source, scale = find_source(record, search, name), float(record["scale"])
    return StyleChoice(source, float(record["weight"]), str(record["region"]), scale)


def _region(record: dict[str, Any], search: InputSearch, name: str) -> RegionChoice:
    mask = None if record["mask"] is None else find_file(record["mask"], search, name)
    weights = [float(record[field]) for field in ("style_weight", "content_weight")]
    return RegionChoice(str(record["region"]), mask, bool(record["leave"]), *weights)


def _model(record: dict[str, Any], search: InputSearch) -> str:
    """The setting ``model`` that names the weights of a record."""
    return str(search.find(record).path) if record["kind"] == "file" else str(record["name"])
