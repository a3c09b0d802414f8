"""The layers of the package: no package imports one above it, no modules import each other in a cycle,
nothing imports a forbidden dependency, and importing is light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "bottega"

LAYERS = {
    "cache": -1,
    "errors": -1,
    "environment": -1,
    "files": -1,
    "picture_formats": -1,
    "process": -1,
    "sample_images": -1,
    "suggestions": -1,
    "version": -1,
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
    "evaluation": 2,
    "generation": 2,
    "personalize": 2,
    "tools": 3,
    "cli": 4,
}
FACADE = {"__init__", "__main__"}  # the package itself, above all layers
NEIGHBORS = {  # allowed in the same layer: package -> packages that it imports
    "environment": {"errors"},
    "cache": {"environment", "errors", "files"},
    "files": {"errors"},
    "picture_formats": {"errors"},
    "sample_images": {"errors"},
    "losses": {"encoders", "layers"},
    "encoders": {"layers"},
    "styles": {"layers"},
    "training": {"layers"},
    "generation": {"evaluation"},
    "personalize": {"transfer", "evaluation"},
    "video": {"pictures"},
}
FORBIDDEN = {"torchvision", "lpips", "piq", "timm", "open_clip", "torch_fidelity"}
LIGHT = ["bottega", "bottega.errors", "bottega.environment", "bottega.tools.registry", "bottega.cli"]


def imported_names(path: Path, package: str = "") -> Iterator[str]:
    """Full dotted names of everything that a file imports: at its top, inside functions, for type checking.

    After ``import bottega`` the attributes that the file uses count: ``bottega.stylize``, ...
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


def module_name(path: Path) -> str:
    parts = ["bottega", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def forbidden_imports(package: str, names: Iterator[str]) -> list[str]:
    """The imports of a package that its layer does not allow, and those from the facade."""
    errors = []
    for name in names:
        parts = name.split(".")
        if parts[0] != "bottega" or len(parts) == 1 or package in FACADE:
            continue
        used = parts[1]
        below = used in LAYERS and LAYERS[used] < LAYERS[package]
        if not (below or used == package or used in NEIGHBORS.get(package, set())):
            errors.append(f"{package} imports {name}")
    return errors


def import_graph() -> dict[str, set[str]]:
    """For every module the modules that it imports.

    A facade (``__init__`` of a package) only forwards names: what is imported from it is imported from the
    module that defines it, so that a facade is on no cycle itself.
    """
    files = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
    facades = {name for name, path in files.items() if path.stem == "__init__"}
    imports = {
        name: set(imported_names(path, name if name in facades else name.rpartition(".")[0]))
        for name, path in files.items()
    }

    def modules_of(name: str, visited: frozenset[str] = frozenset()) -> set[str]:
        """The modules that define a dotted name."""
        module, _, attribute = name.rpartition(".")
        if name in files and name not in facades:
            return {name}
        if module in files and module not in facades:
            return {module}
        if module in facades and name not in visited:
            forwarded = [each for each in imports[module] if each.rpartition(".")[2] == attribute]
            return {target for each in forwarded for target in modules_of(each, visited | {name})}
        return set()

    return {
        module: {target for name in names for target in modules_of(name)} - {module}
        for module, names in imports.items()
        if module not in facades
    }


def cycles_of(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, directly or through others (Tarjan's algorithm)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                groups.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return groups


def test_layers_name_every_package_and_no_other() -> None:
    packages = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))}
    assert packages - FACADE == set(LAYERS)


def test_layers_are_those_of_the_architecture_page() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = {}
    for layer, packages in re.findall(r"^\| (–|\d+) \| ([^|]+) \|", text, re.MULTILINE):
        table.update({name: -1 if layer == "–" else int(layer) for name in re.findall(r"`(\w+)`", packages)})
    assert table == LAYERS


def test_no_package_imports_one_above_it() -> None:
    errors = []
    for path in sorted(PACKAGE.rglob("*.py")):
        package = ".".join(["bottega", *path.relative_to(PACKAGE).parent.parts])
        errors += forbidden_imports(
            path.relative_to(PACKAGE).with_suffix("").parts[0], imported_names(path, package)
        )
    assert errors == []


def test_no_import_cycles() -> None:
    assert cycles_of(import_graph()) == []


@pytest.mark.parametrize(("graph", "cycles"), [
    ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
    ({"a": {"b"}, "b": {"a"}}, [["a", "b"]]),
    ({"a": {"b", "d"}, "b": {"c"}, "c": {"b"}, "d": {"e"}, "e": {"d"}}, [["b", "c"], ["d", "e"]]),
])  # fmt: skip
def test_cycle_detection(graph: dict[str, set[str]], cycles: list[list[str]]) -> None:
    assert sorted(cycles_of(graph)) == cycles


@pytest.mark.parametrize(("package", "line", "allowed"), [
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
def test_layer_rule(package: str, line: str, allowed: bool, tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_text(line)
    assert (forbidden_imports(package, imported_names(path, f"bottega.{package}")) == []) == allowed


def test_no_forbidden_dependencies() -> None:
    errors = []
    for folder in ("src", "recipes", "benchmarks", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            errors += [f"{path}: {name}" for name in imported_names(path) if name.split(".")[0] in FORBIDDEN]
    assert errors == []


def test_importing_is_light() -> None:
    names = [name for name in LIGHT if find_spec(name) is not None]
    program = f"import {', '.join(names)}; import sys; print('torch' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "False"
