"""Names and words that the project does without: standard terms and plain English take their place."""

from __future__ import annotations

import keyword
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted(
    path
    for folder in ("src", "tests", "recipes", "benchmarks", "docs")
    for path in (ROOT / folder).rglob("*.py")
)
PROSE = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "src").rglob("*.md")),
]
THIS = Path(__file__)

PARTICIPLES = """
    asked drawn dressed found gathered given judged kept known made painted remembered said seen settled
    shown steadied told unpicked wanted wished
"""
"""A value is named by what it is (``moments``, ``entry``, ``rows``), not by what happened to it."""

PRIVATE = """
    Alarms Behind Belief Drafts Extras Favour Finding FittedNet FollowedStatistics Game GoalMaker
    Instruments Interruption Loop Manner Marks Material MicroPainter NotYet OnePass Outcome OwnStatisticsNet
    Painter Piece Quiet Raw Ready Recalled SteadyOutput Steering Swatch Taste Teller Timed Twins Updates
    Wishes adopt alarms alike arena belief contestant contestants contests described desk drawing_lost
    dressing entrant entrants facts favour fewest fingerprint game goal_of goals honours lay lay_magnified
    laying ledger less_marks looks loudness magnified manner manners marks marks_of memory_room mend
    mixed_marks mixing_shares movers nearness one_pass ours painter racer racers refuse_foreign renormalise
    repaletted shelf shelve spare_memory standing swatch take_best take_over taste teller theirs
    tune_allocator twins unnatural visitor wish wishes words_of
"""
"""Names of our own for what has a standard name; the field's own names are in the packages."""

QUIPS = re.compile(
    r"^(MOST|LEAST|FEWEST|LARGEST|SMALLEST|BUSY|HOPELESS|SELDOM|STAY|STEADIEST|OPENING|ROOM|WHOLE)(_|$)"
)
"""Constants say what they measure, with MAX_ or MIN_ in front where that is what they are."""

BRITISH = re.compile(
    r"colour|grey|normalis|initialis|optimis|centre|favour|neighbour|personalis|summaris|recognis"
)
"""Identifiers are spelled the American way."""

WORDS = re.compile(
    r"\b(visitors?|shel(f|ves)|mend(s|ed|ing)?|bend(s|ing)?|bent|dress(es|ed)?|wish(es|ed)?|manners?|twins?|quips?"
    r"|(?-i:(is|are|was|there is|there are) none)\b(?! of)|nearness|loudness|unpicked)\b",
    re.IGNORECASE,
)
"""Words of prose, messages and docstrings."""

NAMES = frozenset((PARTICIPLES + PRIVATE).split())

LIBRARIES = {"given": "hypothesis", "marks": "pytest", "Figure": "matplotlib"}
"""Names of libraries: they are allowed in files that import these."""


def tokens(path: Path) -> Iterator[tokenize.TokenInfo]:
    with path.open("rb") as file:
        yield from tokenize.tokenize(file.readline)


def banned_names(path: Path) -> list[str]:
    """``line: name`` of every identifier in a file that is on a list above."""
    result = []
    imported = path.read_text(encoding="utf-8")
    allowed = {
        name for name, library in LIBRARIES.items() if re.search(rf"(import|from) {library}\b", imported)
    }
    for token in tokens(path):
        name = token.string
        if token.type != tokenize.NAME or keyword.iskeyword(name) or name in allowed:
            continue
        if name in NAMES or QUIPS.match(name.lstrip("_")) or BRITISH.search(name.lower()):
            result.append(f"{token.start[0]}: {name}")
    return result


def banned_words(path: Path) -> list[str]:
    """``line: word`` of every word on the list, in prose or in the strings and comments of code."""
    if path.suffix == ".md":
        lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        return [f"{number}: {match[0]}" for number, line in lines for match in WORDS.finditer(line)]
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    return [
        f"{token.start[0]}: {match[0]}"
        for token in tokens(path)
        if token.type in kinds
        for match in WORDS.finditer(token.string)
    ]


def test_code() -> None:
    leftovers = {
        str(path.relative_to(ROOT)): banned_names(path) + banned_words(path) for path in CODE if path != THIS
    }
    assert {path: words for path, words in leftovers.items() if words} == {}


def test_prose() -> None:
    leftovers = {str(path.relative_to(ROOT)): banned_words(path) for path in PROSE}
    assert {path: words for path, words in leftovers.items() if words} == {}


@pytest.mark.parametrize(
    "line", ["found = 1", "MOST_PIXELS = 2", "colour = 3", '"the visitor"', "# there is none"]
)
def test_the_lists_are_searched(line: str, tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_text(line)
    assert banned_names(path) + banned_words(path) != []


def test_plain_code_passes(tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_text('entry = find(rows)  # the file was not found\nMAX_PIXELS = 1\nx = "none of them"\n')
    assert banned_names(path) + banned_words(path) == []
