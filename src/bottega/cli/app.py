"""The tree of commands, derived from the tools; no option is written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cyclopts import App, Group

from bottega import errors
from bottega.cli.command import build_command
from bottega.tools.common.tool import Tool
from bottega.tools.registry import TOOLS
from bottega.version import __version__

HELP = """An open workshop for AI-assisted digital art.

bottega stylize photo.jpg --style painting.jpg"""

GROUPS = {
    "choose": "Learn what you like from what you pick, and propose more of it.",
    "train": "Train networks of your own: one style, several, one more.",
    "models": "Weights of networks: list, download, check, import.",
}


def build_app(run_tool: Callable[[Tool, dict[str, Any]], None], only: Tool | None = None) -> App:
    """The command line, or the part of it with one tool.

    Args:
        run_tool: gets the tool that was called and the values that were given.
    """
    app = App(
        name="bottega",
        help=HELP,
        version=__version__,
        help_epilogue=exit_codes(),
        help_format="plaintext",
        suppress_keyboard_interrupt=False,  # cyclopts would end the process without a word
    )
    app.meta.group_parameters = Group("Everywhere", sort_key=100)
    for name, summary in GROUPS.items():
        app.command(App(name=name, help=summary, help_epilogue=""))
    for tool in TOOLS.values() if only is None else [only]:
        *group, name = tool.name.split()
        parent = app[group[0]] if group else app
        parent.command(build_command(tool, run_tool), name=name, help=_help(tool), help_epilogue="")
    return app


def _help(tool: Tool) -> str:
    """The summary of a tool, then its examples."""
    examples = "\n".join(f"bottega {example}" for example in tool.examples)
    return f"{tool.summary}\n\n{examples}" if examples else tool.summary


def exit_codes() -> str:
    """One line per exit code, read from the error classes."""
    descriptions = {0: "Done.", errors.INTERNAL_ERROR_CODE: "A bug of ours; run again with --debug."}
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    for error in classes:
        if issubclass(error, errors.BottegaError) and error is not errors.BottegaError:
            descriptions[error.exit_code] = (error.__doc__ or "").strip().splitlines()[0]
    return "\n".join(["Exit codes", *(f"{code:>3}  {text}" for code, text in sorted(descriptions.items()))])
