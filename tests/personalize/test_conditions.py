"""Conditions: typed, printable, mixable, kept in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bottega.errors import OutputError, SettingsError
from bottega.personalize import ATTRIBUTES, NUMBERS, Condition, Direction, StyleEmbedding, Swatch, mixed
from bottega.personalize.swatch import palette_of

FULL = Condition(
    palette="#203040:3,#e0c080:1",
    lightness=0.4,
    contrast=0.3,
    saturation=0.2,
    warmth=-0.3,
    subject=(0.3, 0.6),
    subject_size=0.5,
    horizon=0.7,
    symmetry=0.6,
    thirds=0.3,
    empty_space=0.2,
    stroke_size=0.5,
    stroke_direction=Direction(degrees=150, strength=0.4),
    roughness=0.3,
    abstraction=0.2,
)


def test_the_vector_has_every_attribute_once() -> None:
    parts = [attribute.part for attribute in ATTRIBUTES.values()]
    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert parts[-1].stop == NUMBERS
    assert set(ATTRIBUTES) <= set(Condition.model_fields)


def test_a_condition_survives_its_vector() -> None:
    values, mask = FULL.vector()
    assert values.shape == mask.shape == (NUMBERS,)
    assert mask.all()
    again, _ = Condition.of_vector(values).vector()
    torch.testing.assert_close(again, values, atol=1e-6, rtol=0)


def test_what_is_not_asked_is_masked() -> None:
    condition = Condition(lightness=0.0, subject=(0.5, 0.5))
    values, mask = condition.vector()
    assert int(mask.sum()) == 3
    assert mask[ATTRIBUTES["lightness"].part].all()
    assert condition.asked == ("lightness", "subject")
    assert Condition.of_vector(values, condition.asked) == condition


def test_hex_colours_are_read_and_written() -> None:
    palette = palette_of("#203040:3,e0c080")
    assert [swatch.hex for swatch in palette] == ["#203040", "#e0c080"]
    assert [swatch.share for swatch in palette] == [0.75, 0.25]
    # Ottosson's page: OKLab of pure red.
    red = palette_of("#ff0000")[0]
    assert red.color == pytest.approx((0.62796, 0.22486, 0.12585), abs=1e-4)


@pytest.mark.parametrize(
    "words", ["", "#20304", "#203040:0", "#203040:-1", "blue", ",".join(["#000000"] * 7)]
)
def test_a_palette_that_is_none_is_refused(words: str) -> None:
    with pytest.raises(SettingsError):
        palette_of(words)
    with pytest.raises(ValidationError):
        Condition.model_validate({"palette": words})


@pytest.mark.parametrize(
    "wrong", [{"lightness": 1.2}, {"warmth": -2}, {"subject": (0.5,)}, {"mood": 1}, {"styles": {"a": 0}}]
)
def test_values_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate(wrong)


def test_only_and_updated() -> None:
    assert FULL.only("warmth", "horizon").asked == ("warmth", "horizon")
    assert FULL.updated(Condition(warmth=0.1)).warmth == 0.1
    assert FULL.updated(Condition(warmth=0.1)).horizon == FULL.horizon
    with pytest.raises(SettingsError, match="mood"):
        FULL.only("mood")


def test_conditions_mix_by_weight() -> None:
    both = mixed([Condition(lightness=0.2, warmth=0.4), Condition(lightness=0.8)], [3, 1])
    assert both.lightness == pytest.approx(0.35)
    assert both.warmth == pytest.approx(0.4)
    assert both.contrast is None


def test_directions_mix_as_axes() -> None:
    low, high = (Condition(stroke_direction=Direction(degrees=d)) for d in (10, 170))
    found = mixed([low, high]).stroke_direction
    assert found is not None
    assert min(found.degrees, 180 - found.degrees) == pytest.approx(0, abs=1e-3)


def test_palettes_mix_and_keep_six() -> None:
    one = Condition(palette="#000000,#ff0000,#00ff00,#0000ff")
    other = Condition(palette="#ffffff,#fe0000,#01ff00,#ffff00")
    found = mixed([one, other]).palette
    assert found is not None
    assert len(found) == 6
    assert sum(swatch.share for swatch in found) == pytest.approx(1)
    assert found[0].share == pytest.approx(0.25)  # the reds, or the greens, which lie nearest, were merged
    lab = torch.tensor([[*s.color, s.share] for s in found])
    both = [*palette_of("#000000,#ff0000,#00ff00,#0000ff"), *palette_of("#ffffff,#fe0000,#01ff00,#ffff00")]
    mean = sum(torch.tensor(s.color) for s in both) / 8
    torch.testing.assert_close((lab[:, :3] * lab[:, 3:]).sum(0), mean, atol=1e-6, rtol=0)


def test_styles_mix_as_shares_and_embeddings_as_distributions() -> None:
    one = Condition(styles={"woodcut": 2}, embedding=_embedding(0.0, 1.0))
    other = Condition(styles={"woodcut": 1, "pastel": 1}, embedding=_embedding(2.0, 1.0))
    both = mixed([one, other])
    assert both.styles == pytest.approx({"woodcut": 0.75, "pastel": 0.25})
    assert both.embedding is not None
    assert both.embedding.means == (1.0,)
    assert both.embedding.deviations == pytest.approx((2**0.5,))  # 1 within, 1 between
    with pytest.raises(SettingsError, match="different networks"):
        mixed([one, Condition(embedding=_embedding(0, 1, "other"))])


@pytest.mark.parametrize("weights", [[1.0], [-1, 2], [0, 0]])
def test_weights_that_are_no_shares_are_refused(weights: list[float]) -> None:
    with pytest.raises(SettingsError):
        mixed([FULL, FULL], weights)


def test_profiles_are_kept_whole(tmp_path: Path) -> None:
    condition = FULL.updated(Condition(styles={"woodcut": 1}, embedding=_embedding(0.5, 2)))
    path = condition.save(tmp_path / "mine.json")
    assert Condition.load(path) == condition
    assert json.loads(path.read_text())["bottega condition"] == 1
    with pytest.raises(OutputError):
        condition.save(tmp_path / "mine.txt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "no profile"),
        ("[]", "no profile"),
        ('{"lightness": 1}', "no profile"),
        ('{"bottega condition": 9}', "version 9"),
        ('{"bottega condition": 1, "lightness": 7}', "lightness"),
    ],
)
def test_what_is_no_profile_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message):
        Condition.load(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        Condition.load(tmp_path / "none.json")


def test_it_can_be_printed() -> None:
    said = FULL.said()
    assert said["palette"] == "#203040:0.75 #e0c080:0.25"
    assert said["stroke_direction"] == "150° (0.40)"
    assert "horizon: 0.70" in str(FULL)
    assert str(Condition()) == "nothing asked for"


@given(st.lists(st.floats(-1, 2), min_size=NUMBERS, max_size=NUMBERS))
@settings(max_examples=25, deadline=None)
def test_any_numbers_become_a_condition(numbers: list[float]) -> None:
    values = torch.tensor(numbers)
    values[3] = values[3].abs() + 0.01  # a palette has at least one colour
    condition = Condition.of_vector(values)
    assert condition.asked == tuple(ATTRIBUTES)


def _embedding(mean: float, deviation: float, network: str = "micro") -> StyleEmbedding:
    return StyleEmbedding(network=network, colors=(0.5,) * 12, means=(mean,), deviations=(deviation,))


def test_swatches_know_their_share() -> None:
    with pytest.raises(ValidationError):
        Swatch(lightness=0.5, a=0, b=0, share=0)
