"""The match and its distances, against independent computations."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import wasserstein_distance

from bottega.errors import SettingsError
from bottega.personalize import ATTRIBUTES, Condition, StyleEmbedding, distances, match, style_match
from bottega.personalize.movers import exact_distance, soft_distance, soft_plan


def greys(*pairs: tuple[float, float]) -> torch.Tensor:
    """A palette of greys: lightness and share."""
    rows = torch.zeros(6, 4)
    for row, (light, share) in zip(rows, pairs, strict=False):
        row[0], row[3] = light, share
    return rows


def test_a_condition_matches_itself() -> None:
    one = Condition(palette="#203040,#e0c080", lightness=0.4, subject=(0.2, 0.9))
    found = match(one, one)
    assert found.mean == pytest.approx(1, abs=1e-6)
    assert set(found.attributes) == {"palette", "lightness", "subject"}


def test_the_match_is_one_less_the_distance_in_spans() -> None:
    span = ATTRIBUTES["lightness"].span
    asked, got = Condition(lightness=0.3), Condition(lightness=0.3 + span / 4, warmth=0.5)
    assert match(asked, got).mean == pytest.approx(0.75, abs=1e-6)
    assert match(Condition(lightness=0.0), Condition(lightness=1.0)).mean == 0
    place = match(Condition(subject=(0.5, 0.5)), Condition(subject=(0.53, 0.54)))
    assert place.mean == pytest.approx(1 - 0.05 / ATTRIBUTES["subject"].span, abs=1e-5)


def test_nothing_asked_or_read_cannot_match() -> None:
    with pytest.raises(SettingsError, match="asks for nothing"):
        match(Condition(), Condition(lightness=1))
    with pytest.raises(SettingsError, match="not read"):
        match(Condition(lightness=1), Condition())


def test_palettes_of_greys_are_as_far_apart_as_on_a_line() -> None:
    """On a line scipy knows the earth mover's distance by another way."""
    one, other = [(0.2, 0.5), (0.5, 0.3), (0.9, 0.2)], [(0.3, 0.6), (0.8, 0.4)]
    expected = wasserstein_distance(
        [a for a, _ in one], [a for a, _ in other], [s for _, s in one], [s for _, s in other]
    )
    assert exact_distance(greys(*one), greys(*other)) == pytest.approx(expected, abs=1e-6)


def test_soft_distances_are_near_the_exact_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        one, other = torch.rand(2, 6, 4, generator=generator)
        one[:, 3] /= one[:, 3].sum()
        other[:, 3] /= other[:, 3].sum()
        exact = exact_distance(one, other)
        soft = soft_distance(one[None], other[None]).item()
        assert soft == pytest.approx(exact, rel=0.2)


def test_a_plan_moves_all_masses() -> None:
    source, target = torch.tensor([[0.7, 0.3, 0.0]]), torch.tensor([[0.5, 0.5]])
    plan = soft_plan(torch.rand(1, 3, 2, generator=torch.Generator().manual_seed(1)), source, target, 0.05)
    torch.testing.assert_close(plan.sum(2), source, atol=1e-3, rtol=0)
    torch.testing.assert_close(plan.sum(1), target, atol=1e-3, rtol=0)


def test_distances_of_vectors_are_those_of_the_match() -> None:
    asked = Condition(lightness=0.3, warmth=0.1, subject=(0.2, 0.2), horizon=0.4)
    got = Condition(lightness=0.4, warmth=0.0, subject=(0.25, 0.3), horizon=0.5)
    values, mask = asked.vector()
    found = distances(values[None], got.vector()[0][None])[0]
    for number, name in enumerate(ATTRIBUTES):
        if mask[ATTRIBUTES[name].part].all() and name != "palette":
            assert 1 - found[number].item() == pytest.approx(match(asked, got).attributes[name], abs=1e-5)


def test_styles_match_themselves_and_nothing_of_another_network() -> None:
    def embedding(mean: float, network: str = "a") -> StyleEmbedding:
        return StyleEmbedding(network=network, colors=(0.0,) * 12, means=(mean,) * 4, deviations=(1.0,) * 4)

    assert style_match(embedding(0), embedding(0)) == 1
    # (0.4² + 0) / (1 + 1) = 0.08; its root in units of 0.61
    assert style_match(embedding(0), embedding(0.4)) == pytest.approx(1 - 0.08**0.5 / 0.61, abs=1e-4)
    with pytest.raises(SettingsError, match="different networks"):
        style_match(embedding(0), embedding(0, "b"))
