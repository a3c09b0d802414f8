"""Curves of style against content over the strength slider: ``python -m benchmarks.transfer --data FOLDER``.

Stylizes photographs with paintings that no training saw, by every method and at every strength, and writes
tables (Markdown, JSON) and plots (PNG, SVG). Scores are saved in the run's folder at once, so that a stopped
run continues. docs/experiments/transfer.md explains each measure.
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
from benchmarks.transfer.candidates import STRENGTHS, Candidate, list_candidates
from benchmarks.transfer.curves import Comparison, Curve, compare, make_curve
from benchmarks.transfer.measures import CONTENT_MEASURES, PROTOCOL, STYLE_MEASURES
from benchmarks.transfer.picture_pairs import PICTURES_PER_KIND, SIDE, Pair, make_pairs
from benchmarks.transfer.plots import draw
from benchmarks.transfer.previous_curves import previous_curves
from benchmarks.transfer.reference_encoder import load_reference_encoder, reference_encoder_title
from benchmarks.transfer.report import write
from benchmarks.transfer.score_store import Key, ScoreStore
from benchmarks.transfer.sheet import picture_path, save_sheet
from benchmarks.transfer.workers import Task, run_tasks
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
    pairs: int = PICTURES_PER_KIND,
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
        Files of networks; the first and the last default to the packaged weights.
    earlier
        ``curves.json`` of an earlier run; methods whose weights are missing are taken from it.
    encoder
        Name or ``.safetensors`` file of an encoder that no training of the networks used, such as
        ``vgg19``. Without it: the shape of ``small`` with data-dependent random weights.
    pairs
        Pairs of photograph and painting; beyond 40 the same pictures are paired anew, up to 1600.
    optimize_pairs
        Pairs for the optimization, which is slow; 0 leaves it out.
    sheet_pairs
        Pairs on the sheet of stylized pictures.
    seed
        Of the choice of pictures.
    side
        Of the squares that are cut from all pictures.
    quick
        8 pairs, two strengths, no optimization: shows that it runs, and roughly where curves lie.
    workers
        Processes of one thread; 0 starts one per core.
    out
        Folder of tables and plots.
    run
        Folder of the saved scores and the stylized pictures.
    """
    configure_malloc()
    start_time = time.perf_counter()
    if quick:
        pairs, optimize_pairs = min(pairs, QUICK_PAIRS), 0
    name = "quick" if quick else "curves"
    chosen = make_pairs(data, pairs, seed, side)
    strengths = QUICK_STRENGTHS if quick else STRENGTHS
    all_ = list_candidates(micro, microast, adain, optimize_pairs, strengths)
    available = [candidate for candidate in all_ if candidate.source is not None]
    label = reference_encoder_title(encoder)
    store = ScoreStore(run / "scores.jsonl")
    tasks = _open_tasks(available, chosen, store, label, run, sheet_pairs)
    workers = set_threads(workers)
    if tasks:
        _measure(tasks, load_reference_encoder(encoder, data), label, store, workers)
    results = [_curve(candidate, chosen, store, label) for candidate in available]
    missing = [candidate for candidate in all_ if candidate.source is None]
    sources = {candidate.name: candidate.identity for candidate in available}
    if earlier is not None:
        curves_before, sources_before = previous_curves(
            earlier, missing, [pair.name for pair in chosen], label
        )
        sources |= sources_before
        order = [candidate.name for candidate in all_]
        results = sorted([*results, *curves_before], key=lambda curve: order.index(curve.name))
        missing = [candidate for candidate in missing if candidate.name not in sources_before]
    header: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.transfer", *sys.argv[1:]]),
        "machine": system_info(),
        "bottega": bottega.__version__,
        "protocol": PROTOCOL,
        "pairs": len(chosen),
        "side": side,
        "encoder": label,
        "sources": sources,
        "minutes": round((time.perf_counter() - start_time) / 60, 1),
    }
    table = write(results, missing, _comparisons(results), header, out, name)
    print(table.read_text(encoding="utf-8"))
    for file in draw(results, out, name):
        print(f"Plot: {file}")
    print(f"Pictures to look at: {save_sheet(available, chosen[:sheet_pairs], run, name)}")


def _pairs_of(candidate: Candidate, pairs: Sequence[Pair]) -> Sequence[Pair]:
    return pairs[: candidate.max_pairs]


def _key(pair: Pair, candidate: Candidate, strength: float, label: str) -> Key:
    return (pair.name, candidate.identity, strength, label)


def _open_tasks(
    available: Sequence[Candidate],
    pairs: Sequence[Pair],
    store: ScoreStore,
    label: str,
    run: Path,
    sheet_pairs: int,
) -> list[Task]:
    """The remaining work, pair by pair, so that a stopped run has whole pairs."""
    tasks = []
    for index, pair in enumerate(pairs):
        for candidate in available:
            if index >= len(_pairs_of(candidate, pairs)) or candidate.source is None:
                continue
            path = picture_path(run, candidate, pair) if index < sheet_pairs else None
            last = candidate.strengths[-1]
            todo = [s for s in candidate.strengths if store.find(_key(pair, candidate, s, label)) is None]
            if path is not None and not path.exists() and last not in todo:
                todo.append(last)
            if todo:
                target = path if last in todo else None
                tasks.append(Task(pair, candidate.source, candidate.identity, tuple(todo), target))
    return tasks


def _measure(tasks: Sequence[Task], encoder: Encoder, label: str, store: ScoreStore, workers: int) -> None:
    start_time = time.perf_counter()
    for index, (task, scores) in enumerate(run_tasks(tasks, encoder, workers), start=1):
        for strength, each in scores.items():
            store.add((task.pair.name, task.identity, strength, label), each)
        left = (time.perf_counter() - start_time) / index * (len(tasks) - index)
        print(f"{index} of {len(tasks)}, {left / 60:.0f} min left: {task.identity}", flush=True)


def _curve(candidate: Candidate, pairs: Sequence[Pair], store: ScoreStore, label: str) -> Curve:
    own = _pairs_of(candidate, pairs)
    scores = [[store.scores[_key(pair, candidate, s, label)] for s in candidate.strengths] for pair in own]
    names, groups = [pair.name for pair in own], [str(pair.content) for pair in own]
    return make_curve(candidate.name, candidate.title, candidate.strengths, names, groups, scores)


def _comparisons(results: Sequence[Curve]) -> list[Comparison]:
    """The micro network against the others, in every measure."""
    by_name = {curve.name: curve for curve in results}
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
