"""Train one network for all bundled styles: ``python -m recipes.multi --data FOLDER --run runs/multi``.

The training of ``bottega train multi``, on the photographs of the collection that no figure is measured on.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega.styles import STYLES, paint
from bottega.transfer.feedforward import save
from bottega.transfer.training.settings import ManyStyles
from bottega.transfer.training.tasks import many_styles
from recipes.fast.collection import fit_slice
from recipes.slices import call

app = cyclopts.App(help=__doc__)


@app.default
def train(
    *,
    data: Path,
    run: Path,
    recipe: Annotated[ManyStyles | None, cyclopts.Parameter(name="*")] = None,
) -> None:
    """Train, or go on training.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    run
        Folder for checkpoint, metrics and result.
    recipe
        The settings of the training.
    """
    recipe = recipe or ManyStyles(minutes=240)
    side = recipe.style_size
    goal = many_styles(recipe, list(STYLES), [paint(name, (side, side)) for name in STYLES])
    facts = fit_slice(recipe, goal, data, run)
    target = run / "multi.safetensors"
    print(f"wrote {target} ({save(goal.network, target, facts)})")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return call(app, words)


if __name__ == "__main__":
    sys.exit(main())
