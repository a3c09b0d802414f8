"""Tables 1, 2, 7 and 8 of the founding study: what it gives, what it leaves open, and what we put there.

Where the study has figures without a definition, the definition is ours and stands below the table. Its own
figures stand beside ours for the eye only: other pictures, other judges, another measure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bottega.evaluate import Interval, bootstrap_interval
from bottega.evaluate.metrics.bootstrap import jackknife
from bottega.evaluate.metrics.perceptual import style_variation
from bottega.evaluate.report.measure_set import MeasuredSet
from bottega.evaluate.report.proxies import proxy_rows
from bottega.generate import Generator
from bottega.personalize import analyze_condition
from bottega.pictures import load
from recipes.paper import judging
from recipes.paper.config import PaperRecipe
from recipes.paper.models import MODELS, trained
from recipes.paper.sets import PictureSplit

RULES = 51  # pictures by programs: three of each bundled style

JUDGES = (
    "Ours learns through the encoder small and is chosen by it, and small has seen faces of this kind; "
    "random is an encoder of random weights. Held out are pictures from the generators, not from small, and "
    "not from the adjustment network, which saw every fourth."
)

Cell = Interval | float | str


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        title: a line.
        notes: what each figure is; lines below.
        rows: columns by their heading, the same in every row.
        sheets: drawn pictures by the model's title.
    """

    title: str
    notes: tuple[str, ...]
    rows: list[dict[str, Cell]]
    sheets: dict[str, list[Path]]


@dataclass(frozen=True)
class Bench:
    """Where one set of pictures is worked on, and with what settings."""

    recipe: PaperRecipe
    split: PictureSplit
    run: Path

    def real(self) -> MeasuredSet:
        """What trains, at the size of the drawn pictures."""
        return self._real(self.split.files, "training")

    def held_out(self) -> MeasuredSet:
        """What no model has seen."""
        return self._real(self.split.held_out, "held-out")

    def drawn(self, model: str) -> list[Path]:
        """What a model draws after its training."""
        return self.made(model)[1]

    def made(self, model: str) -> tuple[Generator, list[Path], int]:
        """A model after its training, what it draws, and the steps that it was trained for."""
        generator, steps = trained(model, self.recipe, self.split, self.run / model)
        files = judging.draw(generator, self.recipe.drawn, self.recipe.seed, self.run / model / "drawn")
        return generator, files, steps

    def _real(self, files: Sequence[Path], name: str) -> MeasuredSet:
        size = self.recipe.size
        return judging.look(judging.prepared(files, size, self.run / name), size)


def table_1(bench: Bench) -> Table:
    """Quality of works: five things that people rated in the study, as proxies here."""
    real = bench.real()
    rows: list[dict[str, Cell]] = []
    sheets = {}
    for title, files in _methods(bench).items():
        looked = judging.look(files, bench.recipe.size)
        figures = proxy_rows(looked, real, real.palette, seed=bench.recipe.seed)
        rows.append({"method": title, **{figure.name: figure.value for figure in figures}})
        sheets[title] = files
    return Table(
        "Table 1: quality of works, out of ten, as computed proxies",
        (
            "The study had people rate its own work 8.7, 9.0, 8.5, 9.2 and 8.9. These are proxies, not "
            "ratings; docs/evaluate.md says what each is. People are held-out pictures, rules the bundled "
            "styles.",
            f"Reference: the {len(real)} training pictures of {bench.split.name}.",
        ),
        rows,
        sheets,
    )


def table_2(bench: Bench) -> Table:
    """Style of works: change against works of people."""
    people = bench.held_out()
    asked = judging.conditions(people.files, bench.recipe.pairs)
    usual = _style_values(people)
    match = judging.matched(_cycled(people.files, len(asked), 1), asked, bench.recipe, adjusted=False)
    rows: list[dict[str, Cell]] = []
    methods = _methods(bench)
    for title, files in list(methods.items())[1:]:
        looked = judging.look(files, bench.recipe.size)
        values = _style_values(looked)
        ours = title == MODELS["ours"].title
        found = judging.matched(_cycled(files, len(asked), 0), asked, bench.recipe, adjusted=ours)
        rows.append(
            {
                "method": title,
                "abstraction": _change(values["abstraction"], usual["abstraction"]),
                "expressive power": _change(values["expression"], usual["expression"]),
                "variegation": _scatter_change(looked, people),
                "personalised": _scaled(found, match.estimate),
            }
        )
    return Table(
        "Table 2: style of works, change in per cent against held-out pictures",
        (
            "The study gives +25, +30, +40 and +20 % for its own method and defines none of them. Ours: "
            "abstraction as bottega.personalize reads it; expressive power as the geometric mean of contrast "
            "and chroma; variegation as the scatter of the manner; personalised as the mean match with "
            "conditions of held-out pictures, against the match of other held-out pictures. Drafts of ours "
            "are adjusted to the condition.",
        ),
        rows,
        methods,
    )


