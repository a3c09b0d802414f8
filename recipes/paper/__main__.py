"""The founding study's tables: ``python -m recipes.paper --table 8 --data COLLECTION --run runs/paper``.

Trains what a table needs (or takes what an earlier call trained in the same folder), draws, measures, and
writes ``table-8.md``, ``.json`` and a sheet of unpicked pictures into the folder.
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
from recipes.paper.sets import PictureSplit, collection, few, own
from recipes.paper.writing import write

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
        Folder for trainings, drawn pictures and tables.
    pictures
        A folder of the artist's own, the third row of table 7; without it that row is left out.
    recipe
        The settings.
    """
    recipe = recipe or PaperRecipe()

    def bench(split: PictureSplit, name: str) -> tables.Bench:
        return tables.Bench(recipe, split, run / name)

    if table == 7:
        benches = [bench(few(data), "few"), bench(collection(data), "collection")]
        if pictures is not None:
            benches.append(bench(own(pictures), "own"))
        made = tables.table_7(benches)
    else:
        maker = {1: tables.table_1, 2: tables.table_2, 8: tables.table_8}[table]
        made = maker(bench(collection(data), "collection"))
    print(f"wrote {write(made, f'table-{table}', recipe, run)}")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, words)


if __name__ == "__main__":
    sys.exit(main())
