"""Compare perceptual encoders with untrained ones: ``python -m benchmarks.encoders --data FOLDER``.

Writes a Markdown table and the same figures as JSON, and a sheet of the synthesized textures under
``out/benchmarks/encoders`` to look at. docs/experiments/encoders.md explains each measure.
"""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Any

import cyclopts
from torch import Tensor

from benchmarks.encoders.candidates import Candidate, load_candidates
from benchmarks.encoders.inputs import calibration_photographs
from benchmarks.encoders.measures import PictureSet, anchors, load_pictures
from benchmarks.encoders.plan import FULL, QUICK
from benchmarks.encoders.report import Figures, write
from benchmarks.encoders.workers import TaskResult, measure_all
from bottega import pictures
from bottega.errors import BottegaError
from bottega.runtime import configure_malloc, set_threads, system_info

SHEETS = Path("out/benchmarks/encoders")

app = cyclopts.App(help=__doc__)


@app.default
def compare(
    *,
    data: Path | None = None,
    encoders: str = "small",
    out: Path = Path("benchmarks/encoders/results"),
    quick: bool = False,
    baselines: bool = True,
    paint: bool = True,
    workers: int = 0,
) -> None:
    """Measure the encoders.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``). Without it the sample photographs replace it,
        without the crop test.
    encoders
        Names of packaged encoders and paths of ``.safetensors`` files, separated by commas.
    out
        Folder of the tables.
    quick
        Small counts, for choosing between trainings; figures of quick and full runs do not compare.
    baselines
        Measure the untrained networks too.
    paint
        Paint from noise too, which needs most of the time.
    workers
        Processes; 0 starts one per core.
    """
    configure_malloc()
    start = time.perf_counter()
    workers = set_threads(workers)
    plan, name = (QUICK, "quick") if quick else (FULL, "encoders")
    images = load_pictures(data, plan)
    header: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.encoders", *sys.argv[1:]]),
        "machine": {**system_info(), "workers": workers},
        "anchors": anchors(images, plan),
    }
    calibration = calibration_photographs(data, 32, plan.photograph_size)
    names = [each.strip() for each in encoders.split(",") if each.strip()]
    candidates = load_candidates(names, calibration, plan.seeds, baselines=baselines)
    results: dict[str, Figures] = {candidate.name: {} for candidate in candidates}
    textures: dict[str, list[Tensor]] = {candidate.name: [] for candidate in candidates}
    for result in measure_all(candidates, data, plan, workers, paint=paint):
        add_result(result, candidates, results, textures)
        header["minutes"] = round((time.perf_counter() - start) / 60, 1)
        table = write(results, header, out, name)
    if paint:
        save_sheet(images, textures, SHEETS / f"{name}.png")
    print(table.read_text(encoding="utf-8"))


def add_result(
    result: TaskResult,
    candidates: list[Candidate],
    results: dict[str, Figures],
    textures: dict[str, list[Tensor]],
) -> None:
    """Add the result of a task, and print it."""
    trained = next(c.trained for c in candidates if c.name == result.candidate)
    which = result.candidate if trained else f"{result.candidate}, seed {result.seed}"
    for measure, figure in result.figures:
        results[result.candidate].setdefault(measure, []).append(figure)
        print(f"{which}: {measure} {figure}", flush=True)
    textures[result.candidate] += result.textures


def save_sheet(images: PictureSet, textures: dict[str, list[Tensor]], path: Path) -> None:
    """One row per painting: the target, then what each candidate synthesized from noise."""
    rows = [
        [target, *(candidate[index] for candidate in textures.values())]
        for index, (_, target) in enumerate(images.textures)
    ]
    labels = [[artist, *textures] for artist, _ in images.textures]
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures.save(pictures.contact_sheet(rows, labels=labels, height=rows[0][0].shape[-2]), path)
    print(f"Textures to look at: {path}")


if __name__ == "__main__":
    try:
        app()
    except BottegaError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
