"""Griffe extension: docstrings as Markdown. Doctests become code blocks, references of Sphinx plain code."""

from __future__ import annotations

import re
from typing import Any

import griffe

ROLE = re.compile(r":\w+:`~?\.*([^`]+)`")
DOCTEST = re.compile(r"^( *)>>> .*(?:\n\1\S.*)*", re.MULTILINE)


def to_markdown(text: str) -> str:
    """The docstring with doctests in fences and without roles."""
    text = ROLE.sub(r"`\1`", text)
    return DOCTEST.sub(lambda match: f"{match[1]}```python\n{match[0]}\n{match[1]}```", text)


class MarkdownDocstrings(griffe.Extension):
    """Converts the docstring of every object that is collected."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = to_markdown(obj.docstring.value)
