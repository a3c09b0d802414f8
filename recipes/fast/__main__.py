"""Train a network of one style on the collection: ``python -m recipes.fast --data FOLDER --run runs/fast``.

The training of ``bottega train style``, on the photographs of the collection that no benchmark uses.
``--network fast`` is the transformer net of Johnson et al. (2016), ``--network micro`` the fine-tuned one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega import styles
from bottega.transfer.feedforward import save
from bottega.transfer.training.settings import SingleStyleSettings
from bottega.transfer.training.tasks import single_style_task
from recipes.command_line import run_app
from recipes.fast.collection import train_on_collection

app = cyclopts.App(help=__doc__)


@app.default
def train(
    *,
    data: Path,
    run: Path,
    style: str = "woodcut",
    recipe: Annotated[SingleStyleSettings | None, cyclopts.Parameter(name="*")] = None,
) -> None:
    """Train, or resume.

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
    recipe = recipe or SingleStyleSettings(network="fast", width=32)
    picture = styles.paint(style, (recipe.style_size, recipe.style_size))
    task = single_style_task(recipe, picture)
    metadata = train_on_collection(recipe, task, data, run)
    target = run / f"{style}.safetensors"
    print(f"wrote {target} ({save(task.network, target, {'style': style, **metadata})})")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, args)


if __name__ == "__main__":
    sys.exit(main())
