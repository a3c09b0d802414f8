"""What is known about each set of weights: the packaged ``manifest.toml``, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ROOM = Path(__file__).parent
MANIFEST = ROOM / "manifest.toml"
FILES = ROOM / "files"
CARDS = ROOM / "cards"

# Names become file names on every system, so: lower case, nothing that means a folder.
NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"


class Entry(BaseModel):
    """One set of weights. Exactly one of ``file`` and ``url`` says where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME, description="what recipes and commands call it")
    shelf: Literal["packaged", "published", "own"] = Field(description="where it lives")
    kind: str = Field(description="what it is for: encoder, ...")
    architecture: str = Field(description="the builder that these weights fit")
    summary: str = Field(description="one line for a list")
    file: str | None = Field(None, description="file name on its shelf, *.safetensors")
    url: str | None = Field(None, description="where its publisher offers it")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of that file, or of what the URL gives")
    size: int = Field(gt=0, description="of the same, in bytes")
    parameters: int = Field(ge=0, description="how many numbers were learned (without classifiers we drop)")
    licence: str = Field(description="on what terms it may be used")
    origin: str = Field(description="who made it, from what, and how we know the hash")
    recipe: str | None = Field(None, description="the training recipe in this repository that made it")
    figures: dict[str, float | str] = Field(default_factory=dict, description="measured quality")
    drop: tuple[str, ...] = Field((), description="key prefixes that are left out after a download")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.url is None):
            raise ValueError("give either file or url")
        if self.file is not None and Path(self.file).name != self.file:
            raise ValueError("file is a name, not a path")
        return self

    @property
    def card(self) -> Path | None:
        """The model card, where there is one."""
        card = CARDS / f"{self.name}.md"
        return card if card.exists() else None


@cache
def manifest() -> dict[str, Entry]:
    """Packaged and published entries by name, in the manifest's order."""
    table = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
    found = {}
    for name, values in table.items():
        shelf = "packaged" if "file" in values else "published"
        found[name] = Entry(name=name, shelf=shelf, **values)
    return found
