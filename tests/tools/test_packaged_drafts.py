"""What is done by itself with the generators and the adjustment network that ship."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bottega import generate, pictures
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
LARGEST = 8_000_000


@pytest.mark.parametrize("name", list(CLASSES))
def test_generators_draw_many_pictures(name: str) -> None:
    entry = manifest()[name]
    assert entry.size <= LARGEST
    assert entry.card is not None
    generator = generate.load(name)
    assert (generator.size, list(generator.classes)) == (64, CLASSES[name])
    drawn = generate.sample(generator, 16, seed=1)
    assert drawn.shape == (16, 3, 64, 64)
    apart = torch.pdist(drawn.flatten(1)) / drawn[0].numel() ** 0.5
    assert apart.min() > 0.05  # no two are alike
    assert 0.05 < drawn.std(dim=(1, 2, 3)).mean() < 0.4  # neither fog nor noise
    alone, among = generate.sample(generator, 1, seed=3), generate.sample(generator, 3, seed=1)[2:]
    assert torch.allclose(alone, among, atol=1e-4)


def test_words_of_the_issue(bench: Path) -> None:
    """One class, a palette, a place for the subject, on a sheet; made again to the pixel."""
    words = ["--count", "4", "--seed", "1", "--like", "warrior", "--palette", "#203040,#e0c080"]
    words += ["--subject", "0.3,0.6", "--sheet", "--threads", "1", "-o", "sheet.png"]
    assert main(["generate", *words]) == 0
    assert main(["remake", "sheet.png", "--verify"]) == 0
    plain = [
        "--count",
        "4",
        "--seed",
        "1",
        "--like",
        "warrior",
        "--sheet",
        "--threads",
        "1",
        "-o",
        "plain.png",
    ]
    assert main(["generate", *plain]) == 0
    assert not pictures.load("plain.png").pixels.equal(pictures.load("sheet.png").pixels)


def test_the_adjustment_network_comes_nearer_than_the_closed_form() -> None:
    photo = pictures.resize(pictures.photograph("china").pixels, (192, 288))
    wanted = Condition(roughness=0.3, stroke_size=0.62, contrast=0.3)
    network = load_adjustment_net()
    without, by_network = (adjust(photo, wanted, network=net, optimizer_steps=0) for net in (None, network))
    before, after = (match(wanted, analyze_condition(made)).mean for made in (without, by_network))
    assert after > before + 0.05
