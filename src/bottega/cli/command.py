"""One command from one tool: its settings model becomes the signature that cyclopts reads."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_args

from cyclopts import CoercionError, Group, Parameter, Token
from pydantic.fields import FieldInfo

from bottega.tools.common.tool import Settings, Tool, format_number, value_range

ARGUMENTS = Group("Inputs", sort_key=0)


def build_command(tool: Tool, run_tool: Callable[[Tool, dict[str, Any]], None]) -> Callable[..., None]:
    """A function with one parameter per setting; only the values that were given reach the settings model."""
    fields = tool.settings.model_fields
    positional = [name for name, field in fields.items() if _cli_option(field).get("positional")]

    def call(*args: Any, **kwargs: Any) -> None:
        run_tool(tool, dict(zip(positional, args, strict=False)) | kwargs)

    # A parameter without a default may not follow one with.
    required_first = sorted(positional, key=lambda name: not fields[name].is_required())
    parameters = [
        _parameter(name, fields[name], inspect.Parameter.POSITIONAL_ONLY, ARGUMENTS)
        for name in required_first
    ]
    grouped = [name for names in tool.settings.help_groups.values() for name in names]
    parameters += [
        _parameter(name, fields[name], inspect.Parameter.KEYWORD_ONLY, _help_group(tool.settings, name))
        for name in dict.fromkeys([*grouped, *fields])
        if name not in positional
    ]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__doc__ = tool.summary
    return call


def _parameter(name: str, field: FieldInfo, kind: Any, group: Group) -> inspect.Parameter:
    default = inspect.Parameter.empty if field.is_required() else field.get_default(call_default_factory=True)
    option_name = _cli_option(field).get("name")
    option = Parameter(
        name=f"--{option_name}" if option_name else None,
        help=_help(field),
        # A switch that is on by default needs its --no-…; one that is off does not.
        negative=None if default is True else (),
        alias=_cli_option(field).get("short") or None,
        # "default: False", "[]" and "None" add nothing.
        show_default=format_number if default is not False and default not in (None, [], "") else False,
        group=group,
        show_choices=_cli_option(field).get("show_choices", True),
        converter=_to_int if int in (field.annotation, *get_args(field.annotation)) else None,
    )
    return inspect.Parameter(name, kind, default=default, annotation=Annotated[field.annotation, option])


def _to_int(kind: type[int], tokens: Sequence[Token]) -> int:
    """cyclopts itself would round 1.5 to 2 silently."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise CoercionError(token=tokens[0], target_type=kind) from None


def _help_group(model: type[Settings], name: str) -> Group:
    """The group of the model that lists the field; else the heading of the model that declares it, or of the
    nearest subclass that has a heading.
    """
    for index, (title, names) in enumerate(model.help_groups.items(), start=1):
        if name in names:
            return Group(title, sort_key=index)
    heading, position = model.heading, len(model.help_groups) + 1
    for index, ancestor in enumerate(model.__mro__):
        if "heading" in vars(ancestor):
            heading, position = vars(ancestor)["heading"], len(model.help_groups) + 1 + index
        if name in inspect.get_annotations(ancestor):
            break
    return Group(heading, sort_key=position)


def _cli_option(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _help(field: FieldInfo) -> str:
    """The description with unit and range: ``long side of the result (pixels, 0 to 16384)``."""
    details = ", ".join(filter(None, (str(_cli_option(field).get("unit", "")), value_range(field))))
    return f"{field.description} ({details})" if details else str(field.description)
