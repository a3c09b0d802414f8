"""Suggestions for mistyped names: similar names match, others do not."""

from __future__ import annotations

import pytest

from bottega.styles import STYLES
from bottega.suggestions import closest_match


@pytest.mark.parametrize(("word", "name"), [
    ("impast", "impasto"), ("watercolor", "watercolour"), ("Woodcut", "woodcut"), ("WOODCUT", "woodcut"),
    ("stainedglass", "stained-glass"), ("stained glass", "stained-glass"), ("Stained_Glass", "stained-glass"),
    ("glass", "stained-glass"), ("ink", "ink-wash"), ("wood", "woodcut"), ("riso", "risograph"),
    ("ukiyoe", "ukiyo-e"), ("cubism", "cubist"), ("pointilism", "pointillism"), ("batic", "batik"),
    ("mosaik", "mosaic"), ("engrave", "engraving"), ("cutout", "cut-out"), ("charcol", "charcoal"),
])  # fmt: skip
def test_likely_typing_errors(word: str, name: str) -> None:
    assert closest_match(word, STYLES) == name


@pytest.mark.parametrize(
    "word",
    ["xyzzy", "oil", "photo", "paint", "paper", "hokusai", "picasso", "style", "e", "", "---", "portrait"],
)
def test_unrelated_words_have_no_match(word: str) -> None:
    assert closest_match(word, STYLES) is None


def test_one_letter_wrong_missing_or_doubled() -> None:
    for name in STYLES:
        for place in range(len(name)):
            for typed in (name[:place] + name[place + 1 :], name[: place + 1] + name[place:]):
                assert closest_match(typed, STYLES) == name, typed


def test_part_of_several_names_has_no_match() -> None:
    assert closest_match("color", ["--keep-color", "--color-method"]) is None
    assert closest_match("--method", ["--keep-color", "--color-method"]) == "--color-method"
    assert closest_match("vgg", ["vgg16", "vgg19"]) is None
