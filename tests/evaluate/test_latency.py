"""Response times and personalization matches, on cases worked out by hand."""

import time
from dataclasses import dataclass

import pytest
import torch

from bottega.errors import SettingsError
from bottega.evaluate import personalization_match, measure_latency


def test_response_time_of_a_wait():
    calls = []

    def call():
        calls.append(1)
        time.sleep(0.004)

    found = measure_latency(call, calls=6, warm_up=2)
    assert len(calls) == 8
    assert 0.004 <= found.median.low <= found.median.estimate <= found.slow.estimate < 1
    with pytest.raises(SettingsError, match="5 calls"):
        measure_latency(call, calls=4)


@dataclass
class Near:
    attributes: dict[str, float]

    @property
    def mean(self) -> float:
        return sum(self.attributes.values()) / len(self.attributes)


def near(asked, got):
    return Near({name: 1 - abs(value - got) for name, value in asked.items()})


def test_match_of_a_set():
    pictures = [torch.full((1, 3, 4, 4), value) for value in (0.25, 0.5, 0.75)]
    asked = [{"light": 0.25}, {"light": 0.0, "dark": 0.5}, {"light": 0.75}]
    found = personalization_match(pictures, asked, lambda picture: picture.mean().item(), near)
    assert found["mean"].estimate == pytest.approx((1 + 0.75 + 1) / 3)
    assert found["light"].estimate == pytest.approx((1 + 0.5 + 1) / 3)
    assert found["dark"].estimate == pytest.approx(1)
    assert found["light"].low <= found["light"].estimate <= found["light"].high
    with pytest.raises(SettingsError, match="one condition for each"):
        personalization_match(pictures, asked[:2], lambda picture: 0.0, near)
    with pytest.raises(SettingsError):
        personalization_match([], [], lambda picture: 0.0, near)
