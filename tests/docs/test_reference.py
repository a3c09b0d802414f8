"""The generated page about the command line is complete."""

from __future__ import annotations

import pytest

pytest.importorskip("mkdocs", reason="the docs extra is not installed")

from bottega import errors
from bottega.cli.run import BROKEN_PIPE_CODE
from bottega.environment import PREFIX, Environment
from bottega.tools.registry import TOOLS
from docs.generate_reference import command_line_page

ERRORS = [
    error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, errors.BottegaError) and error is not errors.BottegaError
]


@pytest.fixture(scope="module")
def page() -> str:
    return command_line_page()


@pytest.mark.parametrize(
    "code", [0, errors.INTERNAL_ERROR_CODE, BROKEN_PIPE_CODE, *(error.exit_code for error in ERRORS)]
)
def test_every_exit_code_is_explained(page: str, code: int) -> None:
    assert f"\n| {code} | " in page


def test_exit_codes_are_distinct() -> None:
    codes = [error.exit_code for error in ERRORS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("name", list(Environment.model_fields))
def test_every_variable_is_explained(page: str, name: str) -> None:
    assert f"| `{PREFIX}{name.upper()}` |" in page


@pytest.mark.parametrize("tool", list(TOOLS.values()), ids=list(TOOLS))
def test_every_option_is_listed(page: str, tool) -> None:
    section = page.split(f"\n## bottega {tool.name}\n")[1].split("\n## ")[0]
    for name, field in tool.settings.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        option = (
            name.upper()
            if extra.get("positional")
            else f"--{str(extra.get('name') or name).replace('_', '-')}"
        )
        assert f"| `{option}`" in section
        assert (field.description or "").replace("|", "\\|").replace("\n", " ") in section
