"""Train one network for all bundled styles: ``python -m recipes.multi --data FOLDER --run runs/multi``.

The training of ``bottega train multi``, on the photographs of the collection that no benchmark uses.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cyclopts

from bottega.styles import STYLES, paint
from bottega.transfer.feedforward import save
from bottega.transfer.training.settings import MultiStyleSettings
from bottega.transfer.training.tasks import multi_style_task
from recipes.command_line import run_app
from recipes.fast.collection import train_on_collection

app = cyclopts.App(help=__doc__)


@app.default
def train(
    *,
    data: Path,
    run: Path,
    recipe: Annotated[MultiStyleSettings | None, cyclopts.Parameter(name="*")] = None,
) -> None:
    """Train, or resume.

    Parameters
    ----------
    data
        The picture collection (see ``recipes/split.py``).
    run
        Folder for checkpoint, metrics and result.
    recipe
        The settings of the training.
    """
    recipe = recipe or MultiStyleSettings(minutes=240)
    side = recipe.style_size
    task = multi_style_task(recipe, list(STYLES), [paint(name, (side, side)) for name in STYLES])
    metadata = train_on_collection(recipe, task, data, run)
    target = run / "multi.safetensors"
    print(f"wrote {target} ({save(task.network, target, metadata)})")


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code."""
    return run_app(app, args)


if __name__ == "__main__":
    sys.exit(main())
