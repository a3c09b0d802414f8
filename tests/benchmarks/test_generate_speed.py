"""The benchmark of generators times what it says."""

from __future__ import annotations

import pytest

from benchmarks.generate.__main__ import table
from benchmarks.generate.runners import RUNNERS, random_dataset, time_runner
from bottega.generation import GENERATORS


@pytest.mark.parametrize("network", list(GENERATORS))
@pytest.mark.parametrize("name", list(RUNNERS))
def test_runners_run(name: str, network: str) -> None:
    figures = time_runner(name, network, 32, 4, 1, 1, tuned=False)
    assert figures["cpu_seconds"] > 0
    assert figures["peak_mib"] > 50


def test_the_dataset_has_every_class() -> None:
    assert random_dataset(32).labels.bincount().tolist() == [8] * 8


def test_the_table_divides_the_right_way() -> None:
    def row(name: str, seconds: float) -> dict[str, object]:
        common = {"network": "vae", "size": 64, "name": name}
        return {**common, "seconds": seconds, "cpu_seconds": seconds, "peak_mib": 10.0}

    lines = table([row("baseline", 3.0), row("bottega", 1.5), row("sampling", 0.5)]).splitlines()
    assert lines[2] == "| vae | 64 | 3.00 | 1.50 | 2.00 | 2.00 | 10 MiB | 10 MiB |"
    assert lines[-1] == "| vae | 64 | 32 | 32 |"
