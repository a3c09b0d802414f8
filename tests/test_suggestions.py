"""What a mistyped name was meant to be: near names are found, far-fetched ones are not."""

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
def test_what_people_type(word: str, name: str) -> None:
    assert closest_match(word, STYLES) == name


@pytest.mark.parametrize(
    "word",
    ["xyzzy", "oil", "photo", "paint", "paper", "hokusai", "picasso", "style", "e", "", "---", "portrait"],
)
def test_what_is_no_style_gets_no_false_hint(word: str) -> None:
    assert closest_match(word, STYLES) is None


def test_every_name_with_one_letter_wrong_missing_or_doubled() -> None:
    for name in STYLES:
        for place in range(len(name)):
            for typed in (name[:place] + name[place + 1 :], name[: place + 1] + name[place:]):
                assert closest_match(typed, STYLES) == name, typed


def test_a_part_of_several_names_means_none_of_them() -> None:
    assert closest_match("color", ["--keep-color", "--color-method"]) is None
    assert closest_match("--method", ["--keep-color", "--color-method"]) == "--color-method"
    assert closest_match("vgg", ["vgg16", "vgg19"]) is None
