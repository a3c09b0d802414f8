"""Ctrl-C in a real terminal, at several moments of the tools: exit code 130 and one sentence, at once."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pty = pytest.importorskip("pty", reason="pseudo-terminals exist on POSIX systems")

MAX_SECONDS = 1.0 if os.environ.get("BOTTEGA_TEST_QUIET_MACHINE") else 4.0
"""From Ctrl-C to the end: a second on a quiet machine; tests run beside others."""
COUNT = 240

COMMANDS = {
    "generate": ["generate", "--count", "900", "--sheet", "out.png"],
    "adjust": [
        "adjust",
        "photos/000.png",
        "--lightness",
        "0.7",
        "--refine",
        "200",
        "--like",
        "photos",
        "-o",
        "out.png",
    ],
    "analyze": ["analyze", "photos"],
    "evaluate": ["evaluate", "photos", "--against", "photos", "--report", "out.html"],
    "folder": ["stylize", "photos", "--style", "style.png", "-o", "results"],
    "train gan": [
        "train",
        "gan",
        "--data",
        "photos",
        "--size",
        "64",
        "--minutes",
        "5",
        "--name",
        "test-interrupt",
    ],
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "photos").mkdir()
    values = np.random.default_rng(0)
    for index in range(COUNT):
        pixels = values.integers(0, 256, (12, 12, 3), dtype=np.uint8)
        image = Image.fromarray(pixels).resize((96, 96), Image.Resampling.BICUBIC)
        image.save(folder / "photos" / f"{index:03}.png")
    image.save(folder / "style.png")
    return folder


class Terminal:
    """A command in a pseudo-terminal that is its controlling terminal."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        self.master, slave = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bottega", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**os.environ, "BOTTEGA_HOME": str(folder / "home"), "TERM": "xterm", "COLUMNS": "200"},
            preexec_fn=self._take_terminal,
        )
        os.close(slave)

    @staticmethod
    def _take_terminal() -> None:
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        # Background processes of a shell ignore Ctrl-C, and so would the children of its tests.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def read(self, seconds: float, until: Callable[[str], bool] = lambda text: False) -> None:
        """Read for some seconds, or until the text is right or the program has ended."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not until(self.text):
            if select.select([self.master], [], [], left)[0]:
                try:
                    data = os.read(self.master, 4096)
                except OSError:
                    return
                if not data:
                    return
                self.text += data.decode(errors="replace")

    def press_ctrl_c(self) -> float:
        """Press Ctrl-C; returns the seconds until the program has ended."""
        start = time.monotonic()
        os.write(self.master, b"\x03")
        self.read(60)
        self.process.wait(60)
        return time.monotonic() - start

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)


def interrupt(arguments: list[str], folder: Path, moment: float | str) -> tuple[str, float]:
    """Run a command and press Ctrl-C after some seconds, or when a text is shown."""
    terminal = Terminal(arguments, folder)
    try:
        if isinstance(moment, str):
            terminal.read(120, until=lambda text: moment in text)
        else:
            # Before Python has read its own modules, no program can answer.
            terminal.read(moment)
        assert terminal.process.poll() is None, terminal.text
        seconds = terminal.press_ctrl_c()
        assert terminal.process.returncode == 130, terminal.text
        assert "Traceback" not in terminal.text
        assert "KeyboardInterrupt" not in terminal.text
        return terminal.text, seconds
    finally:
        terminal.close()


def check(text: str, seconds: float) -> None:
    last = text.strip().splitlines()[-1]
    assert "bottega: Stopped" in last, text
    assert seconds < MAX_SECONDS


@pytest.mark.parametrize("moment", [0.3, 1.0])
def test_while_modules_are_imported(pictures: Path, moment: float) -> None:
    text, seconds = interrupt(COMMANDS["analyze"], pictures, moment)
    assert text.strip().endswith("bottega: Stopped; no result was written.")
    check(text, seconds)


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.3, 0.7, 2.0, "1%"])
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "folder"])
def test_nothing_is_written(pictures: Path, name: str, moment: float | str) -> None:
    if name == "adjust" and moment == "1%":
        moment = "loading"  # it measures the pictures of --like for long before it reports anything
    for path in pictures.glob("out*"):
        path.unlink()
    text, seconds = interrupt(COMMANDS[name], pictures, moment)
    check(text, seconds)
    assert not list(pictures.glob("out*"))
    assert not list(pictures.rglob(".bottega-*"))


def test_finished_pictures_of_a_folder_are_named(pictures: Path) -> None:
    shutil.rmtree(pictures / "results", ignore_errors=True)
    text, seconds = interrupt(COMMANDS["folder"], pictures, "2%")
    check(text, seconds)
    assert "files were written before, the last is results/" in text
    assert len(list((pictures / "results").iterdir())) >= 2
    assert not list(pictures.rglob(".bottega-*"))
