"""Latency of a function of known duration."""

import time

import pytest

from bottega.errors import SettingsError
from bottega.evaluation import measure_latency


def test_latency_of_a_pause():
    calls = []

    def function():
        calls.append(1)
        time.sleep(0.004)

    result = measure_latency(function, calls=6, warmup_calls=2)
    assert len(calls) == 8
    assert 0.004 <= result.median.low <= result.median.estimate <= result.p95.estimate < 1
    with pytest.raises(SettingsError, match="5 calls"):
        measure_latency(function, calls=4)
