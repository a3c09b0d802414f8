"""mkdocs hook: makes the reference pages from the code, so that they cannot differ from it.

``reference/command-line.md`` comes from the settings of the tools, ``reference/python/*.md`` from docstrings,
``reference/models/*.md`` from the model cards. Results of benchmarks and the files of :data:`ROOT_PAGES`
become pages too, and links to them are those of the repository: they work on both sides.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pydantic.fields import FieldInfo

import bottega
from bottega import errors, weights
from bottega.cli.run import BROKEN_PIPE_CODE
from bottega.environment import PREFIX, Environment
from bottega.tools.common.tool import Tool, value_range
from bottega.tools.registry import TOOLS

ROOT = Path(__file__).parents[1]
CARDS = "src/bottega/weights/cards"
ROOT_PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
RESULT_FOLDERS = (*sorted((ROOT / "benchmarks").glob("*/results")), ROOT / "recipes" / "paper" / "results")
RESULT_SUFFIXES = {".md", ".png", ".jpg", ".svg"}
LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)((?:#[^)\s]*)?\))")

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
    "generation": "Generators",
    "personalize": "Conditions, adjustment, preferences",
    "evaluation": "Metrics, reports, ratings",
    "tools": "Tools",
}
"""Packages that get a page, with its title, from the lowest layer to the highest."""

SECTIONS = {
    "losses": ["adversarial"],
    "transfer": [
        "feedforward",
        "texture.patches",
        "texture.synthesis",
        "optimize.settings",
        "optimize.runner",
        "regions",
        "color_transfer",
        "video",
        "training.settings",
        "training.tasks",
        "training.fit",
    ],
    "generation": ["training"],
    "personalize": ["preference", "preference.item_reader"],
    "evaluation": ["report", "ratings"],
    "tools": [
        "registry",
        "common.tool",
        "common.progress",
        "common.image_result",
        "common.recipe",
        "stylize.settings",
        "stylize.api",
        "stylize.methods.registry",
        "stylize.methods.base",
        "stylize.video.frame_stream",
        "generate.settings",
        "adjust.settings",
        "train.settings",
        "choose.settings",
        "evaluate.settings",
        "workflow.settings",
        "remake.settings",
    ],
}
"""Modules and packages inside a package that its page shows as well."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    pages = {
        "reference/command-line.md": command_line_page(),
        "reference/python/index.md": python_index(),
        "reference/models/index.md": models_index(),
    }
    pages |= {f"reference/python/{name}.md": python_page(name) for name in PYTHON_PAGES}
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    for source, path in _pages_from_repository().items():
        files.append(File.generated(config, path, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files of the repository that are pages of the site into links inside the site."""
    targets = _pages_from_repository()
    path = page.file.src_uri
    sources = {site: source for source, site in targets.items()}
    folder = posixpath.dirname(sources.get(path, f"docs/{path}"))

    def relink(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, match[2]))
        site_path = targets.get(target)
        if site_path is None and path in sources and target.startswith("docs/"):
            site_path = target.removeprefix("docs/")
        if site_path is None:
            return match[0]
        return match[1] + posixpath.relpath(site_path, posixpath.dirname(path)) + match[3]

    return LINK.sub(relink, markdown)


def _pages_from_repository() -> dict[str, str]:
    """Files outside of ``docs`` that become pages or pictures: path in the repository to path in the site."""
    pages = dict(ROOT_PAGES)
    for entry in weights.entries():
        if (ROOT / CARDS / f"{entry.name}.md").is_file():
            pages[f"{CARDS}/{entry.name}.md"] = f"reference/models/{entry.name}.md"
    for folder in RESULT_FOLDERS:
        for path in sorted(folder.iterdir()):
            if path.suffix in RESULT_SUFFIXES:
                source = path.relative_to(ROOT).as_posix()
                pages[source] = f"experiments/results/{folder.parent.name}/{path.name}"
    return {source: path for source, path in pages.items() if (ROOT / source).is_file()}


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
            option_name = str(extra.get("name") or name).replace("_", "-")
            option = f"`--{option_name}`" + (f", `{extra['short']}`" if extra.get("short") else "")
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
    details = [text for text in (unit, value_range(field), choices) if text]
    return f"{field.description}" + (f" ({', '.join(details)})" if details else "")


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
    names = [name for name in bottega.__all__ if not name.startswith("__")]
    lines += [*_name_table("bottega", names), "", "| package | contents |", "| --- | --- |"]
    lines += [f"| [`bottega.{name}`]({name}.md) | {title} |" for name, title in PYTHON_PAGES.items()]
    lines += ["", *(f"::: {_home('bottega', name)}\n" for name in names)]
    return "\n".join(lines) + "\n"


def python_page(name: str) -> str:
    """One package: its own documentation, then that of its public names and of its :data:`SECTIONS`."""
    package = f"bottega.{name}"
    exported, sections = _exported(package), SECTIONS.get(name, [])
    lines = [f"# `{package}`: {PYTHON_PAGES[name]}", "", *_documentation(package), ""]
    lines += _name_table(package, exported) if exported else []
    lines += ["", *(f"::: {_home(package, public)}\n" for public in exported)]
    for section in sections:
        module = f"{package}.{section}"
        names = _exported(module)
        lines += [f"## `{module}` {{: #{module} }}", ""]
        if names:
            lines += [*_documentation(module), "", *_name_table(module, names), ""]
            lines += [f"::: {_home(module, public)}\n" for public in names]
        else:
            options = "options:\n      show_root_heading: false\n      show_root_toc_entry: false"
            lines += [f"::: {module}\n    {options}\n"]
    return "\n".join(lines)


def models_index() -> str:
    """The packaged networks, each with a link to its card."""
    lines = ["# Packaged networks", "", "`bottega models show NAME` prints the same cards.", ""]
    lines += ["| name | what | kind | parameters | license |", "| --- | --- | --- | ---: | --- |"]
    lines += [
        f"| [`{entry.name}`]({entry.name}.md) | {_cell(entry.summary)} | {entry.kind} "
        f"| {entry.parameters:,} | {entry.license} |"
        for entry in weights.entries()
        if (ROOT / CARDS / f"{entry.name}.md").is_file()
    ]
    return "\n".join(lines) + "\n"


def _exported(module: str) -> list[str]:
    names = getattr(importlib.import_module(module), "__all__", [])
    return [name for name in names if not name.startswith("_")]


def _documentation(module: str) -> list[str]:
    """The docstring of a module as Markdown: examples become blocks, references plain names."""
    text = inspect.cleandoc(importlib.import_module(module).__doc__ or "")
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        f"```python\n{paragraph}\n```" if paragraph.startswith(">>>") else paragraph
        for paragraph in paragraphs
    ).splitlines()


def _name_table(module: str, names: list[str]) -> list[str]:
    """Public names with the first lines of their docstrings."""
    lines = ["| name | what it is |", "| --- | --- |"]
    for name in sorted(names, key=str.lower):
        value = getattr(importlib.import_module(module), name)
        is_documented = inspect.isclass(value) or inspect.isroutine(value)
        text = (inspect.getdoc(value) or "") if is_documented else "constant"
        first = text.split("\n\n")[0].replace("``", "`")
        first = re.sub(r":\w+:`~?[\w.]*?(\w+)`", r"`\1`", first)
        lines.append(f"| [`{name}`](#{_home(module, name)}) | {_cell(first)} |")
    return lines


def _home(module: str, name: str) -> str:
    """The full name of an exported object where it is defined: mkdocstrings does not follow imports."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    for node in ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bottega"):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _home(node.module, alias.name)
    return f"{module}.{name}"


def _slug(name: str) -> str:
    return name.replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
