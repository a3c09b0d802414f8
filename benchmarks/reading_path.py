"""How many files and functions of the package run in one command: what a reader has to follow.

    python -m benchmarks.reading_path

Each command runs in a process of its own under a profile hook, at a tiny size, with the packaged networks.
A file counts when one of its functions runs, a function (or method, or property) when called; the body of
a module or of a class counts for neither, and lambdas and comprehensions belong to the function around them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CHILD = """
import json, sys, threading
from pathlib import Path
import bottega
package = str(Path(bottega.__file__).parent)
called = set()
def hook(frame, event, arg):
    code = frame.f_code
    if event == "call" and code.co_filename.startswith(package) and not code.co_name.startswith("<"):
        if code.co_flags & 2:  # optimized locals: a function, not the body of a class
            called.add((code.co_filename, code.co_qualname))
from bottega.cli import main
threading.setprofile(hook)
sys.setprofile(hook)
try:
    code = main(json.loads(sys.argv[1]))
    assert code == 0, code
finally:
    sys.setprofile(None)
    print(json.dumps([len({file for file, _ in called}), len(called)]), file=sys.stderr)
"""


def measure(arguments: list[str], folder: Path) -> tuple[int, int]:
    """``(files, functions)`` that a command passes.

    Raises:
        RuntimeError: the command failed.
    """
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(arguments)],
        cwd=folder,
        env=os.environ | {"BOTTEGA_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"bottega {' '.join(arguments)} failed: {done.stderr}")
    files, functions = json.loads(done.stderr.splitlines()[-1])
    return files, functions


def main() -> None:
    """Print a table."""
    import numpy as np
    from PIL import Image

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "set").mkdir()
        generator = np.random.default_rng(0)
        for index in range(12):
            pixels = generator.integers(0, 255, (48, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "set" / f"{index:02d}.png")
        Image.fromarray(generator.integers(0, 255, (96, 128, 3), dtype=np.uint8)).save(folder / "photo.png")
        Image.fromarray(generator.integers(0, 255, (96, 96, 3), dtype=np.uint8)).save(folder / "painting.png")
        commands = {
            "stylize": "stylize photo.png --style painting.png -o result.png",
            "train gan": "train gan --data set --size 32 --minutes 0.3 --name trial -o trial.safetensors",
            "adjust": "adjust photo.png --palette #203040,#e0c080 -o adjusted.png",
        }
        print("| command | files | functions |\n| --- | --- | --- |")
        for command, line in commands.items():
            files, functions = measure(line.split(), folder)
            print(f"| `{command}` | {files} | {functions} |")


if __name__ == "__main__":
    main()
