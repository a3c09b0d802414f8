"""What a tool is: a settings model and one function, from which every face is derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from bottega.errors import BottegaError, ResourceError, SettingsError

if TYPE_CHECKING:
    from torch import Tensor

# How torch says that an allocation failed: on the processor (two allocators) and on a GPU.
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "bad allocation", "bad_alloc")

# How pydantic calls a number that breaks the rules of its field.
OUT_OF_RANGE = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")


class Settings(BaseModel):
    """Base of all settings: unknown keys are refused, and every field carries a description."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    heading: ClassVar[str] = "Settings"
    """What a face writes above the fields that a model declares."""


AnySettings = TypeVar("AnySettings", bound=Settings)


def face(*, unit: str = "", short: str = "", positional: bool = False) -> dict[str, Any]:
    """What a face shows beside a field, for ``Field(json_schema_extra=face(...))``.

    Args:
        unit: of the number: "pixels", "seconds".
        short: a one-letter option of the command line: "-o".
        positional: given without its name on the command line.
    """
    return {"unit": unit, "short": short, "positional": positional}


class Report:
    """What a tool tells while it works. This one listens to nothing; a face overrides what it shows.

    A face may also end the work from any of these calls by raising :class:`~bottega.errors.Cancelled`.
    """

    def progress(
        self,
        done: float,
        message: str = "",
        *,
        seconds_left: float | None = None,
        preview: Callable[[], Tensor] | None = None,
    ) -> None:
        """Say how far the work is.

        Args:
            done: fraction in [0, 1].
            message: what is being done now.
            seconds_left: estimate.
            preview: makes the picture as it stands, (1, 3, H, W) sRGB in [0, 1]; costs nothing until called.
        """

    def note(self, message: str) -> None:
        """Say something that the visitor should know but that is no error."""

    def cancelled(self) -> bool:
        """True once the visitor wants the work to stop; tools ask between steps."""
        return False


@dataclass(frozen=True)
class Quiet(Report):
    """The report of a small part of some work: its notes and its cancellation, not its progress."""

    whole: Report

    def note(self, message: str) -> None:
        self.whole.note(message)

    def cancelled(self) -> bool:
        return self.whole.cancelled()


@dataclass(frozen=True)
class Outcome:
    """What a tool hands back."""

    summary: str
    """One sentence for people."""
    files: tuple[Path, ...] = ()
    """What was written."""
    rows: tuple[dict[str, Any], ...] = ()
    """A table, where the tool's answer is one; plain values, the same keys in every row."""
    details: dict[str, Any] = field(default_factory=dict)
    """Plain values for machines."""
    error: BottegaError | None = None
    """Set where the work came to its end but not all of it went well; decides the exit code."""


@dataclass(frozen=True)
class Tool:
    """One thing that a visitor can ask for.

    Args:
        name: as typed; two words make a sub-command (``models pull``).
        summary: one line.
        settings: the model of its settings.
        work: the function; heavy imports happen inside it.
        paints: whether networks run in it, so that a face may prepare its process for that.
    """

    name: str
    summary: str
    settings: type[Settings]
    work: Callable[[Any, Report], Outcome]
    paints: bool = False

    def configure(self, values: Mapping[str, Any]) -> Settings:
        """Settings from plain values.

        Raises:
            SettingsError: a value is missing, unknown, of the wrong kind or out of range.
        """
        return configure(self.settings, values)

    def run(self, settings: Settings, report: Report | None = None) -> Outcome:
        """Do the work.

        Raises:
            BottegaError: anything that a visitor can mend, in one sentence.
        """
        try:
            return self.work(settings, report or Report())
        except BottegaError:
            raise
        except (MemoryError, RuntimeError) as error:
            if is_out_of_memory(error):
                raise out_of_memory(self.name) from error
            raise


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception is the system's, torch's or a GPU's way to say that memory ran out."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in OUT_OF_MEMORY)
    )


def out_of_memory(what: str) -> ResourceError:
    """The sentence for it."""
    return ResourceError(
        f"There was not enough memory for {what}; nothing was written. "
        "Try a smaller --size, or close other programs."
    )


def configure(model: type[AnySettings], values: Mapping[str, Any]) -> AnySettings:
    """A settings model from plain values, with our own sentence where they do not fit.

    Raises:
        SettingsError: a value is missing, unknown, of the wrong kind or out of range.
    """
    try:
        return model(**values)
    except ValidationError as error:
        raise SettingsError(_sentence(model, error)) from None


def value_range(field: FieldInfo) -> str:
    """The range that the model declares, in words; empty where it declares none."""
    low = high = ""
    for rule in field.metadata:
        if isinstance(rule, Ge):
            low = f"{rule.ge}"
        elif isinstance(rule, Gt):
            low = f"above {rule.gt}"
        elif isinstance(rule, Le):
            high = f"{rule.le}"
        elif isinstance(rule, Lt):
            high = f"below {rule.lt}"
    if low and high:
        return f"{low} to {high}"
    return f"{low} or more" if low else f"up to {high}" if high else ""


def _sentence(model: type[Settings], error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return f'There is no setting "{name}"; there are {", ".join(model.model_fields)}.'
    if first["type"] == "missing":
        return f"The setting {name} is missing: {model.model_fields[name].description}."
    limits = value_range(model.model_fields[name]) if first["type"] in OUT_OF_RANGE else ""
    if limits:
        return f"The setting {name} is {first['input']!r}; its range is {limits}."
    message = first["msg"].removeprefix("Value error, ")
    if not name:
        return message
    reason = message[0].lower() + message[1:]
    return f"The setting {name} is {first['input']!r}: {reason.removeprefix('input ')}."
