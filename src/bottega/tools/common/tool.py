"""The base of every tool: a settings model and one function, from which every interface is derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from bottega.errors import BottegaError, ResourceError, SettingsError
from bottega.tools.common.progress import ProgressReporter

OUT_OF_MEMORY_MESSAGES = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "bad allocation",
    "bad_alloc",
)
"""Parts of torch's messages when an allocation fails: on the CPU (two allocators) and on a GPU."""


class Settings(BaseModel):
    """Base of all settings: unknown keys are rejected, and every field has a description."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    heading: ClassVar[str] = "Settings"
    """Title of the fields that a model declares, in help texts."""
    help_groups: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Titles in help texts with the fields below them, in this order; all others follow by ``heading``."""


AnySettings = TypeVar("AnySettings", bound=Settings)


def cli_option(
    *,
    unit: str = "",
    short: str = "",
    name: str = "",
    positional: bool = False,
    show_choices: bool = True,
) -> dict[str, Any]:
    """How interfaces present a field, for ``Field(json_schema_extra=cli_option(...))``.

    Args:
        unit: of the number: "pixels", "seconds".
        short: one-letter option of the command line: "-o".
        name: of the option where it is not the field's, which may not be a Python keyword: "class".
        positional: an argument without a name on the command line.
        show_choices: whether help texts list the possible values, unless the description does.
    """
    return {
        "unit": unit,
        "short": short,
        "name": name,
        "positional": positional,
        "show_choices": show_choices,
    }


@dataclass(frozen=True)
class ToolResult:
    """What a tool returns."""

    summary: str
    """One sentence for people."""
    files: tuple[Path, ...] = ()
    """The files that were written."""
    rows: tuple[dict[str, Any], ...] = ()
    """A table of plain values, with the same keys in every row."""
    details: dict[str, Any] = field(default_factory=dict)
    """Plain values for programs."""
    error: BottegaError | None = None
    """Set if the work finished but some of it failed; decides the exit code."""


@dataclass(frozen=True)
class Tool:
    """One command.

    Args:
        name: as typed; two words make a sub-command (``models pull``).
        summary: one line.
        settings: the model of its settings.
        function: does the work; heavy imports happen inside it.
        uses_networks: whether it runs networks, so that the command line prepares its process for them.
        check_files: checks the inputs and outputs that the settings name, without importing torch, so that
            the command line answers at once; the function does not rely on it.
        examples: command lines without ``bottega``, for the help text.
    """

    name: str
    summary: str
    settings: type[Settings]
    function: Callable[[Any, ProgressReporter], ToolResult]
    uses_networks: bool = False
    check_files: Callable[[Any], object] | None = None
    examples: tuple[str, ...] = ()

    def configure(self, values: Mapping[str, Any]) -> Settings:
        """Settings from plain values; raises as :func:`configure` does."""
        return configure(self.settings, values)

    def check(self, settings: Settings) -> None:
        """Check the files that the settings name; raises as :meth:`run` does."""
        if self.check_files is not None:
            self.check_files(settings)

    def run(self, settings: Settings, reporter: ProgressReporter | None = None) -> ToolResult:
        """Do the work.

        Raises:
            BottegaError: anything that the user can correct, in one sentence.
        """
        try:
            return self.function(settings, reporter or ProgressReporter())
        except (MemoryError, RuntimeError) as error:
            if is_out_of_memory(error):
                raise out_of_memory_error(self.name) from error
            raise


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of Python, torch or a GPU says that memory ran out."""
    if isinstance(error, BottegaError):
        return False
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and any(message in str(error).lower() for message in OUT_OF_MEMORY_MESSAGES)
    )


def out_of_memory_error(task: str) -> ResourceError:
    """The error for the user, naming the task that ran out of memory."""
    return ResourceError(
        f"There was not enough memory for {task}; nothing was written. "
        "Try a smaller --size, or close other programs."
    )


def configure(model: type[AnySettings], values: Mapping[str, Any]) -> AnySettings:
    """A settings model from plain values.

    Raises:
        SettingsError: a value is missing, unknown, of the wrong type or out of range.
    """
    try:
        return model(**values)
    except ValidationError as error:
        raise SettingsError(_validation_message(model, error)) from None


def value_range(field: FieldInfo) -> str:
    """The range of a field in words: ``0 to 1``, ``1 or more``; empty without limits."""
    low = high = ""
    for rule in field.metadata:
        match rule:
            case Ge(ge=limit):
                low = format_number(limit)
            case Gt(gt=limit):
                low = f"above {format_number(limit)}"
            case Le(le=limit):
                high = format_number(limit)
            case Lt(lt=limit):
                high = f"below {format_number(limit)}"
    if low and high:
        return f"{low} to {high}"
    return f"{low} or more" if low else f"up to {high}" if high else ""


def format_number(value: Any) -> str:
    """A number for people: ``1.41``, ``1000000``; whatever else it is as text."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if value.is_integer() else f"{value:.3g}"


def _validation_message(model: type[Settings], error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    message = first["msg"].removeprefix("Value error, ")
    if not name:
        return message
    if first["type"] == "extra_forbidden":
        return f'Unknown setting "{name}"; the settings are {", ".join(model.model_fields)}.'
    if first["type"] == "missing":
        return f"The setting {name} is missing: {model.model_fields[name].description}."
    if first["type"].startswith(("greater_than", "less_than")):
        limits = value_range(model.model_fields[name])
        return f"The setting {name} is {first['input']!r}; its range is {limits}."
    reason = message[0].lower() + message[1:]
    return f"The setting {name} is {first['input']!r}: {reason.removeprefix('input ')}."
