"""Recipes of stylized pictures and videos: everything that is needed to make the same result again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bottega.errors import PictureError, SettingsError
from bottega.tools.common.image_sources import START_KEYWORDS, Source
from bottega.tools.common.recipe import InputSearch, find_file, find_source, recipe_header
from bottega.tools.common.tool import configure
from bottega.tools.stylize.methods.registry import METHODS, reject_unsupported
from bottega.tools.stylize.plan import Plan, make_plan
from bottega.tools.stylize.settings import TransferSettings
from bottega.tools.stylize.style_spec import BACKGROUND, RegionSpec, StyleSpec

TOOL = "stylize"

STYLE_FIELDS = ("weight", "region", "scale", "start_seconds")
REGION_FIELDS = ("name", "protect", "style_weight", "content_weight")
IGNORED_FIELDS = frozenset({"path", "bottega", "torch", "threads", "device", "precision", "engine"})
"""Fields that say where a result was made, not what it is."""


def make_recipe(
    plan: Plan,
    content: Source,
    settings: TransferSettings,
    folder: Path,
    *,
    weights: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    """The recipe of one result, of plain values.

    Args:
        settings: with the device, engine, precision and threads that are really used. Those that the method
            does not support are left out, and so is the model, which is recorded among the weights.
        folder: of the result; paths are recorded relative to it.
        weights: a record of each network: name and sha256.
    """
    method = METHODS[settings.method]
    names = {name for name in TransferSettings.model_fields if method.supports(name)} - {"model"}
    start = {} if plan.start is None else {"start": plan.start.record(folder)}
    return {
        **recipe_header(TOOL),
        "settings": settings.model_dump(mode="json", include=names),
        **weights,
        "content": content.record(folder),
        **start,
        "styles": [
            {**spec.source.record(folder), **{name: getattr(spec, name) for name in STYLE_FIELDS}}
            for spec in plan.styles
        ],
        "regions": [
            {
                **{name: getattr(spec, name) for name in REGION_FIELDS},
                "mask": None if spec.mask is None else spec.mask.record(folder),
            }
            for spec in plan.regions
        ],
    }


def same_result(one: dict[str, Any] | None, other: dict[str, Any]) -> bool:
    """Whether two recipes make the same result, wherever the files are and whatever machine runs them."""
    return one is not None and _without_ignored(one) == _without_ignored(other)


def _without_ignored(value: Any) -> Any:
    if isinstance(value, dict):
        # A renamed file is still the same file: its sha256 identifies it.
        ignored = IGNORED_FIELDS | {"name"} if "sha256" in value else IGNORED_FIELDS
        return {key: _without_ignored(inner) for key, inner in value.items() if key not in ignored}
    if isinstance(value, list):
        return [_without_ignored(inner) for inner in value]
    return value


@dataclass(frozen=True)
class RestoredRecipe:
    """A recipe whose inputs were all found unchanged.

    Attributes:
        weights: the records of the networks.
    """

    content: Source
    plan: Plan
    settings: TransferSettings
    weights: dict[str, dict[str, Any]]


def load_recipe(
    recipe: Mapping[str, Any],
    search: InputSearch,
    name: str,
    *,
    device: str | None = None,
    engine: str | None = None,
) -> RestoredRecipe:
    """Find the inputs of a recipe.

    Args:
        name: of the file that contains the recipe, for messages.
        device, engine: replace those of the recipe.

    Raises:
        SettingsError: the recipe is of another tool or version.
        PictureError: an input is missing or was never a file.
        MismatchError: an input has changed since.
    """
    if recipe.get("tool") != TOOL:
        raise SettingsError(
            f'{name} was made by "{recipe.get("tool")}", which this version cannot run again.'
        )
    try:
        values = dict(recipe["settings"])
        networks = METHODS[values["method"]].networks if values["method"] in METHODS else ()
        weights = {kind: dict(recipe[kind]) for kind in networks}
        if "model" in weights:
            model = weights["model"]
            is_file = model["kind"] == "file"
            values["model"] = str(search.find(model).path if is_file else model["name"])
        settings = configure(TransferSettings, values)
        content = find_source(recipe["content"], search, name)
        styles = [
            StyleSpec(find_source(record, search, name), **{field: record[field] for field in STYLE_FIELDS})
            for record in recipe["styles"]
        ]
        regions = [
            RegionSpec(
                mask=None if record["mask"] is None else find_file(record["mask"], search, name),
                **{field: record[field] for field in REGION_FIELDS},
            )
            for record in recipe["regions"]
        ]
        has_start = settings.start not in START_KEYWORDS
        start = find_source(recipe["start"], search, name) if has_start else None
    except SettingsError as error:
        version = recipe.get("bottega")
        raise SettingsError(f"The recipe in {name} was written by version {version}: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise PictureError(f"The recipe in {name} is incomplete or damaged ({error}).") from None
    styled = [region for region in regions if not region.protect]
    plan = make_plan(
        styles,
        [region for region in styled if region.name != BACKGROUND],
        [region for region in regions if region.protect],
        style_weights={region.name: region.style_weight for region in styled},
        content_weights={region.name: region.content_weight for region in styled},
        start=start,
        video="video" in recipe,
    )
    if engine is not None:
        reject_unsupported(settings.methods(), ["engine"])
    overrides = {key: value for key, value in (("device", device), ("engine", engine)) if value is not None}
    return RestoredRecipe(content, plan, settings.model_copy(update=overrides), weights)
