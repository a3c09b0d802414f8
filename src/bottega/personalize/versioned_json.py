"""Frozen models, and JSON files that hold one under the name of their format and its version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bottega.errors import OutputError, SettingsError

FORMAT_VERSION = 1
Model = TypeVar("Model", bound=BaseModel)


class FrozenModel(BaseModel):
    """Without unknown fields, and without changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class FileFormat:
    """One kind of file.

    Attributes:
        kind: ``condition``; its files end in ``.condition.json`` and begin with ``"bottega condition"``.
        made_by: the command that makes one from another kind of file, as the end of a message; ``{path}``
            stands for that file and ``{name}`` for its name without endings.
    """

    kind: str
    made_by: str

    @property
    def suffix(self) -> str:
        """The end of its files' names."""
        return f".{self.kind}.json"

    @property
    def key(self) -> str:
        """The first key of its files; its value is the version."""
        return f"bottega {self.kind}"


CONDITION_FILE = FileFormat(
    "condition", "bottega choose export {path} --save-condition {name}.condition.json"
)
PREFERENCES_FILE = FileFormat("preferences", "bottega choose start {name}.preferences.json FOLDER")


def check_json_path(path: str | Path, file_format: FileFormat) -> Path:
    """The path.

    Raises:
        OutputError: the name does not end in the suffix of the format.
    """
    if not Path(path).name.lower().endswith(file_format.suffix):
        raise OutputError(f"{path}: the name of a {file_format.kind} file must end in {file_format.suffix}.")
    return Path(path)


def read_versioned_json(path: str | Path, model: type[Model], file_format: FileFormat) -> Model:
    """The content of a file, validated.

    Raises:
        SettingsError: the file is missing, of another format or version, or has an invalid value.
    """
    kind = file_format.kind
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        version = content.pop(file_format.key, None)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"Cannot read the {kind} file {path}: {reason}.") from None
    except (ValueError, AttributeError, TypeError):
        content, version = {}, None
    if version is None:
        _raise_for_other_kind(path, content, file_format)
    if version != FORMAT_VERSION:
        raise SettingsError(
            f"{path} has the version {version}; this version of Bottega reads {FORMAT_VERSION}."
        )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SettingsError(
            f"The {kind} file {path} is damaged: {where} is not usable ({first['msg'].lower()})."
        ) from None


def _raise_for_other_kind(path: str | Path, content: Mapping[str, object], required: FileFormat) -> NoReturn:
    """Raises SettingsError; for a file of the other kind it names the command that makes the right one."""
    for other in (CONDITION_FILE, PREFERENCES_FILE):
        if other.key in content:
            command = required.made_by.format(path=path, name=Path(path).name.split(".")[0])
            raise SettingsError(
                f"{path} is a {other.kind} file, and a {required.kind} file is needed here; make one with: "
                f"{command}"
            )
    raise SettingsError(
        f'{path} is not a {required.kind} file, which is JSON that begins with "{required.key}".'
    )