def table_7(benches: Sequence[Bench]) -> Table:
    """One model on sets of different size."""
    rows: list[dict[str, Cell]] = []
    sheets = {}
    for bench in benches:
        recipe = bench.recipe
        generator, files, steps = bench.made("ours")
        looked, held_out = judging.look(files, recipe.size), bench.held_out()
        rows.append(
            {
                "pictures": bench.split.name,
                "training": float(len(bench.split.files)),
                "steps": float(steps),
                "SSIM ↑": judging.nearest_ssim(looked, held_out, recipe.seed),
                **judging.distances(looked, held_out, recipe.seed),
                "seconds per picture ↓": judging.seconds(generator),
            }
        )
        sheets[bench.split.name] = files
    return Table(
        "Table 7: quality on sets of different size",
        (
            "The study: SSIM 0.82, 0.85, 0.87; FID 48.2, 45.1, 40.8; 1.2, 1.5, 1.4 seconds, on 200, 5,000 "
            "and 1,000 pictures of its own. SSIM here: of each held-out picture with the nearest drawn one. "
            "Distances are to held-out pictures, by encoders of ours; they compare with nothing there.",
            JUDGES,
        ),
        rows,
        sheets,
    )


def table_8(bench: Bench, names: Sequence[str] = tuple(MODELS)) -> Table:
    """Models of equal budget against each other."""
    held_out = bench.held_out()
    asked = judging.conditions(held_out.files, bench.recipe.pairs)
    rows: list[dict[str, Cell]] = []
    sheets = {}
    for name in names:
        model = MODELS[name]
        _, files, steps = bench.made(name)
        looked = judging.look(files, bench.recipe.size)
        drafts = _cycled(files, len(asked), 0)
        row: dict[str, Cell] = {
            "model": model.title,
            "steps": float(steps),
            "SSIM ↑": judging.nearest_ssim(looked, held_out, bench.recipe.seed),
            **judging.distances(looked, held_out, bench.recipe.seed),
        }
        alone = judging.matched(drafts, asked, bench.recipe, adjusted=False)
        rows.append({**row, "personalisation match ↑": alone})
        if name == "ours":
            bent = judging.matched(drafts, asked, bench.recipe, adjusted=True)
            rows.append({**row, "model": f"{model.title}, adjusted", "personalisation match ↑": bent})
        sheets[model.title] = files
    budget = f"{bench.recipe.steps} steps" if bench.recipe.steps else f"{bench.recipe.minutes:g} minutes"
    return Table(
        f"Table 8: models of equal budget ({budget} each, {bench.recipe.size} pixels, {bench.split.name})",
        (
            "The study: StyleGAN 0.89, 38.5, 0.72; BigGAN 0.87, 42.3, 0.68; its own 0.88, 40.8, 0.81, with a "
            "matching that it does not define. Ours is the mean of bottega.personalize.match over conditions "
            "read from held-out pictures. Distances of the adjusted drafts are those of the drafts.",
            "Every model is the average of its weights at the best validation. All see the same pictures; "
            "those with classes are told them. Ours grows from 32 pixels, which is in its steps.",
            JUDGES,
            "The settings of ours were found on faces of this kind in a dozen trials; the classics have "
            "those of their papers, untried. The StyleGAN2-shaped one is a second try: with its paper's rate "
            "it diverged (FID 11,407), and rate, penalty and discriminator were changed after seeing that.",
        ),
        rows,
        sheets,
    )


def _methods(bench: Bench) -> dict[str, list[Path]]:
    """Works by people first, then by rules, by a plain generator, and by ours."""
    size = bench.recipe.size
    rules = min(RULES, bench.recipe.drawn)
    return {
        "people": judging.prepared(bench.split.held_out, size, bench.run / "held-out"),
        "rules": judging.paint_by_rules(rules, bench.recipe.painted, size, bench.run / "rules"),
        MODELS["dcgan"].title: bench.drawn("dcgan"),
        MODELS["ours"].title: bench.drawn("ours"),
    }


def _style_values(pictures: MeasuredSet) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    abstraction = [analyze_condition(load(file).pixels).abstraction or 0.0 for file in pictures.files]
    contrast, chroma = pictures.values["contrast"], pictures.values["chroma"]
    return {"abstraction": np.array(abstraction), "expression": np.sqrt(contrast * chroma)}


def _change(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], usual: object) -> Interval:
    return _scaled(bootstrap_interval(values), float(np.mean(np.asarray(usual, float))))


def _scatter_change(pictures: MeasuredSet, people: MeasuredSet) -> Interval:
    found = jackknife(
        lambda ours, theirs: style_variation(pictures.styles[ours], people.styles[theirs]),
        (len(pictures), len(people)),
    )
    return _scaled(found.corrected, 1.0)


def _scaled(value: Interval, usual: float) -> Interval:
    """As a change in per cent."""
    change: Callable[[float], float] = lambda number: 100 * (number / usual - 1)  # noqa: E731
    return Interval(change(value.estimate), change(value.low), change(value.high))


def _cycled(files: Sequence[Path], count: int, shift: int) -> list[Path]:
    return [files[(number + shift) % len(files)] for number in range(count)]
