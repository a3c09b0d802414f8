"""Personalization matches worked out by hand."""

from dataclasses import dataclass

import pytest

from bottega.errors import SettingsError
from bottega.evaluation import personalization_match


@dataclass
class Match:
    attributes: dict[str, float]

    @property
    def mean(self) -> float:
        return sum(self.attributes.values()) / len(self.attributes)


def match(requested, measured):
    return Match({name: 1 - abs(value - measured) for name, value in requested.items()})


def test_match_of_a_set():
    measured = [0.25, 0.5, 0.75]
    requested = [{"light": 0.25}, {"light": 0.0, "dark": 0.5}, {"light": 0.75}]
    result = personalization_match(requested, measured, match)
    assert result["mean"].estimate == pytest.approx((1 + 0.75 + 1) / 3)
    assert result["light"].estimate == pytest.approx((1 + 0.5 + 1) / 3)
    assert result["dark"].estimate == pytest.approx(1)
    assert result["light"].low <= result["light"].estimate <= result["light"].high
    with pytest.raises(SettingsError, match="one condition for each"):
        personalization_match(requested[:2], measured, match)
    with pytest.raises(SettingsError):
        personalization_match([], [], match)
