"""Train a network of one style on the collection: ``python -m recipes.fast --data FOLDER --run runs/fast``.

The very training of ``bottega train style``, on the photographs of the collection that no figure is measured
on. ``--network fast`` is the transformer net of Johnson et al. (2016), ``--network micro`` the fitted one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega import styles
from bottega.transfer.feedforward import save
from bottega.transfer.training.settings import OneStyle
from bottega.transfer.training.tasks import one_style
from recipes.fast.collection import fit_slice
from recipes.slices import call

app = cyclopts.App(help=__doc__)


@app.default
def train(
    *,
    data: Path,
    run: Path,
    style: str = "woodcut",
    recipe: Annotated[OneStyle | None, cyclopts.Parameter(name="*")] = None,
) -> None:
    """Train, or go on training.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    run
        Folder for checkpoint, metrics and result.
    style
        A bundled style.
    recipe
        The settings of the training.
    """
    recipe = recipe or OneStyle(network="fast", width=32)
    picture = styles.paint(style, (recipe.style_size, recipe.style_size))
    goal = one_style(recipe, picture)
    facts = fit_slice(recipe, goal, data, run)
    target = run / f"{style}.safetensors"
    print(f"wrote {target} ({save(goal.network, target, {'style': style, **facts})})")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return call(app, words)


if __name__ == "__main__":
    sys.exit(main())
