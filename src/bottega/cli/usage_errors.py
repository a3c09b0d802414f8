"""Usage errors of the command line as one sentence for the user, mostly in the words of cyclopts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args

import cyclopts

from bottega.suggestions import closest_match
from bottega.tools.registry import TOOLS

GLOBAL_OPTIONS = ("--help", "--version", "--json", "--quiet", "--debug")
TYPE_NAMES = {int: "a whole number", float: "a number"}


def usage_message(error: cyclopts.CycloptsError) -> str:
    """The sentence that the user reads."""
    command = " ".join(("bottega", *(error.command_chain or ())))
    help_hint = f'see "{command} --help"'
    text = _without_unrelated_suggestion(" ".join(str(error).split()))
    match error:
        case cyclopts.UnknownCommandError() if (error.unused_tokens or [""])[0].startswith("-"):
            option = (error.unused_tokens or [""])[0]
            suggestion = closest_match(option, GLOBAL_OPTIONS)
            hint = f". Did you mean {suggestion}?" if suggestion else f"; {help_hint}."
            return f"Unknown option: {option}{hint}"
        case cyclopts.UnknownOptionError() if "Did you mean" not in text:
            return f"{text.rstrip('.')}; {help_hint}."
        case cyclopts.MissingArgumentError(argument=argument) if argument and "Did you mean" not in text:
            return f"{text.rstrip('.')}: {_first_clause(argument.parameter.help or '')}."
        case cyclopts.CoercionError(argument=argument, token=token) if argument and token:
            name, kind = token.keyword or argument.name, _without_none(error.target_type)
            if kind is bool:
                return f'{name} is a switch without a value; leave "={token.value}" out.'
            if kind in TYPE_NAMES:
                limits = re.search(r" \([^()]*\)$", argument.parameter.help or "")
                expected = TYPE_NAMES[kind] + (limits[0] if limits else "")
                return f'{name} is "{token.value}"; it must be {expected}.'
        case cyclopts.UnusedCliTokensError():
            return _unexpected_argument(error, command)
    return text


def _without_unrelated_suggestion(text: str) -> str:
    """A message of cyclopts, without its suggestion where the names are not similar enough for us."""
    match = re.search(r' Did you mean "(?P<name>[^"]*)"\?', text)
    if match is None:
        return text
    typed = re.search(r'"([^"]*)"', text)
    if typed is not None and closest_match(typed[1], [match["name"]]) is not None:
        return text
    return text.replace(match[0], "")


def empty_argument(args: Sequence[str]) -> str | None:
    """A message about the first argument that is empty, mostly an unset variable of a shell; or None."""
    for index, arg in enumerate(args):
        if re.fullmatch(r"(--[\w-]+=)?", arg):
            before = arg.rstrip("=") or (args[index - 1] if index else "bottega")
            return f"{before} is followed by an empty argument; give it a value, or leave it out."
    return None


def _unexpected_argument(error: cyclopts.UnusedCliTokensError, command: str) -> str:
    arg = (error.unused_tokens or [""])[0]
    args = list(error.root_input_tokens or [])
    before = args[args.index(arg) - 1] if arg in args[1:] else ""
    tool = TOOLS.get(command.removeprefix("bottega "))
    fields = {} if tool is None else tool.settings.model_fields
    field = fields.get(before.removeprefix("--").replace("-", "_"))
    if field is not None and field.annotation is bool:
        return f'{before} is a switch without a value; leave "{arg}" out.'
    arguments = " and ".join(
        name.upper()
        for name, field in fields.items()
        if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("positional")
    )
    takes = f"one {arguments}; quote names with spaces" if arguments else "options only"
    return f'Unexpected argument "{arg}"; "{command}" takes {takes}.'


def _without_none(kind: Any) -> Any:
    """The type ``X`` of ``X | None``."""
    members = [member for member in get_args(kind) if member is not type(None)]
    return members[0] if type(None) in get_args(kind) and len(members) == 1 else kind


def _first_clause(text: str) -> str:
    """The text before the first semicolon, colon or full stop."""
    return re.split(r"[;:.]\s", text.rstrip("."))[0]
