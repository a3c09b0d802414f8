"""How the command line speaks: to people, to programs, or hardly at all.

Results go to standard output; progress, notes and errors of the spoken faces go to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from bottega.tools.common.progress import ProgressReporter
from bottega.tools.common.tool import ToolResult

if TYPE_CHECKING:
    from rich.progress import Progress


class Face(ProgressReporter):
    """What main() needs of a face, beside what a tool reports. This one is ``--quiet``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def result(self, tool: str, outcome: ToolResult) -> None:
        """Show what came out."""
        if outcome.rows:
            _print_table(outcome.rows)
        for path in outcome.files:
            print(path)

    def error(self, error: BaseException, code: int) -> None:
        """Show why it ended."""
        print(f"bottega: {error}", file=sys.stderr)


class ScreenFace(Face):
    """For people: a progress bar with the time left, tables, sentences."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: Any = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}", markup=False),
        )
        # A bar in a log file would be thousands of lines.
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._task = None

    def progress(
        self,
        done: float,
        message: str = "",
        *,
        seconds_left: float | None = None,
        preview: Callable[[], Any] | None = None,
    ) -> None:
        if self._progress is None:
            return
        if self._task is None:
            self._task = self._progress.add_task("", total=1.0, left="")
        left = seconds_left
        if left is None:
            left = self._progress.tasks[0].time_remaining
        words = "" if left is None else f"{_duration(left)} left"
        self._progress.update(self._task, completed=done, description=message, left=words)

    def note(self, message: str) -> None:
        if self._progress is not None and not self._progress.disable:
            self._progress.console.print(message, markup=False, highlight=False)
        else:
            print(message, file=sys.stderr)

    def result(self, tool: str, outcome: ToolResult) -> None:
        if outcome.rows:
            _print_table(outcome.rows)
        if outcome.rows and outcome.summary:
            print()
        if outcome.summary:
            print(outcome.summary)


class JsonFace(Face):
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

    def result(self, tool: str, outcome: ToolResult) -> None:
        files = [str(path) for path in outcome.files]
        more = {"rows": list(outcome.rows)} if outcome.rows else {}
        _print_json("result", tool=tool, summary=outcome.summary, files=files, **more, **outcome.details)

    def error(self, error: BaseException, code: int) -> None:
        _print_json("error", kind=type(error).__name__, message=str(error), exit_code=code)


def face_for(as_json: bool, quiet: bool) -> Face:
    """The face that the options ask for; ``--json`` wins over ``--quiet``."""
    return JsonFace() if as_json else Face() if quiet else ScreenFace()


def _print_json(event: str, **values: Any) -> None:
    print(json.dumps({"event": event, **values}, ensure_ascii=False, default=str), flush=True)


def _print_table(rows: tuple[dict[str, Any], ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # As narrow as can be, so that a name of 12 letters and a sha256 stand side by side in 80 columns.
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", show_edge=False, pad_edge=False)
    for title in rows[0]:
        table.add_column(title, overflow="fold")  # nothing is cut off, however narrow the window
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    console = Console(highlight=False)
    # Through print(), because rich ends the program by itself when the reader of a pipe has gone.
    with console.capture() as captured:
        console.print(table)
    print(captured.get(), end="")


def _duration(seconds: float) -> str:
    """``7 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
