"""The optional extras of the package: what each brings, whether it is here, and how to get it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata

PURPOSES = {
    "heic": "reads HEIC, the photographs of phones",
    "train": "curves, and several processes, while a network is trained",
    "video": "films in and out",
    "openvino": "another engine for painting in one pass on processors",
    "studio": "the workshop in a browser (no tool of this version uses it)",
    "cluster": "work on many machines (no tool of this version uses it)",
}
"""What each extra of pyproject.toml brings, but for those that only bundle others."""

_REQUIREMENT = re.compile(r"""(?P<package>(?P<name>[\w.-]+)[^;]*);.*\bextra == ["'](?P<extra>[\w-]+)["']""")


@dataclass(frozen=True)
class Extra:
    """One extra.

    Attributes:
        packages: as pip takes them, ``pillow-heif>=0.20``.
        here: name and version of those that are installed.
    """

    name: str
    purpose: str
    packages: tuple[str, ...]
    here: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether all its packages are installed."""
        return len(self.here) == len(self.packages)

    @property
    def command(self) -> str:
        """What gets it; it names the packages, so it is right wherever Bottega itself was installed from."""
        return "pip install " + " ".join(f'"{package}"' for package in self.packages)


def extras() -> list[Extra]:
    """All that bring something, in the order of ``PURPOSES``; none where Bottega was not installed."""
    try:
        lines = metadata.requires("bottega") or []
    except metadata.PackageNotFoundError:
        return []
    wanted: dict[str, list[re.Match[str]]] = {name: [] for name in PURPOSES}
    for line in lines:
        match = _REQUIREMENT.fullmatch(line)
        if match and match["extra"] in wanted:
            wanted[match["extra"]].append(match)
    return [
        Extra(
            name,
            PURPOSES[name],
            tuple(match["package"].replace(" ", "") for match in matches),
            tuple(found for match in matches if (found := _installed(match["name"]))),
        )
        for name, matches in wanted.items()
    ]


def _installed(name: str) -> str:
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return ""
