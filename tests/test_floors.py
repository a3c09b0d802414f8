"""The house stands: no room uses a room above it, nothing pulls in what we do without, importing is light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "bottega"

FLOORS = {
    "errors": -1,
    "environment": -1,
    "version": -1,
    "spelling": -1,
    "pictures": 0,
    "weights": 0,
    "video": 0,
    "runtime": 0,
    "layers": 1,
    "styles": 1,
    "encoders": 1,
    "losses": 1,
    "training": 1,
    "transfer": 2,
    "evaluate": 2,
    "generate": 2,
    "personalize": 2,
    "tools": 3,
    "cli": 4,
}
FACADE = {"__init__", "__main__"}  # the package itself, above all floors
NEIGHBOURS = {  # allowed on the same floor: room -> rooms that it uses
    "environment": {"errors"},
    "files": {"errors"},
    "losses": {"encoders", "layers"},
    "encoders": {"layers"},
    "styles": {"layers"},
    "training": {"layers"},
    "generate": {"evaluate"},
    "personalize": {"transfer", "evaluate"},
    "video": {"pictures"},
}
FORBIDDEN = {"torchvision", "lpips", "piq", "timm", "open_clip", "torch_fidelity"}
LIGHT = ["bottega", "bottega.errors", "bottega.environment", "bottega.tools", "bottega.cli"]


def imported_names(path: Path, package: str = "") -> Iterator[str]:
    """Full dotted names of everything that a file imports, at its top or inside functions.

    After ``import bottega`` it is what the file takes from there that counts: ``bottega.stylize``, ...
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "bottega":
                yield f"bottega.{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def broken_rules(room: str, names: Iterator[str]) -> list[str]:
    """The imports of ``room`` that go up, sideways without leave, or to what the package's front offers."""
    broken = []
    for name in names:
        parts = name.split(".")
        if parts[0] != "bottega" or len(parts) == 1 or room in FACADE:
            continue
        used = parts[1]
        below = used in FLOORS and FLOORS[used] < FLOORS[room]
        if not (below or used == room or used in NEIGHBOURS.get(room, set())):
            broken.append(f"{room} imports {name}")
    return broken


def test_the_table_has_every_room_and_no_other() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))}
    assert rooms - FACADE == set(FLOORS)


def test_the_table_is_that_of_the_architecture_page() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = {}
    for floor, rooms in re.findall(r"^\| (–|\d+) \| ([^|]+) \|", text, re.MULTILINE):
        table.update({room: -1 if floor == "–" else int(floor) for room in re.findall(r"`(\w+)`", rooms)})
    assert table == FLOORS


def test_no_room_uses_a_room_above_it() -> None:
    broken = []
    for path in sorted(PACKAGE.rglob("*.py")):
        package = ".".join(["bottega", *path.relative_to(PACKAGE).parent.parts])
        broken += broken_rules(room_of(path), imported_names(path, package))
    assert broken == []


@pytest.mark.parametrize(("room", "line", "allowed"), [
    ("pictures", "from bottega.errors import PictureError", True),
    ("pictures", "from bottega.pictures.load import load", True),
    ("pictures", "from .load import load", True),
    ("losses", "from bottega import encoders", True),
    ("cli", "import bottega.tools.stylize", True),
    ("pictures", "from bottega.weights import path", False),
    ("pictures", "from ..weights import path", False),
    ("encoders", "from bottega.losses import content_loss", False),
    ("weights", "def f():\n    from bottega import transfer", False),
    ("layers", "import bottega\nbottega.stylize", False),
    ("layers", "from bottega import stylize", False),
    ("errors", "import bottega.environment", False),
])  # fmt: skip
def test_the_rule_itself(room: str, line: str, allowed: bool, tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_text(line)
    assert (broken_rules(room, imported_names(path, f"bottega.{room}")) == []) == allowed


def test_nothing_imports_what_we_do_without() -> None:
    found = []
    for folder in ("src", "recipes", "benchmarks", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            found += [f"{path}: {name}" for name in imported_names(path) if name.split(".")[0] in FORBIDDEN]
    assert found == []


def test_importing_is_light() -> None:
    names = [name for name in LIGHT if find_spec(name) is not None]
    program = f"import {', '.join(names)}; import sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
