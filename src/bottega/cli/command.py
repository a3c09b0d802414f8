"""One command from one tool: its settings model becomes the signature that cyclopts reads."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_args

from cyclopts import CoercionError, Group, Parameter, Token
from pydantic.fields import FieldInfo

from bottega.tools.common.tool import Settings, Tool, value_range


def command(tool: Tool, run_tool: Callable[[Tool, dict[str, Any]], None]) -> Callable[..., None]:
    """A function with one parameter per setting; only what was given reaches the settings model."""
    fields = tool.settings.model_fields
    positional = [name for name, field in fields.items() if _face(field).get("positional")]

    def call(*given: Any, **named: Any) -> None:
        run_tool(tool, dict(zip(positional, given, strict=False)) | named)

    # A parameter without a default may not follow one with.
    first = sorted(positional, key=lambda name: not fields[name].is_required())
    parameters = [_parameter(name, fields[name], inspect.Parameter.POSITIONAL_ONLY) for name in first]
    parameters += [
        _parameter(name, field, inspect.Parameter.KEYWORD_ONLY, _group(tool.settings, name))
        for name, field in fields.items()
        if name not in positional
    ]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__doc__ = tool.summary
    return call


def _parameter(name: str, field: FieldInfo, kind: Any, group: Group | None = None) -> inspect.Parameter:
    default = inspect.Parameter.empty if field.is_required() else field.get_default(call_default_factory=True)
    short = _face(field).get("short")
    # "default: False", "[]" and "None" say nothing that the option does not.
    shown = default not in (False, None, []) or (default == 0 and default is not False)
    # A switch that is on needs its --no-…; one that is off needs none.
    negative = None if default is True else ()
    option = Parameter(
        help=_help(field),
        negative=negative,
        alias=short or None,
        show_default=shown,
        group=group,
        converter=_whole_number if int in (field.annotation, *get_args(field.annotation)) else None,
    )
    return inspect.Parameter(name, kind, default=default, annotation=Annotated[field.annotation, option])


def _whole_number(kind: type[int], tokens: Sequence[Token]) -> int:
    """The library's own reading would round 1.5 to 2 without a word."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise CoercionError(token=tokens[0], target_type=kind) from None


def _group(model: type[Settings], name: str) -> Group:
    """The heading of the model that declares the field; a model that has none stands under its heir's."""
    heading, place = model.heading, 0
    for number, ancestor in enumerate(model.__mro__):
        if "heading" in vars(ancestor):
            heading, place = vars(ancestor)["heading"], number
        if name in inspect.get_annotations(ancestor):
            break
    return Group(heading, sort_key=place)


def _face(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _help(field: FieldInfo) -> str:
    """The description with unit and range: ``long side of the result (pixels, 0 to 16384)``."""
    facts = [text for text in (str(_face(field).get("unit", "")), value_range(field)) if text]
    return f"{field.description} ({', '.join(facts)})" if facts else str(field.description)
