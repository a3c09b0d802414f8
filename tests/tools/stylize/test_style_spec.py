"""The values of --style, --region, --protect and the weights of regions."""

from __future__ import annotations

from pathlib import Path

import pytest

from bottega.errors import PictureError, SettingsError
from bottega.tools.common.image_sources import BundledSource, FileSource
from bottega.tools.stylize.plan import parse_plan
from bottega.tools.stylize.style_spec import BACKGROUND, parse_region, parse_style


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("s.jpg", "m.png", "n.png", "a=b.jpg", "odd:0.4", "x:y.png", "a:2@3.png", "t:scale=2"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    ("word", "source", "weight", "region"),
    [
        ("s.jpg", "s.jpg", 1.0, BACKGROUND),
        ("s.jpg:0.4", "s.jpg", 0.4, BACKGROUND),
        ("s.jpg:2", "s.jpg", 2.0, BACKGROUND),
        ("subject=s.jpg", "s.jpg", 1.0, "subject"),
        ("subject=s.jpg:0.7", "s.jpg", 0.7, "subject"),
        ("a=b.jpg", "a=b.jpg", 1.0, BACKGROUND),
        ("a=b.jpg:0.5", "a=b.jpg", 0.5, BACKGROUND),
        ("subject=a=b.jpg:0.5", "a=b.jpg", 0.5, "subject"),
        ("odd:0.4", "odd:0.4", 1.0, BACKGROUND),
        ("odd:0.4:3", "odd:0.4", 3.0, BACKGROUND),
        ("x:y.png", "x:y.png", 1.0, BACKGROUND),
        ("a:2@3.png", "a:2@3.png", 1.0, BACKGROUND),
        ("subject=a:2@3.png:0.5", "a:2@3.png", 0.5, "subject"),
        ("t:scale=2", "t:scale=2", 1.0, BACKGROUND),
    ],
)
def test_styles_of_files(folder: Path, word: str, source: str, weight: float, region: str) -> None:
    choice = parse_style(word)
    assert choice.source == FileSource(Path(source))
    assert (choice.weight, choice.region, choice.scale) == (weight, region, 1.0)


