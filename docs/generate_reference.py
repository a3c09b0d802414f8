"""mkdocs hook: makes the reference pages from the code, so that they cannot differ from it.

``reference/command-line.md`` comes from the settings of the tools, ``reference/python/*.md`` from docstrings.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pydantic.fields import FieldInfo

import bottega
from bottega import errors
from bottega.cli.main import BROKEN_PIPE_CODE
from bottega.environment import PREFIX, Environment
from bottega.tools.common.tool import Tool, value_range
from bottega.tools.registry import TOOLS

PYTHON_PAGES = {
    "pictures": "Reading and writing pictures",
    "video": "Reading and writing video",
    "weights": "Weights of networks",
    "runtime": "Device, precision, threads",
    "layers": "Image operations and building blocks of networks",
    "styles": "Bundled styles",
    "encoders": "Perceptual encoders",
    "losses": "Losses",
    "training": "Training",
    "transfer": "Style transfer",
    "generate": "Generators",
    "personalize": "Conditions, adjustment, preferences",
    "evaluate": "Metrics, reports, ratings",
    "tools": "Tools",
}
"""Packages that get a page, with its title, from the lowest layer to the highest."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    pages = {"reference/command-line.md": command_line_page(), "reference/python/index.md": python_index()}
    pages |= {f"reference/python/{name}.md": python_page(name) for name in PYTHON_PAGES}
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def command_line_page() -> str:
    """All commands with their options, exit codes and environment variables."""
    lines = [
        "# Command line",
        "",
        "Generated from the settings of the tools. `bottega COMMAND --help` shows the same in a terminal.",
        "Every command also takes `--json`, `--quiet` and `--debug`.",
        "",
    ]
    lines += ["| command | what it does |", "| --- | --- |"]
    lines += [
        f"| [`bottega {name}`](#bottega-{_slug(name)}) | {_cell(tool.summary)} |"
        for name, tool in TOOLS.items()
    ]
    for tool in TOOLS.values():
        lines += ["", f"## bottega {tool.name}", "", f"{tool.summary}", "", *_option_table(tool)]
    lines += ["", "## Exit codes", "", *_exit_codes(), "", "## Environment variables", "", *_environment()]
    return "\n".join(lines) + "\n"


def _option_table(tool: Tool) -> Iterator[str]:
    if not tool.settings.model_fields:
        yield "It has no options of its own."
        return
    yield "| option | default | meaning |"
    yield "| --- | --- | --- |"
    for name, field in tool.settings.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        if extra.get("positional"):
            option = f"`{name.upper()}`"
        else:
            option = f"`--{name.replace('_', '-')}`" + (f", `{extra['short']}`" if extra.get("short") else "")
        yield f"| {option} | {_default(field)} | {_cell(_meaning(field, str(extra.get('unit', ''))))} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None and isinstance(field.default_factory(), Path):  # type: ignore[call-arg]
        return "depends on the system"
    default = field.get_default(call_default_factory=True)
    if default is None or default == [] or default == {} or default == ():
        return ""
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"`{default}`" if str(default) else ""


def _meaning(field: FieldInfo, unit: str) -> str:
    choices = _choices(field.annotation)
    facts = [text for text in (unit, value_range(field), choices) if text]
    return f"{field.description}" + (f" ({', '.join(facts)})" if facts else "")


def _choices(annotation: Any) -> str:
    """The values of a ``Literal``, where the annotation is one."""
    from typing import Literal

    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(f"`{value}`" for value in get_args(annotation))
    return ""


def _exit_codes() -> Iterator[str]:
    yield "| code | meaning |"
    yield "| --- | --- |"
    rows = {
        0: "Done.",
        errors.INTERNAL_ERROR_CODE: "A defect of the program; run again with `--debug` and report it.",
    }
    rows[BROKEN_PIPE_CODE] = "The program that reads the output has ended."
    for kind in vars(errors).values():
        if (
            isinstance(kind, type)
            and issubclass(kind, errors.BottegaError)
            and kind is not errors.BottegaError
        ):
            rows[kind.exit_code] = (kind.__doc__ or "").strip().splitlines()[0]
    for code, meaning in sorted(rows.items()):
        yield f"| {code} | {_cell(meaning)} |"


def _environment() -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "| --- | --- | --- |"
    for name, field in Environment.model_fields.items():
        yield f"| `{PREFIX}{name.upper()}` | {_default(field)} | {_cell(str(field.description))} |"


def python_index() -> str:
    """The names that ``import bottega`` offers, and a list of the packages."""
    lines = ["# Python", "", "What `import bottega` offers; everything heavy loads at first use.", ""]
    lines += [f"::: bottega.{name}\n" for name in bottega.__all__ if not name.startswith("__")]
    lines += ["## Packages", ""]
    lines += [f"- [`bottega.{name}`]({name}.md): {title}" for name, title in PYTHON_PAGES.items()]
    return "\n".join(lines) + "\n"


def python_page(name: str) -> str:
    """One package: its own documentation, then that of each public name it exports."""
    package = importlib.import_module(f"bottega.{name}")
    exported = [public for public in getattr(package, "__all__", []) if not public.startswith("_")]
    lines = [f"# `bottega.{name}`: {PYTHON_PAGES[name]}", "", (package.__doc__ or "").strip(), ""]
    for public in exported:
        lines.append(f"::: {_home(package.__name__, public)}\n")
    if not exported:
        lines += [
            f"::: {package.__name__}.{module.name}\n" for module in pkgutil.iter_modules(package.__path__)
        ]
    return "\n".join(lines)


def _home(module: str, name: str) -> str:
    """The full name of an exported object where it is defined: mkdocstrings does not follow imports."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bottega"):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _home(node.module, alias.name)
    return f"{module}.{name}"


def _slug(name: str) -> str:
    return name.replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
