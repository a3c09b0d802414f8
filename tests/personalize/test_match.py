"""The match and its attribute_distances, against independent computations."""

from __future__ import annotations

import pytest

from bottega.errors import SettingsError
from bottega.personalize import (
    ATTRIBUTES,
    Condition,
    StyleEmbedding,
    attribute_distances,
    match,
)
from bottega.personalize.analysis.style import embedding_distance


def test_a_condition_matches_itself() -> None:
    one = Condition(palette="#203040,#e0c080", lightness=0.4, subject=(0.2, 0.9))
    result = match(one, one)
    assert result.mean == pytest.approx(1, abs=1e-6)
    assert set(result.attributes) == {"palette", "lightness", "subject"}


def test_the_match_is_one_less_the_distance_in_spans() -> None:
    scale = ATTRIBUTES["lightness"].scale
    requested, measured = Condition(lightness=0.3), Condition(lightness=0.3 + scale / 4, warmth=0.5)
    assert match(requested, measured).mean == pytest.approx(0.75, abs=1e-6)
    assert match(Condition(lightness=0.0), Condition(lightness=1.0)).mean == 0
    place = match(Condition(subject=(0.5, 0.5)), Condition(subject=(0.53, 0.54)))
    assert place.mean == pytest.approx(1 - 0.05 / ATTRIBUTES["subject"].scale, abs=1e-5)


def test_empty_conditions_cannot_match() -> None:
    with pytest.raises(SettingsError, match="no measurable attribute"):
        match(Condition(), Condition(lightness=1))
    with pytest.raises(SettingsError, match="not measured"):
        match(Condition(lightness=1), Condition())


def test_distances_of_vectors_are_those_of_the_match() -> None:
    requested = Condition(lightness=0.3, warmth=0.1, subject=(0.2, 0.2), horizon=0.4)
    measured = Condition(lightness=0.4, warmth=0.0, subject=(0.25, 0.3), horizon=0.5)
    values, mask = requested.to_vector()
    result = attribute_distances(values[None], measured.to_vector()[0][None])[0]
    for i, name in enumerate(ATTRIBUTES):
        if mask[ATTRIBUTES[name].columns].all() and name != "palette":
            assert 1 - result[i].item() == pytest.approx(
                match(requested, measured).attributes[name], abs=1e-5
            )


def test_style_distances_are_within_one_network() -> None:
    def embedding(mean: float, network: str = "a") -> StyleEmbedding:
        return StyleEmbedding(network=network, colors=(0.0,) * 12, means=(mean,) * 4, deviations=(1.0,) * 4)

    assert embedding_distance(embedding(0), embedding(0)) == 0
    # (0.4² + 0) / (1 + 1) = 0.08
    assert embedding_distance(embedding(0), embedding(0.4)) == pytest.approx(0.08**0.5, abs=1e-4)
    with pytest.raises(SettingsError, match="different networks"):
        embedding_distance(embedding(0), embedding(0, "b"))
