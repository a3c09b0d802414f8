"""What a preference model is good for: ``python -m benchmarks.choices.finetune --model faces``.

A simulated artist chooses among drafts of a generator. What they should like best fine-tunes the
generator, and their significant preferences become a condition that drafts are adjusted to. The table says
how much better, by the artist's hidden utility, the drafts of fresh seeds become.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import cyclopts
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bottega import generation
from bottega.errors import SettingsError
from bottega.evaluation import Interval, bootstrap_interval
from bottega.generation import Generator
from bottega.generation.training import GanSettings, build_trainer, last_generator, load_dataset
from bottega.personalize import Condition, adjust, load_packaged_adjustment_net
from bottega.personalize.analysis.pixels import upscale_for_analysis
from bottega.personalize.preference import Item, PreferenceModel
from bottega.personalize.preference.item_reader import TRAITS, ItemReader
from bottega.pictures import contact_sheet, save
from bottega.runtime import configure_malloc, system_info
from bottega.tools.choose.export import preferred_condition

app = cyclopts.App(help=__doc__)

POOL, FRESH, FIRST_FRESH = 400, 100, 100_000
GRIDS, NOISE, CARES_ABOUT = 30, 0.5, 6
LIKED = 100
PRETRAINED_RATE = 0.3
TILES = 8

Utility = Callable[[Sequence[Item]], NDArray[np.float64]]


@app.default
def measure(
    *,
    model: str = "faces",
    artists: int = 3,
    minutes: float = 4.0,
    out: Path = Path("benchmarks/choices/results"),
) -> None:
    """Write ``finetune.md`` and a sheet.

    Parameters
    ----------
    model
        The generator: its name or its file.
    artists
        How many.
    minutes
        Of training, for each.
    out
        Folder of the results.
    """
    configure_malloc()
    generator = generation.load(model)
    drafts = generation.sample(generator, POOL, 0)
    reader = ItemReader()
    pool = [reader.read(f"{number:04d}", picture[None]) for number, picture in enumerate(drafts)]
    fresh = generation.sample(generator, FRESH, FIRST_FRESH)
    rows, tiles = [], []
    for seed in range(artists):
        true = hidden_utility(pool, seed)
        preferences = simulate_votes(pool, true, seed)
        results = {
            "drafts": fresh,
            "fine-tuned on liked drafts": finetune_on_liked(
                generator, model, drafts, preferences, pool, minutes
            ),
        }
        adjusted = adjust_to_preferences(preferences, fresh)
        if adjusted is not None:
            results["adjusted to preferences"] = adjusted
        utilities = np.sort(true(pool))
        for name, samples in results.items():
            items = [reader.read(str(number), picture[None]) for number, picture in enumerate(samples)]
            places = np.searchsorted(utilities, true(items)) / len(utilities)
            rows.append((seed, name, bootstrap_interval(100 * places)))
            tiles.append((f"artist {seed}: {name}", samples[:TILES]))
            print(*rows[-1], flush=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / "finetune.md").write_text(table(rows, minutes), encoding="utf-8")
    labels = [[name, *[""] * (TILES - 1)] for name, _ in tiles]
    save(
        contact_sheet([list(samples[:, None]) for _, samples in tiles], labels, height=96),
        out / "finetune.png",
    )


def hidden_utility(pool: Sequence[Item], seed: int) -> Utility:
    """A utility that is linear in six traits, chosen at random; deviation 1 over the pool."""
    rng = np.random.default_rng(seed)
    names = rng.choice(list(pool[0].traits), CARES_ABOUT, replace=False)
    slopes = rng.standard_normal(CARES_ABOUT)

    def values(items: Sequence[Item]) -> NDArray[np.float64]:
        return np.array([[item.traits[name] for name in names] for item in items])

    mean, deviation = values(pool).mean(0), values(pool).std(0).clip(1e-9)

    def plain(items: Sequence[Item]) -> NDArray[np.float64]:
        return np.asarray(np.clip((values(items) - mean) / deviation, -3, 3) @ slopes)

    scale = plain(pool).std()
    return lambda items: plain(items) / scale


def simulate_votes(pool: Sequence[Item], true: Utility, seed: int) -> PreferenceModel:
    """Thirty grids, one noisy pick each."""
    rng = np.random.default_rng([seed, 1])
    model = PreferenceModel.from_pool(TRAITS, pool, seed=seed)
    for _ in range(GRIDS):
        sheet_items = model.propose(pool, 9)
        noisy = true(sheet_items) + NOISE * rng.gumbel(size=len(sheet_items))
        model.pick(sheet_items[int(noisy.argmax())], sheet_items)
    return model


def finetune_on_liked(
    generator: Generator,
    base: str,
    drafts: Tensor,
    preferences: PreferenceModel,
    pool: Sequence[Item],
    minutes: float,
) -> Tensor:
    """Drafts of fresh seeds after training on the hundred of highest predicted utility."""
    best = np.argsort(-preferences.utility(pool)[0])[:LIKED]
    with tempfile.TemporaryDirectory() as folder:
        work_folder = Path(folder)
        files = [save(drafts[number][None], work_folder / f"{number:04d}.png") for number in best.tolist()]
        settings = GanSettings(
            size=generator.size,
            width=generator.configuration["width"],
            latent=generator.latent,
            minutes=minutes,
            base=base,
            pretrained_rate=PRETRAINED_RATE,
            validate_every=10**6,
        )
        trainer = build_trainer(settings, load_dataset({"": files}, generator.size), work_folder / "run")
        trainer.train()
        return generation.sample(last_generator(trainer), FRESH, FIRST_FRESH)


def adjust_to_preferences(preferences: PreferenceModel, fresh: Tensor) -> Tensor | None:
    """The fresh drafts, adjusted to the model's significant preferences; None without any."""
    try:
        condition = Condition(**preferred_condition(preferences))
    except SettingsError:
        return None
    network = load_packaged_adjustment_net()
    return torch.cat(
        [adjust(upscale_for_analysis(picture[None]), condition, network=network) for picture in fresh]
    )


def table(rows: Sequence[tuple[int, str, Interval]], minutes: float) -> str:
    """Rows as Markdown."""
    command = shlex.join(["python", "-m", "benchmarks.choices.finetune", *sys.argv[1:]])
    lines = [
        "# What a preference model is good for",
        "",
        f"`{command}`, {system_info()['cpu']}",
        "",
        f"Simulated artists with a hidden linear utility pick once from each of {GRIDS} sheets among {POOL} "
        f"drafts (noise {NOISE:g}). Place of {FRESH} drafts of fresh seeds among those {POOL}, by the hidden "
        f"utility, in per cent; 50 is chance. Training: {minutes:g} minutes on the {LIKED} that should be "
        "liked best. 95 % intervals over drafts. The utility is linear in traits that a condition asks for: "
        "that the adjustment helps is expected, and shows that what was learned is right.",
        "",
        "| artist | drafts | place |",
        "| ---: | --- | ---: |",
    ]
    lines += [
        f"| {seed} | {name} | {interval.estimate:.0f} [{interval.low:.0f}, {interval.high:.0f}] |"
        for seed, name, interval in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    app()
