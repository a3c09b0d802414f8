"""Behavior of the real process: signals, pipes, limits of the system."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Quick = Callable[..., list[str]]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="signals and resource limits of POSIX systems"
)

COMMAND = [sys.executable, "-m", "bottega", "stylize", "photo.png", "--style", "style.png", "-o", "out.png"]
LIMITED = """
import resource, sys
from bottega.cli import main
{prepare}
sys.exit(main(sys.argv[1:]))
"""


def only_inputs(bench: Path) -> bool:
    return {path.name for path in bench.iterdir()} == {"photo.png", "style.png", "other.png", "mask.png"}


def run_limited(prepare: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    code = LIMITED.format(prepare=prepare)
    # What measures coverage would write a file, too, and complain that it cannot.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def restore_interrupts() -> None:
    """Background processes of a shell ignore Ctrl-C, and so would the children of its tests."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_no_half_file(bench: Path, quick: Quick, number: signal.Signals) -> None:
    words = quick("--iterations", "100000", "--preview", "preview.png", "--preview-every", "0.1")
    process = subprocess.Popen(
        [*COMMAND, *words], stderr=subprocess.PIPE, text=True, preexec_fn=restore_interrupts
    )
    # The first preview shows that the work has started.
    deadline = time.monotonic() + 60
    while not (bench / "preview.png").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == "bottega: Stopped; no result was written."
    (bench / "preview.png").unlink()
    assert only_inputs(bench)


def test_ctrl_c_saves_the_checkpoint(bench: Path, quick: Quick) -> None:
    words = quick("--iterations", "100000", "--preview", "preview.png", "--preview-every", "0.1")
    process = subprocess.Popen(
        [*COMMAND, *words, "--checkpoint", "state.pt"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=restore_interrupts,
    )
    deadline = time.monotonic() + 60
    while not (bench / "preview.png").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not (bench / "state.pt").exists()  # it is written every 30 seconds
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    message = "bottega: Stopped; no result was written. The same command resumes from state.pt."
    assert stderr.splitlines()[-1] == message
    assert (bench / "state.pt").exists()


def test_too_little_memory(bench: Path, quick: Quick) -> None:
    # What torch itself has mapped, and 300 MB more; the picture wants several GB.
    prepare = (
        "import bottega.tools.stylize.pipeline\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000,) * 2)"
    )
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc to know what is in use")
    result = run_limited(prepare, [*COMMAND[3:], *quick("--size", "4000", "--first-size", "4000")])
    assert result.returncode == 6, result.stderr
    assert "not enough memory" in result.stderr
    assert "Traceback" not in result.stderr
    assert only_inputs(bench)


def test_full_disk(bench: Path, quick: Quick) -> None:
    # A limit on the size of files ends a write in the middle, as a full disk does.
    words = [*COMMAND[3:], *quick("--size", "64")]
    result = run_limited("resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))", words)
    assert result.returncode == 4, result.stderr
    assert "out.png cannot be written" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert only_inputs(bench)


def test_closed_pipe() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = subprocess.run(
            [sys.executable, "-m", "bottega", "styles"], stdout=writer, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writer)
    assert result.returncode == 141
    assert result.stderr == b""
