"""The packaged generators and the packaged adjustment network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bottega import generation, pictures
from bottega.cli import main
from bottega.personalize import Condition, adjust, analyze_condition, load_adjustment_net, match
from bottega.weights.registry import manifest

CLASSES = {
    "faces": [
        f"{sex}-{rank}"
        for sex in ("female", "male")
        for rank in ("commoner", "incarnation", "noble", "warrior")
    ],
    "landscapes": ["alfred-sisley", "chinese-song", "claude-monet"],
}
MAX_BYTES = 8_000_000


@pytest.mark.parametrize("name", list(CLASSES))
def test_generators_make_different_pictures(name: str) -> None:
    entry = manifest()[name]
    assert entry.size <= MAX_BYTES
    assert entry.card is not None
    generator = generation.load(name)
    assert (generator.size, list(generator.classes)) == (64, CLASSES[name])
    samples = generation.sample(generator, 16, seed=1)
    assert samples.shape == (16, 3, 64, 64)
    distances = torch.pdist(samples.flatten(1)) / samples[0].numel() ** 0.5
    assert distances.min() > 0.05  # no two are alike
    assert 0.05 < samples.std(dim=(1, 2, 3)).mean() < 0.4  # neither flat nor noise
    alone, among = generation.sample(generator, 1, seed=3), generation.sample(generator, 3, seed=1)[2:]
    assert torch.allclose(alone, among, atol=1e-4)


def test_generate_with_a_condition_and_remake(bench: Path) -> None:
    """One class, a palette and a position of the subject on a sheet; remade to the pixel."""
    args = ["--count", "4", "--seed", "1", "--class", "warrior", "--palette", "#203040,#e0c080"]
    args += ["--subject", "0.3,0.6", "--threads", "1", "--sheet", "sheet.png"]
    assert main(["generate", *args]) == 0
    assert main(["remake", "sheet.png", "--verify"]) == 0
    plain = [
        "--count",
        "4",
        "--seed",
        "1",
        "--class",
        "warrior",
        "--threads",
        "1",
        "--sheet",
        "plain.png",
    ]
    assert main(["generate", *plain]) == 0
    assert not pictures.load("plain.png").pixels.equal(pictures.load("sheet.png").pixels)


def test_adjustment_network_is_better_than_the_closed_form() -> None:
    photo = pictures.resize(pictures.photograph("china").pixels, (192, 288))
    condition = Condition(roughness=0.3, stroke_size=0.62, contrast=0.3)
    network = load_adjustment_net()
    without, by_network = (
        adjust(photo, condition, network=net, optimizer_steps=0) for net in (None, network)
    )
    before, after = (match(condition, analyze_condition(result)).mean for result in (without, by_network))
    assert after > before + 0.05
