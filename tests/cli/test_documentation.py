"""The page about the command line is complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from bottega import errors
from bottega.cli.main import BROKEN_PIPE_CODE
from bottega.environment import PREFIX, Environment
from bottega.tools.registry import TOOLS

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")

ERRORS = [
    error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, errors.BottegaError) and error is not errors.BottegaError
]


@pytest.mark.parametrize(
    "code", [0, errors.INTERNAL_ERROR_CODE, BROKEN_PIPE_CODE, *(e.exit_code for e in ERRORS)]
)
def test_every_exit_code_is_explained(code: int) -> None:
    assert f"\n| {code} | " in PAGE


def test_exit_codes_are_distinct() -> None:
    codes = [error.exit_code for error in ERRORS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("name", list(Environment.model_fields))
def test_every_variable_is_explained(name: str) -> None:
    assert f"| `{PREFIX}{name.upper()}` |" in PAGE


@pytest.mark.parametrize("name", list(TOOLS))
def test_every_command_is_named(name: str) -> None:
    assert f"bottega {name}" in PAGE or f"`{name.split()[-1]}`" in PAGE
