"""Frozen models, and JSON files that hold one under the name of their format and its version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bottega.errors import OutputError, SettingsError

FORMAT_VERSION = 1
Model = TypeVar("Model", bound=BaseModel)


class FrozenModel(BaseModel):
    """Without unknown fields, and without changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def check_json_path(path: str | Path, kind: str) -> Path:
    """The path.

    Raises:
        OutputError: the name does not end in ``.json``.
    """
    if Path(path).suffix.lower() != ".json":
        raise OutputError(f"{path}: a {kind} must end in .json.")
    return Path(path)


def read_versioned_json(path: str | Path, model: type[Model], format_name: str, kind: str) -> Model:
    """The content of a file, validated.

    Args:
        kind: what the file is, for messages.

    Raises:
        SettingsError: the file is missing, of another format or version, or has an invalid value.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        version = content.pop(format_name)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"Cannot read the {kind} {path}: {reason}.") from None
    except (ValueError, KeyError, AttributeError, TypeError):
        raise SettingsError(
            f'{path} is not a {kind}, which is JSON that begins with "{format_name}".'
        ) from None
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
            f"The {kind} {path} is damaged: {where} is not usable ({first['msg'].lower()})."
        ) from None
