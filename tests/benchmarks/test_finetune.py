"""The benchmark of fine-tuning, at the smallest size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.choices import finetune
from bottega import generation
from bottega.generation import FewShotGenerator
from bottega.personalize.preference import Item
from bottega.personalize.preference.item_reader import TRAITS


@pytest.fixture
def pool() -> list[Item]:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, len(TRAITS)))
    names = [trait.name for trait in TRAITS]
    return [
        Item(id=f"{n:04d}", traits=dict(zip(names, row.tolist(), strict=True))) for n, row in enumerate(rows)
    ]


def test_hidden_utilities_are_of_one_scale_and_differ(pool: list[Item]) -> None:
    one, other = (finetune.hidden_utility(pool, seed)(pool) for seed in (0, 1))
    assert one.std() == pytest.approx(1) == other.std()
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.9


def test_a_taste_is_learned_of_what_is_picked(pool: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "GRIDS", 3)
    model = finetune.simulate_votes(pool, finetune.hidden_utility(pool, 0), 0)
    assert len(model.votes) == 3


def test_the_whole_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"POOL": 30, "FRESH": 8, "GRIDS": 2, "LIKED": 12}
    for name, value in small.items():
        monkeypatch.setattr(finetune, name, value)
    torch.manual_seed(0)
    file = tmp_path / "small.safetensors"
    generation.save(FewShotGenerator(32, latent=8, classes=("a", "b"), width=4), file)
    finetune.measure(model=str(file), artists=1, minutes=0.02, out=tmp_path)
    text = (tmp_path / "finetune.md").read_text(encoding="utf-8")
    assert "| 0 | drafts |" in text
    assert "| 0 | fine-tuned on liked drafts |" in text
    assert (tmp_path / "finetune.png").exists()
