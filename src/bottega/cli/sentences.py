"""What was typed wrongly, in one clear sentence; the library that reads the words speaks to programmers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import cyclopts

from bottega.suggestions import nearest
from bottega.tools.common.tool import Tool
from bottega.tools.registry import TOOLS

KINDS = {int: "a whole number", float: "a number"}


def sentence(error: cyclopts.CycloptsError) -> str:
    """The error as the visitor is told about it."""
    chain = tuple(error.command_chain or ())
    match error:
        case cyclopts.UnknownCommandError():
            return _unknown_command(chain, error)
        case cyclopts.UnknownOptionError():
            names = [name for argument in error.argument_collection for name in argument.names]
            return _unknown_option(chain, error.token.keyword or error.token.value, names)
        case cyclopts.MissingArgumentError():
            return _missing(chain, error)
        case cyclopts.CoercionError():
            return _wrong_value(error)
        case cyclopts.RepeatArgumentError():
            return f"{error.token.keyword} is given twice; give it once."
        case cyclopts.UnusedCliTokensError():
            return _one_too_many(chain, error)
    return f'{str(error).strip()} "{_typed(chain)} --help" shows what there is.'


def empty_word(words: Sequence[str]) -> str | None:
    """A sentence about the first word that holds nothing, mostly an unset variable of a shell; or None."""
    for number, word in enumerate(words):
        if re.fullmatch(r"(--[\w-]+=)?", word):
            before = word.rstrip("=") or (words[number - 1] if number else "bottega")
            return f"{before} is followed by an empty word; give it a value, or leave it away."
    return None


def _typed(chain: Sequence[str]) -> str:
    return " ".join(("bottega", *chain))


def _unknown_command(chain: Sequence[str], error: cyclopts.CycloptsError) -> str:
    word = (error.unused_tokens or [""])[0]
    below = " ".join((*chain, ""))
    known = list(
        dict.fromkeys(name.removeprefix(below).split()[0] for name in TOOLS if name.startswith(below))
    )
    if word.startswith("-"):
        return _unknown_option(chain, word, ["--help", "--version", "--json", "--quiet", "--debug"])
    meant = nearest(word, known)
    hint = f'. Did you mean "{below}{meant}"?' if meant else f"; there are {_all(known, 'and')}."
    return f'There is no command "{below}{word}"{hint}'


def _unknown_option(chain: Sequence[str], word: str, known: Iterable[str]) -> str:
    # Of several letters behind one dash, only the first is known to be wrong.
    option = word.partition("=")[0] if word.startswith("--") else word[:2]
    meant = nearest(option, [name for name in known if name.startswith("--")]) if len(option) > 2 else None
    hint = f". Did you mean {meant}?" if meant else f'; "{_typed(chain)} --help" lists them.'
    return f'"{_typed(chain)}" has no option {option}{hint}'


def _missing(chain: Sequence[str], error: cyclopts.MissingArgumentError) -> str:
    argument = error.argument
    if argument is None:
        return f'Something is missing after "{_typed(chain)}"; add --help to see what it takes.'
    about = _first_clause(argument.parameter.help or "")
    if error.keyword:
        return f"{error.keyword} needs a value after it: {about}."
    for word in error.unused_tokens or []:
        if word.startswith("--") and nearest(word.partition("=")[0], argument.names):
            return _unknown_option(chain, word, argument.names)
    return f'"{_typed(chain)}" needs {argument.name}: {about}.'


def _wrong_value(error: cyclopts.CoercionError) -> str:
    token, argument = error.token, error.argument
    if token is None or argument is None:
        return str(error)
    name = token.keyword or argument.name
    kind = _plain(error.target_type)
    if kind is bool:
        return f'{name} is a switch and takes no value; leave "={token.value}" away.'
    if get_origin(kind) is Literal:
        choices = [str(choice) for choice in get_args(kind)]
        meant = nearest(token.value, choices)
        hint = f" Did you mean {meant}?" if meant else ""
        return f'{name} is "{token.value}"; choose {_all(choices, "or")}.{hint}'
    limits = re.search(r" \([^()]*\)$", argument.parameter.help or "")
    expected = KINDS.get(kind, "another value") + (limits[0] if limits else "")
    return f'{name} is "{token.value}"; it takes {expected}.'


def _one_too_many(chain: Sequence[str], error: cyclopts.CycloptsError) -> str:
    word = (error.unused_tokens or [""])[0]
    words = list(error.root_input_tokens or [])
    before = words[words.index(word) - 1] if word in words[1:] else ""
    tool = TOOLS.get(" ".join(chain))
    if tool is not None and before in _switches(tool):
        return f'{before} is a switch and takes no value; leave "{word}" away.'
    takes = _takes(tool) if tool is not None else "no further words"
    return f'"{word}" is one word too many; "{_typed(chain)}" takes {takes}.'


def _switches(tool: Tool) -> list[str]:
    fields = tool.settings.model_fields
    return ["--" + name.replace("_", "-") for name, field in fields.items() if field.annotation is bool]


def _takes(tool: Tool) -> str:
    """The words without an option that a tool understands."""
    fields = tool.settings.model_fields.items()
    words = [
        f"one {name.upper()}, {_first_clause(field.description or '')} (a name with spaces stands in quotes)"
        for name, field in fields
        if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("positional")
    ]
    return " and ".join(words) or "no words but its options"


def _plain(kind: Any) -> Any:
    """The type itself where it may also be none."""
    members = [member for member in get_args(kind) if member is not NoneType]
    return members[0] if NoneType in get_args(kind) and len(members) == 1 else kind


def _first_clause(text: str) -> str:
    """What stands before the first semicolon, colon or full stop."""
    return re.split(r"[;:.]\s", text.rstrip("."))[0]


def _all(names: Sequence[str], word: str) -> str:
    """``a, b and c``"""
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
