"""The extras of the package: what each is for, whether it is installed, and how to install it."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from importlib import metadata

PURPOSES = {
    "heic": "reads HEIC, the format of phone photos",
    "train": "TensorBoard and training in several processes",
    "video": "reads and writes video files",
    "openvino": "another inference engine for CPUs",
}
"""Of each extra in pyproject.toml that users need."""

_REQUIREMENT = re.compile(r"""(?P<package>(?P<name>[\w.-]+)[^;]*);.*\bextra == ["'](?P<extra>[\w-]+)["']""")


@dataclass
class Extra:
    """One extra.

    Attributes:
        packages: as pip takes them, ``pillow-heif>=0.20``.
        installed: name and version of those that are installed.
    """

    name: str
    purpose: str
    packages: list[str] = field(default_factory=list)
    installed: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all its packages are installed."""
        return len(self.installed) == len(self.packages)

    @property
    def command(self) -> str:
        """Installs it, wherever Bottega itself was installed from, because it names the packages."""
        return "pip install " + " ".join(f'"{package}"' for package in self.packages)


def extras() -> list[Extra]:
    """All of :data:`PURPOSES`; none if Bottega is not installed."""
    by_name = {name: Extra(name, purpose) for name, purpose in PURPOSES.items()}
    try:
        lines = metadata.requires("bottega") or []
    except metadata.PackageNotFoundError:
        return []
    for line in lines:
        match = _REQUIREMENT.fullmatch(line)
        if match is None or match["extra"] not in by_name:
            continue
        extra = by_name[match["extra"]]
        extra.packages.append(match["package"].replace(" ", ""))
        with contextlib.suppress(metadata.PackageNotFoundError):
            extra.installed.append(f"{match['name']} {metadata.version(match['name'])}")
    return list(by_name.values())
