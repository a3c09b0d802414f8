"""What the command line writes: for people, for programs (``--json``), or only results (``--quiet``).

Results go to standard output; progress, notes and errors go to standard error, except with ``--json``.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult

if TYPE_CHECKING:
    from rich.progress import Progress


FIRST_STAGE = "loading"
"""What is shown until the tool reports progress."""
SECONDS_BETWEEN_LINES = 10.0


class OutputHandler(ProgressReporter):
    """Writes results and errors only: ``--quiet``. It is open (``with``) while a tool runs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None

    def result(self, tool: str, result: ToolResult) -> None:
        """Write the result of a tool."""
        if result.rows:
            _print_table(result.rows)
        for path in result.files:
            print(path)

    def error(self, error: BaseException, code: int) -> None:
        """Write the error that ended the program."""
        print(f"bottega: {error}", file=sys.stderr)


class TerminalOutput(OutputHandler):
    """For people: a progress bar with the time left, tables, sentences.

    Where standard error is not a terminal, a line every few seconds takes the place of the bar.
    """

    _bar: Progress | None = None
    _lines: ProgressLines | None = None

    def __enter__(self) -> Self:
        if not sys.stderr.isatty():
            self._lines = ProgressLines()
            return self
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}", markup=False),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        self._bar.add_task(FIRST_STAGE, total=1.0, left="")
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if self._lines is not None:
            self._lines.stop()
            self._lines = None

    def progress(
        self,
        done: float,
        message: str = "",
        *,
        seconds_left: float | None = None,
        preview: Callable[[], Any] | None = None,
    ) -> None:
        if self._lines is not None:
            self._lines.update(done, message, seconds_left)
        if self._bar is None:
            return
        task = self._bar.tasks[0]
        seconds = task.time_remaining if seconds_left is None else seconds_left
        left = "" if seconds is None else f"{_duration(seconds)} left"
        self._bar.update(task.id, completed=done, description=message or FIRST_STAGE, left=left)

    def note(self, message: str) -> None:
        if self._bar is not None:
            self._bar.console.print(message, markup=False, highlight=False)
        else:
            print(message, file=sys.stderr)

    def result(self, tool: str, result: ToolResult) -> None:
        if result.rows:
            _print_table(result.rows)
        if result.rows and result.summary:
            print()
        if result.summary:
            print(result.summary)


class ProgressLines:
    """Writes the latest progress to standard error at intervals in seconds, from a thread."""

    def __init__(self, seconds: float | None = None) -> None:
        self._start = time.monotonic()
        self._latest: tuple[float, str, float | None] = (0.0, FIRST_STAGE, None)
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._write, args=(seconds or SECONDS_BETWEEN_LINES,), daemon=True
        )
        self._thread.start()

    def update(self, done: float, message: str, seconds_left: float | None) -> None:
        """Set the latest progress."""
        self._latest = done, message or FIRST_STAGE, seconds_left

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def _write(self, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            done, message, left = self._latest
            parts = [f"{100 * done:.0f} %"] if done else []
            parts += [f"{_duration(time.monotonic() - self._start)} so far"]
            parts += [] if left is None else [f"{_duration(left)} left"]
            print(f"{message}: {', '.join(parts)}", file=sys.stderr, flush=True)


class JsonOutput(OutputHandler):
    """For programs: one JSON object per line on standard output, each with a key ``event``."""

    def progress(
        self,
        done: float,
        message: str = "",
        *,
        seconds_left: float | None = None,
        preview: Callable[[], Any] | None = None,
    ) -> None:
        left = None if seconds_left is None else round(seconds_left, 1)
        _print_json("progress", done=round(done, 4), message=message, seconds_left=left)

    def note(self, message: str) -> None:
        _print_json("note", message=message)

    def result(self, tool: str, result: ToolResult) -> None:
        files = [str(path) for path in result.files]
        rows = {"rows": list(result.rows)} if result.rows else {}
        _print_json("result", tool=tool, summary=result.summary, files=files, **rows, **result.details)

    def error(self, error: BaseException, code: int) -> None:
        _print_json("error", kind=type(error).__name__, message=str(error), exit_code=code)


def output_handler(as_json: bool, quiet: bool) -> OutputHandler:
    """The handler for the options; ``--json`` wins over ``--quiet``."""
    return JsonOutput() if as_json else OutputHandler() if quiet else TerminalOutput()


def _print_json(event: str, **values: Any) -> None:
    print(json.dumps({"event": event, **values}, ensure_ascii=False, default=str), flush=True)


def _print_table(rows: tuple[dict[str, Any], ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Narrow enough for a name of 12 letters and a sha256 side by side in 80 columns.
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", show_edge=False, pad_edge=False)
    for title in rows[0]:
        table.add_column(title, overflow="fold")  # long text wraps instead of being cut off
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    console = Console(highlight=False)
    # Through print(), because rich ends the program by itself when the reader of a pipe has gone.
    with console.capture() as captured:
        console.print(table)
    print(captured.get(), end="")


def _duration(seconds: float) -> str:
    """``7 s``, ``3 min 20 s``, ``2 h 5 min``."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
