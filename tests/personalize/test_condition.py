"""Conditions: typed, printable, mixable, stored in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bottega.errors import OutputError, SettingsError
from bottega.layers.palette import parse_palette
from bottega.personalize import (
    ATTRIBUTES,
    VECTOR_SIZE,
    Condition,
    StrokeDirection,
    StyleEmbedding,
    mix_conditions,
)

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
    stroke_direction=StrokeDirection(degrees=150, strength=0.4),
    roughness=0.3,
    abstraction=0.2,
)


def test_the_vector_has_every_attribute_once() -> None:
    parts = [attribute.columns for attribute in ATTRIBUTES.values()]
    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert parts[-1].stop == VECTOR_SIZE
    assert set(ATTRIBUTES) <= set(Condition.model_fields)


def test_a_vector_holds_a_condition() -> None:
    values, mask = FULL.to_vector()
    assert values.shape == mask.shape == (VECTOR_SIZE,)
    assert mask.all()
    again, _ = Condition.from_vector(values).to_vector()
    torch.testing.assert_close(again, values, atol=1e-6, rtol=0)


def test_open_attributes_are_masked() -> None:
    condition = Condition(lightness=0.0, subject=(0.5, 0.5))
    values, mask = condition.to_vector()
    assert int(mask.sum()) == 3
    assert mask[ATTRIBUTES["lightness"].columns].all()
    assert condition.attribute_names == ("lightness", "subject")
    assert Condition.from_vector(values, condition.attribute_names) == condition


@pytest.mark.parametrize("text", ["", "#20304", "#203040:0", "#203040:-1", "bleu", ",".join(["#000000"] * 7)])
def test_an_invalid_palette_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate({"palette": text})


@pytest.mark.parametrize(
    "wrong", [{"lightness": 1.2}, {"warmth": -2}, {"subject": (0.5,)}, {"mood": 1}, {"styles": {"a": 0}}]
)
def test_values_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate(wrong)


def test_select_and_merge() -> None:
    assert FULL.select("warmth", "horizon").attribute_names == ("warmth", "horizon")
    assert FULL.merge(Condition(warmth=0.1)).warmth == 0.1
    assert FULL.merge(Condition(warmth=0.1)).horizon == FULL.horizon
    with pytest.raises(SettingsError, match="mood"):
        FULL.select("mood")


def test_conditions_mix_by_weight() -> None:
    both = mix_conditions([Condition(lightness=0.2, warmth=0.4), Condition(lightness=0.8)], [3, 1])
    assert both.lightness == pytest.approx(0.35)
    assert both.warmth == pytest.approx(0.4)
    assert both.contrast is None


def test_directions_mix_as_axes() -> None:
    low, high = (Condition(stroke_direction=StrokeDirection(degrees=d)) for d in (10, 170))
    result = mix_conditions([low, high]).stroke_direction
    assert result is not None
    assert min(result.degrees, 180 - result.degrees) == pytest.approx(0, abs=1e-3)


def test_mixed_palettes_have_six_colors() -> None:
    one = Condition(palette="#000000,#ff0000,#00ff00,#0000ff")
    other = Condition(palette="#ffffff,#fe0000,#01ff00,#ffff00")
    result = mix_conditions([one, other]).palette
    assert result is not None
    assert len(result) == 6
    assert sum(color.share for color in result) == pytest.approx(1)
    assert result[0].share == pytest.approx(0.25)  # the reds, or the greens, which lie nearest, were merged
    lab = torch.tensor([[*s.oklab, s.share] for s in result])
    both = [
        *parse_palette("#000000,#ff0000,#00ff00,#0000ff"),
        *parse_palette("#ffffff,#fe0000,#01ff00,#ffff00"),
    ]
    mean = sum(torch.tensor(s.oklab) for s in both) / 8
    torch.testing.assert_close((lab[:, :3] * lab[:, 3:]).sum(0), mean, atol=1e-6, rtol=0)


def test_styles_mix_as_shares_and_embeddings_as_distributions() -> None:
    one = Condition(styles={"woodcut": 2}, embedding=_embedding(0.0, 1.0))
    other = Condition(styles={"woodcut": 1, "pastel": 1}, embedding=_embedding(2.0, 1.0))
    both = mix_conditions([one, other])
    assert both.styles == pytest.approx({"woodcut": 0.75, "pastel": 0.25})
    assert both.embedding is not None
    assert both.embedding.means == (1.0,)
    assert both.embedding.deviations == pytest.approx((2**0.5,))  # 1 within, 1 between
    with pytest.raises(SettingsError, match="different networks"):
        mix_conditions([one, Condition(embedding=_embedding(0, 1, "other"))])


@pytest.mark.parametrize("weights", [[1.0], [-1, 2], [0, 0]])
def test_invalid_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(SettingsError):
        mix_conditions([FULL, FULL], weights)


def test_files_hold_a_condition(tmp_path: Path) -> None:
    condition = FULL.merge(Condition(styles={"woodcut": 1}, embedding=_embedding(0.5, 2)))
    path = condition.save(tmp_path / "mine.condition.json")
    assert Condition.load(path) == condition
    assert json.loads(path.read_text())["bottega condition"] == 1
    with pytest.raises(OutputError):
        condition.save(tmp_path / "mine.txt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "not a condition"),
        ("[]", "not a condition"),
        ('{"lightness": 1}', "not a condition"),
        ('{"bottega condition": 9}', "version 9"),
        ('{"bottega condition": 1, "lightness": 7}', "lightness"),
    ],
)
def test_invalid_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.condition.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message):
        Condition.load(path)
    with pytest.raises(SettingsError, match="Cannot read"):
        Condition.load(tmp_path / "none.json")


def test_conditions_can_be_printed() -> None:
    strings = FULL.to_strings()
    assert strings["palette"] == "#203040:0.75 #e0c080:0.25"
    assert strings["stroke_direction"] == "150° (0.40)"
    assert "horizon: 0.70" in str(FULL)
    assert str(Condition()) == "empty condition"


@given(st.lists(st.floats(-1, 2), min_size=VECTOR_SIZE, max_size=VECTOR_SIZE))
@settings(max_examples=25, deadline=None)
def test_any_numbers_become_a_condition(numbers: list[float]) -> None:
    values = torch.tensor(numbers)
    values[3] = values[3].abs() + 0.01  # a palette has at least one color
    condition = Condition.from_vector(values)
    assert condition.attribute_names == tuple(ATTRIBUTES)


def _embedding(mean: float, deviation: float, network: str = "micro") -> StyleEmbedding:
    return StyleEmbedding(network=network, colors=(0.5,) * 12, means=(mean,), deviations=(deviation,))
