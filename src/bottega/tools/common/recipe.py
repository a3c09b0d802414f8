"""Recipes: what every recipe records, and how its inputs and weights are found again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bottega.errors import MismatchError, PictureError
from bottega.tools.common.image_sources import (
    BundledSource,
    FileSource,
    FolderSource,
    SampleImageSource,
    Source,
    TrainedSource,
    file_source,
)
from bottega.version import __version__

MAX_SEARCHED_FILES = 100_000
"""Per folder; searching more would take minutes and is surely the wrong folder."""


def recipe_header(tool: str) -> dict[str, Any]:
    """The first fields of every recipe: the tool and the versions that ran it."""
    import torch

    return {"tool": tool, "bottega": __version__, "torch": torch.__version__}


class InputSearch:
    """Looks for inputs where the recipe says, beside the picture, and below further folders.

    Args:
        home: the folder of the picture whose recipe it is; recorded paths are relative to it.
        folders: further folders.
    """

    def __init__(self, home: Path, folders: Sequence[Path] = ()) -> None:
        for folder in folders:
            if not folder.is_dir():
                raise PictureError(f"The folder to search, {folder}, does not exist.")
        self.home = home
        self.folders = folders

    def find(self, record: Mapping[str, Any]) -> FileSource:
        """The file or folder of a record.

        Raises:
            MismatchError: the recorded file has changed, and no other file has its sha256.
            PictureError: no file has it.
        """
        recorded = self.home / record["path"]
        if record["kind"] == "folder":
            return self._find_folder(record, recorded)
        if recorded.is_file() and FileSource(recorded).sha256 == record["sha256"]:
            return FileSource(recorded)
        for path in self._candidates(record["name"]):
            if FileSource(path).sha256 == record["sha256"]:
                return FileSource(path)
        if recorded.is_file():
            raise MismatchError(
                f"{recorded} has changed since the picture was made; the right file has sha256 "
                f"{record['sha256'][:16]}…; point --search at the folder where it is."
            )
        raise PictureError(
            f"The input {record['name']} is neither at {recorded} nor beside the picture; "
            "point --search at the folder where it is."
        )

    def _find_folder(self, record: Mapping[str, Any], recorded: Path) -> FolderSource:
        paths = [recorded, *(folder / record["name"] for folder in (self.home, *self.folders))]
        sources = [FolderSource(path) for path in paths if path.is_dir()]
        for source in sources:
            if source.sha256 == record["sha256"]:
                return source
        if sources:
            raise MismatchError(
                f"The files in {sources[0].path} are not those that the clip was made from; point --search "
                "at the folder where the right ones are."
            )
        raise PictureError(
            f"The folder {record['name']} is neither at {recorded} nor beside the clip; point --search at "
            "the folder that holds it."
        )

    def _candidates(self, name: str) -> Iterator[Path]:
        """Files of that name first, then all others: hashing is cheap compared with stylizing."""
        paths = [path for path in sorted(self.home.iterdir()) if path.is_file()]
        for folder in self.folders:
            paths += _files_below(folder)
        yield from (path for path in paths if path.name == name)
        yield from (path for path in paths if path.name != name)


def _files_below(folder: Path) -> list[Path]:
    paths: list[Path] = []
    for parent, _, names in os.walk(folder):
        paths += (Path(parent) / name for name in sorted(names))
        if len(paths) > MAX_SEARCHED_FILES:
            raise PictureError(
                f"{folder} holds more than {MAX_SEARCHED_FILES} files; search a smaller folder."
            )
    return paths


def find_source(record: Mapping[str, Any], search: InputSearch, name: str) -> Source:
    """The input of a record; ``name`` is the file that holds the recipe, for messages.

    Raises:
        MismatchError, PictureError: it has changed or is missing.
    """
    match record["kind"]:
        case "bundled":
            return BundledSource(str(record["name"]), int(record["seed"]))
        case "sample":
            return SampleImageSource(str(record["name"]))
        case "trained":
            return TrainedSource(str(record["name"]))
    return find_file(record, search, name)


def find_file(record: Mapping[str, Any], search: InputSearch, name: str) -> FileSource:
    """The file of a record.

    Raises:
        MismatchError, PictureError: it has changed, is missing, or was never a file.
    """
    if record["kind"] == "memory":
        raise PictureError(
            f"{name} was made by a program from a picture in memory ({record['name']}); "
            "only pictures made from files can be made again."
        )
    return search.find(record)


def weights_record(model: str, folder: Path) -> dict[str, Any]:
    """What a recipe in ``folder`` records of a network, given by its registered name or its file."""
    from bottega import weights

    if model.endswith(".safetensors"):
        return file_source(Path(model)).record(folder)
    return {"kind": "weights", "name": model, "sha256": weights.entry(model).sha256}


def find_weights(record: Mapping[str, Any], search: InputSearch, name: str) -> str:
    """The network of a record, as the name or file that loads it.

    Raises:
        MismatchError: the weights of this name have another sha256.
        PictureError, WeightsError: they are missing.
    """
    from bottega import weights

    if record["kind"] == "file":
        return str(search.find(record).path)
    check_weights({"weights": record}, {"weights": {"sha256": weights.entry(record["name"]).sha256}}, name)
    return str(record["name"])


def check_weights(
    recorded: Mapping[str, Mapping[str, Any]], present: Mapping[str, Mapping[str, Any]], name: str
) -> None:
    """Check that the weights are those of a recipe, which is in the file ``name``.

    Raises:
        MismatchError: the sha256 of one of them differs.
    """
    for kind, record in recorded.items():
        sha256 = present[kind]["sha256"]
        if record.get("sha256") != sha256:
            raise MismatchError(
                f'{name} was made with the {kind} "{record.get("name")}" of sha256 {record.get("sha256")}, '
                f"but the one here has sha256 {sha256}."
            )
