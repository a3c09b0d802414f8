"""Curves of style against content over the strength slider: ``python -m benchmarks.transfer --data FOLDER``.

Paints photographs in the manner of paintings that no training saw, by every method and at every strength,
and writes tables (Markdown, JSON) and plots (PNG, SVG). Figures are kept in the run's folder as they are
found, so that a run that was stopped goes on. docs/benchmarks.md says what each measure means.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cyclopts

import bottega
from benchmarks.transfer.curves import Comparison, Curve, compare, make_curve
from benchmarks.transfer.earlier import earlier_curves
from benchmarks.transfer.entrants import STRENGTHS, Entrant, entrants
from benchmarks.transfer.judge import judge, judge_title
from benchmarks.transfer.ledger import Key, Ledger
from benchmarks.transfer.material import KINDS, SIDE, Pair, make_pairs
from benchmarks.transfer.measures import CONTENT_MEASURES, PROTOCOL, STYLE_MEASURES
from benchmarks.transfer.plots import draw
from benchmarks.transfer.report import write
from benchmarks.transfer.sheet import kept_file, save_sheet
from benchmarks.transfer.workers import Task, work
from bottega.encoders import Encoder
from bottega.runtime import configure_malloc, set_threads, system_info
from recipes.command_line import run_app

RIVALS = ("microast", "adain")
QUICK_PAIRS, QUICK_STRENGTHS = 8, (0.5, 1.0)

app = cyclopts.App(help=__doc__)


@app.default
def curves(
    *,
    data: Path = Path("../shared/data"),
    micro: Path | None = None,
    microast: Path | None = None,
    adain: Path | None = None,
    earlier: Path | None = None,
    encoder: str = "",
    pairs: int = KINDS,
    optimize_pairs: int = 4,
    sheet_pairs: int = 6,
    seed: int = 0,
    side: int = SIDE,
    quick: bool = False,
    workers: int = 0,
    out: Path = Path("benchmarks/transfer/results"),
    run: Path = Path("runs/transfer"),
) -> None:
    """Measure every method.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    micro, microast, adain
        Files of networks; the first and the last are taken from the packaged weights where none is given.
    earlier
        ``curves.json`` of an earlier run; methods whose weights are not here are taken from it.
    encoder
        Name or ``.safetensors`` file of an encoder that no training of the networks looked through, such as
        ``vgg19``. Without it: the shape of ``small`` with data-dependent random weights.
    pairs
        Pairs of photograph and painting; beyond 40 the same pictures are paired anew, up to 1600.
    optimize_pairs
        Pairs that the optimisation paints, which is slow; 0 leaves it out.
    sheet_pairs
        Pairs on the sheet of painted pictures.
    seed
        Of the choice of pictures.
    side
        Of the squares that are cut from all pictures.
    quick
        8 pairs, two strengths, no optimisation: shows that it runs, and roughly where curves lie.
    workers
        Processes of one thread; 0 starts one per core.
    out
        Folder of tables and plots.
    run
        Folder of the kept figures and the painted pictures.
    """
    configure_malloc()
    begin = time.perf_counter()
    if quick:
        pairs, optimize_pairs = min(pairs, QUICK_PAIRS), 0
    name = "quick" if quick else "curves"
    chosen = make_pairs(data, pairs, seed, side)
    strengths = QUICK_STRENGTHS if quick else STRENGTHS
    all_ = entrants(micro, microast, adain, optimize_pairs, strengths)
    here = [entrant for entrant in all_ if entrant.source is not None]
    label = judge_title(encoder)
    ledger = Ledger(run / "scores.jsonl")
    tasks = _open_tasks(here, chosen, ledger, label, run, sheet_pairs)
    workers = set_threads(workers)
    if tasks:
        _measure(tasks, judge(encoder, data), label, ledger, workers)
    found = [_curve(entrant, chosen, ledger, label) for entrant in here]
    missing = [entrant for entrant in all_ if entrant.source is None]
    sources = {entrant.name: entrant.identity for entrant in here}
    if earlier is not None:
        curves_before, sources_before = earlier_curves(
            earlier, missing, [pair.name for pair in chosen], label
        )
        sources |= sources_before
        order = [entrant.name for entrant in all_]
        found = sorted([*found, *curves_before], key=lambda curve: order.index(curve.name))
        missing = [entrant for entrant in missing if entrant.name not in sources_before]
    header: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.transfer", *sys.argv[1:]]),
        "machine": system_info(),
        "bottega": bottega.__version__,
        "protocol": PROTOCOL,
        "pairs": len(chosen),
        "side": side,
        "encoder": label,
        "sources": sources,
        "minutes": round((time.perf_counter() - begin) / 60, 1),
    }
    table = write(found, missing, _comparisons(found), header, out, name)
    print(table.read_text(encoding="utf-8"))
    for file in draw(found, out, name):
        print(f"Plot: {file}")
    print(f"Pictures to look at: {save_sheet(here, chosen[:sheet_pairs], run, name)}")


def _pairs_of(entrant: Entrant, pairs: Sequence[Pair]) -> Sequence[Pair]:
    return pairs[: entrant.most_pairs]


def _key(pair: Pair, entrant: Entrant, strength: float, label: str) -> Key:
    return (pair.name, entrant.identity, strength, label)


def _open_tasks(
    here: Sequence[Entrant], pairs: Sequence[Pair], ledger: Ledger, label: str, run: Path, sheet_pairs: int
) -> list[Task]:
    """What is still to be painted, pair by pair, so that a run that is stopped has whole pairs."""
    tasks = []
    for number, pair in enumerate(pairs):
        for entrant in here:
            if number >= len(_pairs_of(entrant, pairs)) or entrant.source is None:
                continue
            keep = kept_file(run, entrant, pair) if number < sheet_pairs else None
            last = entrant.strengths[-1]
            todo = [s for s in entrant.strengths if ledger.find(_key(pair, entrant, s, label)) is None]
            if keep is not None and not keep.exists() and last not in todo:
                todo.append(last)
            if todo:
                wanted = keep if last in todo else None
                tasks.append(Task(pair, entrant.source, entrant.identity, tuple(todo), wanted))
    return tasks


def _measure(tasks: Sequence[Task], encoder: Encoder, label: str, ledger: Ledger, workers: int) -> None:
    begin = time.perf_counter()
    for number, (task, scores) in enumerate(work(tasks, encoder, workers), start=1):
        for strength, each in scores.items():
            ledger.add((task.pair.name, task.identity, strength, label), each)
        left = (time.perf_counter() - begin) / number * (len(tasks) - number)
        print(f"{number} of {len(tasks)}, {left / 60:.0f} min left: {task.identity}", flush=True)


def _curve(entrant: Entrant, pairs: Sequence[Pair], ledger: Ledger, label: str) -> Curve:
    own = _pairs_of(entrant, pairs)
    scores = [[ledger.scores[_key(pair, entrant, s, label)] for s in entrant.strengths] for pair in own]
    names, groups = [pair.name for pair in own], [str(pair.content) for pair in own]
    return make_curve(entrant.name, entrant.title, entrant.strengths, names, groups, scores)


def _comparisons(found: Sequence[Curve]) -> list[Comparison]:
    """Ours against the other networks, in every measure."""
    by_name = {curve.name: curve for curve in found}
    if "micro" not in by_name:
        return []
    return [
        compare(by_name["micro"], by_name[rival], style, content)
        for rival in RIVALS
        if rival in by_name
        for style in STYLE_MEASURES
        for content in CONTENT_MEASURES
    ]


if __name__ == "__main__":
    sys.exit(run_app(app, None))
