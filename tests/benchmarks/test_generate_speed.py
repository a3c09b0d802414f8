"""The benchmark of generators times what it says."""

from __future__ import annotations

import pytest

from benchmarks.generate.__main__ import table
from benchmarks.generate.race import CONTESTANTS, material, timed
from bottega.generate import GENERATORS


@pytest.mark.parametrize("network", list(GENERATORS))
@pytest.mark.parametrize("name", list(CONTESTANTS))
def test_contestants_run(name: str, network: str) -> None:
    found = timed(name, network, 32, 4, 1, 1, tuned=False)
    assert found["processor_seconds"] > 0
    assert found["peak_mib"] > 50


def test_material_has_every_class() -> None:
    assert material(32).labels.bincount().tolist() == [8] * 8


def test_the_table_divides_the_right_way() -> None:
    def row(name: str, seconds: float) -> dict[str, object]:
        common = {"network": "vae", "size": 64, "name": name}
        return {**common, "seconds": seconds, "processor_seconds": seconds, "peak_mib": 10.0}

    lines = table([row("plain", 3.0), row("ours", 1.5), row("drawing", 0.5)]).splitlines()
    assert lines[2] == "| vae | 64 | 3.00 | 1.50 | 2.00 | 2.00 | 10 MiB | 10 MiB |"
    assert lines[-1] == "| vae | 64 | 32 | 32 |"
