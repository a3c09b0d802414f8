"""The founding study's tables: ``python -m recipes.paper --table 8 --data COLLECTION --run runs/paper``.

Trains what a table needs (or uses what an earlier call trained in the same folder), generates, measures, and
writes ``table-8.md``, ``.json`` and a sheet of the first samples into the folder.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import cyclopts

from recipes.command_line import run_app
from recipes.paper import tables
from recipes.paper.config import PaperRecipe
from recipes.paper.report import write
from recipes.paper.sets import PictureSplit, collection, subset, user_pictures

app = cyclopts.App(help=__doc__)


@app.default
def make(
    *,
    table: Literal[1, 2, 7, 8],
    data: Path,
    run: Path,
    pictures: Path | None = None,
    recipe: Annotated[PaperRecipe | None, cyclopts.Parameter(name="*")] = None,
) -> None:
    """Make one table.

    Parameters
    ----------
    table
        Its number in the study: 1 quality, 2 style, 7 sets of different size, 8 models.
    data
        The picture collection (see ``recipes/split.py``).
    run
        Folder for trainings, samples and tables.
    pictures
        The user's own pictures, the third row of table 7; without them that row is left out.
    recipe
        The settings.
    """
    recipe = recipe or PaperRecipe()

    def experiment(split: PictureSplit, name: str) -> tables.Experiment:
        return tables.Experiment(recipe, split, run / name)

    if table == 7:
        experiments = [experiment(subset(data), "subset"), experiment(collection(data), "collection")]
        if pictures is not None:
            experiments.append(experiment(user_pictures(pictures), "own"))
        result = tables.table_7(experiments)
    else:
        function = {1: tables.table_1, 2: tables.table_2, 8: tables.table_8}[table]
        result = function(experiment(collection(data), "collection"))
    print(f"wrote {write(result, f'table-{table}', recipe, run)}")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, args)


if __name__ == "__main__":
    sys.exit(main())