@pytest.mark.parametrize(
    ("word", "name", "weight", "scale", "region"),
    [
        ("s.jpg:scale=1.5", "s.jpg", 1.0, 1.5, BACKGROUND),
        ("s.jpg:0.4:scale=1.5", "s.jpg", 0.4, 1.5, BACKGROUND),
        ("s.jpg:scale=1.5:0.4", "s.jpg", 0.4, 1.5, BACKGROUND),
        ("subject=s.jpg:0.7:scale=.5", "s.jpg", 0.7, 0.5, "subject"),
        ("a:2@3.png:scale=2", "a:2@3.png", 1.0, 2.0, BACKGROUND),
        ("t:scale=2:scale=3", "t:scale=2", 1.0, 3.0, BACKGROUND),
        ("woodcut@3:scale=2", "woodcut@3", 1.0, 2.0, BACKGROUND),
        ("sky=woodcut@3:0.5:scale=2", "woodcut@3", 0.5, 2.0, "sky"),
    ],
)
def test_styles_with_a_scale(
    folder: Path, word: str, name: str, weight: float, scale: float, region: str
) -> None:
    choice = parse_style(word)
    assert choice.source.name == name
    assert (choice.weight, choice.scale, choice.region) == (weight, scale, region)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("woodcut:abc", '^In "woodcut:abc", "abc" is not a weight'),
        ("sky=woodcut@2:abc", 'In "sky=woodcut@2:abc", "abc" is not a weight'),
        ("s.jpg:x:0.4", '"x" is not a weight'),
        ("s.jpg:", '"" is not a weight'),
        ("s.jpg:scale=big", '"big" is not a scale; .*s.jpg:scale=1.5'),
        ("s.jpg:scale=0", "scale of the style s.jpg is 0.0; use a number above 0 and up to 8"),
        ("s.jpg:scale=-1", "above 0"),
        ("s.jpg:scale=nan", "above 0"),
        ("s.jpg:scale=9", "up to 8"),
        ("s.jpg:0.4:0.5", "two numbers for its weight"),
        ("s.jpg:scale=1:0.4:scale=2", "two numbers for its scale"),
        ("s.jpg:1e7", "weight of the style s.jpg is 10000000.0; use a number from 0 to 1000000"),
    ],
)
def test_invalid_numbers(folder: Path, word: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        parse_style(word)


def test_messages_name_the_missing_file_without_options(folder: Path) -> None:
    with pytest.raises(PictureError, match=r"ss\.jpg does not exist\. Did you mean s\.jpg"):
        parse_style("ss.jpg:0.4:scale=2")
    with pytest.raises(SettingsError, match='Did you mean "woodcut"'):
        parse_style("sky=woodcat:scale=2")


def test_styles_of_bundled_styles(folder: Path) -> None:
    assert parse_style("woodcut").source == BundledSource("woodcut", 0)
    assert parse_style("woodcut@3").source == BundledSource("woodcut", 3)
    choice = parse_style("sky=ink-wash@12:0.25")
    assert (choice.source, choice.weight, choice.region) == (BundledSource("ink-wash", 12), 0.25, "sky")


def test_a_file_wins_over_a_bundled_style_of_the_same_name(folder: Path) -> None:
    (folder / "woodcut").write_bytes(b"")
    assert parse_style("woodcut").source == FileSource(Path("woodcut"))


def test_unknown_style_names_the_nearest(folder: Path) -> None:
    with pytest.raises(SettingsError, match='Did you mean "woodcut"') as caught:
        parse_style("woodcat")
    assert "mosaic" in str(caught.value)


def test_missing_file_names_the_nearest(folder: Path) -> None:
    with pytest.raises(PictureError, match=r"Did you mean s\.jpg"):
        parse_style("ss.jpg")
    with pytest.raises(PictureError, match="folder nowhere"):
        parse_style("nowhere/s.jpg")


@pytest.mark.parametrize("word", ["s.jpg:-1", "s.jpg:nan", "s.jpg:inf"])
def test_weights_must_be_finite_and_not_negative(folder: Path, word: str) -> None:
    with pytest.raises(SettingsError, match="weight"):
        parse_style(word)


def test_without_regions_everything_is_background(folder: Path) -> None:
    plan = parse_plan(["s.jpg"])
    assert [(region.name, region.mask, region.protect) for region in plan.regions] == [
        (BACKGROUND, None, False)
    ]


def test_regions_and_protect(folder: Path) -> None:
    plan = parse_plan(["subject=s.jpg", "woodcut"], ["subject=m.png"], ["n.png"])
    assert {region.name: region.protect for region in plan.regions} == {
        "subject": False,
        "protect-1": True,
        BACKGROUND: False,
    }
    assert plan.label == "s+woodcut"


def test_protect_a_named_region_and_the_background(folder: Path) -> None:
    plan = parse_plan(["a=s.jpg"], ["a=m.png", "b=n.png"], ["b", "background"])
    assert {region.name: region.protect for region in plan.regions} == {
        "a": False,
        "b": True,
        BACKGROUND: True,
    }


def test_regions_have_weights(folder: Path) -> None:
    words = {"style_weights": ["a=2", "background=0"], "content_weights": ["a=.5"]}
    plan = parse_plan(["a=s.jpg", "s.jpg"], ["a=m.png"], **words)
    assert [(r.name, r.style_weight, r.content_weight) for r in plan.regions] == [
        ("a", 2.0, 0.5),
        (BACKGROUND, 0.0, 1.0),
    ]


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (["sky=2"], 'no region "sky" to give a style weight; the regions are "a", "b", "background"'),
        (["b=2"], 'region "b" is protected'),
        (["a=-1"], 'style weight of the region "a" is -1.0; use a number from 0 to 1000000'),
        (["a=nan"], "use a number from 0"),
        (["a=1e7"], "use a number from 0"),
        (["a=hard"], '"hard" is not a weight'),
        (["a"], '"a" is not the style weight of a region; write name=number'),
        (["0.5"], "write name=number"),
        (["a=1", "a=2"], 'region "a" has two style weights'),
    ],
)
def test_invalid_region_weights(folder: Path, weights: list[str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        parse_plan(["a=s.jpg", "s.jpg"], ["a=m.png"], ["b=n.png"], style_weights=weights)
    with pytest.raises(SettingsError, match=sentence.replace("style weight", "content weight")):
        parse_plan(["a=s.jpg", "s.jpg"], ["a=m.png"], ["b=n.png"], content_weights=weights)


@pytest.mark.parametrize(
    ("styles", "regions", "leave", "sentence"),
    [
        (["sky=s.jpg", "s.jpg"], [], [], "has no mask"),
        (["s.jpg"], ["sky=m.png"], [], 'region "sky" has no style'),
        (["sky=s.jpg"], ["sky=m.png"], [], 'region "background" has no style'),
        (["sky=s.jpg", "s.jpg"], ["sky=m.png"], ["sky"], "protected"),
        (["s.jpg"], ["sky=m.png", "sky=n.png"], [], "one region name"),
        (["s.jpg"], [], ["sky"], "no region"),
        (["s.jpg:0"], [], [], "weight 0"),
        (["sky=s.jpg", "s.jpg"], ["m.png"], [], "not a region"),
        (["s.jpg"], ["background=m.png"], [], "needs no mask"),
        (["s.jpg", "sky=s.jpg"], ["sky=m.png"], ["sky=n.png"], "given twice"),
    ],
)
def test_styles_and_regions_that_do_not_match(
    folder: Path, styles: list[str], regions: list[str], leave: list[str], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        parse_plan(styles, regions, leave)


def test_a_folder_name_with_an_equals_sign_is_not_a_region(folder: Path) -> None:
    with pytest.raises(PictureError, match=r"some/a=s\.jpg does not exist"):
        parse_style("some/a=s.jpg")


def test_missing_mask(folder: Path) -> None:
    with pytest.raises(PictureError, match=r"mask\.png does not exist"):
        parse_region("sky=mask.png")
    with pytest.raises(PictureError, match=r"mask other\.png does not exist"):
        parse_plan(["s.jpg"], [], ["other.png"])
