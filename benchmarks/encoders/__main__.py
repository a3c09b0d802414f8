"""Compare perceptual encoders with untrained ones: ``python -m benchmarks.encoders --data FOLDER``.

Writes a Markdown table and the same figures as JSON, and a sheet of the synthesised textures under
``out/benchmarks/encoders`` to look at. docs/benchmarks.md says what each measure means.
"""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Any

import cyclopts
from torch import Tensor

from benchmarks.encoders.contestants import Contestant, load_contestants
from benchmarks.encoders.material import calibration_photographs
from benchmarks.encoders.measures import Material, anchors, load_material
from benchmarks.encoders.plan import FULL, QUICK
from benchmarks.encoders.report import Figures, write
from benchmarks.encoders.workers import Found, measure_all
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
        The picture collection (see ``recipes/split.py``). Without it the demonstration photographs stand in,
        and the crop test is left out.
    encoders
        Names of packaged encoders and paths of ``.safetensors`` files, separated by commas.
    out
        Folder of the tables.
    quick
        Small counts, for choosing between trainings; figures of quick and full runs do not compare.
    baselines
        Measure the untrained networks too.
    paint
        Paint from noise too, which takes most of the time.
    workers
        Processes; 0 starts one per core.
    """
    configure_malloc()
    begin = time.perf_counter()
    workers = set_threads(workers)
    plan, name = (QUICK, "quick") if quick else (FULL, "encoders")
    material = load_material(data, plan)
    header: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks.encoders", *sys.argv[1:]]),
        "machine": {**system_info(), "workers": workers},
        "anchors": anchors(material, plan),
    }
    calibration = calibration_photographs(data, 32, plan.photograph_size)
    names = [each.strip() for each in encoders.split(",") if each.strip()]
    contestants = load_contestants(names, calibration, plan.seeds, baselines=baselines)
    results: dict[str, Figures] = {contestant.name: {} for contestant in contestants}
    made: dict[str, list[Tensor]] = {contestant.name: [] for contestant in contestants}
    for found in measure_all(contestants, data, plan, workers, paint=paint):
        keep(found, contestants, results, made)
        header["minutes"] = round((time.perf_counter() - begin) / 60, 1)
        table = write(results, header, out, name)
    if paint:
        save_sheet(material, made, SHEETS / f"{name}.png")
    print(table.read_text(encoding="utf-8"))


def keep(
    found: Found,
    contestants: list[Contestant],
    results: dict[str, Figures],
    made: dict[str, list[Tensor]],
) -> None:
    """Add what a task found to the results, and print it."""
    trained = next(c.trained for c in contestants if c.name == found.contestant)
    which = found.contestant if trained else f"{found.contestant}, seed {found.seed}"
    for measure, figure in found.figures:
        results[found.contestant].setdefault(measure, []).append(figure)
        print(f"{which}: {measure} {figure}", flush=True)
    made[found.contestant] += found.textures


def save_sheet(material: Material, made: dict[str, list[Tensor]], path: Path) -> None:
    """One row per painting: the target, then what each contestant made of noise."""
    rows = [
        [target, *(textures[number] for textures in made.values())]
        for number, (_, target) in enumerate(material.textures)
    ]
    labels = [[painter, *made] for painter, _ in material.textures]
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures.save(pictures.contact_sheet(rows, labels=labels, height=rows[0][0].shape[-2]), path)
    print(f"Textures to look at: {path}")


if __name__ == "__main__":
    try:
        app()
    except BottegaError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
