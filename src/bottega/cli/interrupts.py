"""Ctrl-C and SIGTERM: the program ends within a second and says what was written. Importing this is light."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

from bottega import files

INTERRUPTED_CODE = 130
"""What a shell reports for a program that Ctrl-C ended (128 + SIGINT)."""
GRACE_SECONDS = 0.6
"""After this time without an answer, Python itself is blocked: a computation runs inside a library."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _State:
    """Of this process.

    Attributes:
        working: whether a tool runs; before, there is nothing to clean up.
        received: signals that Python has handled.
        whole_process: whether the process does nothing else, so that it may be ended.
        json: whether messages are JSON.
        close_output: removes the progress bar.
    """

    working = False
    received = 0
    json = False
    whole_process = False
    close_output: Callable[[], object] | None = None


def stop_message() -> str:
    """What the user reads after Ctrl-C: whether results were written, and where."""
    paths = [path for path in files.written_files() if path.exists()]
    if not paths:
        return "Stopped; no result was written."
    name = os.path.relpath(paths[-1]) if paths[-1].is_relative_to(os.getcwd()) else str(paths[-1])
    if len(paths) == 1:
        return f"Stopped; {name} was written before."
    return f"Stopped; {len(paths)} files were written before, the last is {name}."


def was_interrupted() -> bool:
    """Whether a signal arrived while the current tool ran."""
    return _State.received > 0


def set_output(close: Callable[[], object], *, json: bool) -> None:
    """Set how the output is closed before the message at Ctrl-C, and whether that is JSON."""
    _State.close_output, _State.json = close, json


def set_working(working: bool) -> None:
    """Set whether a tool runs, whose files and state are put in order at Ctrl-C."""
    _State.working = working


def write_error(message: str) -> None:
    """Write an error as the output handlers do, at once and without their locks and buffers."""
    values = {"event": "error", "kind": "Cancelled", "message": message, "exit_code": INTERRUPTED_CODE}
    _write(values, message)


def _write(values: dict[str, Any], message: str) -> None:
    if _State.json:
        import json

        os.write(1, f"{json.dumps(values)}\n".encode())
        return
    # Over the progress bar, and with the cursor that it hides.
    prefix = "\r\x1b[K\x1b[?25h" if os.isatty(2) else ""
    os.write(2, f"{prefix}bottega: {message}\n".encode())


def end_process(code: int) -> NoReturn:
    """End the process at once, after its output is written."""
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _exit_now() -> NoReturn:
    """End the process without waiting for the main thread, but leave no unfinished file."""
    with contextlib.suppress(Exception):
        files.remove_temporary_files()
        if _State.close_output is not None:
            # In a thread, because this one may be interrupted while it holds the lock of the progress bar.
            closing = threading.Thread(target=_State.close_output, daemon=True)
            closing.start()
            closing.join(0.3)
        write_error(stop_message())
    end_process(INTERRUPTED_CODE)


def _handle(number: int, frame: FrameType | None) -> None:
    _State.received += 1
    if not _State.whole_process or (_State.working and _State.received == 1):
        raise KeyboardInterrupt
    # Before a tool runs, modules are being imported, which may swallow the exception; a second Ctrl-C is
    # from a user who does not want to wait.
    _exit_now()


def _watch(descriptor: int) -> None:
    """In a thread: end the process where Python cannot, because a library computes for long."""
    while data := os.read(descriptor, 1):
        if data[0] not in SIGNALS:
            continue
        received = _State.received
        time.sleep(GRACE_SECONDS)
        if signal.getsignal(data[0]) is not _handle:
            # A training finishes its step and saves its state.
            message = "Stopping; the state is being saved."
            _write({"event": "note", "message": message}, message)
        elif _State.received == received == 0:
            _exit_now()


@contextlib.contextmanager
def interrupts_handled(*, whole_process: bool) -> Iterator[None]:
    """Within the block Ctrl-C and SIGTERM raise KeyboardInterrupt, or end the process where that is not seen.

    Args:
        whole_process: whether the process is ours and ends after the block: then the signals are ignored from
            there on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # the caller handles signals
        return
    # A shell starts background processes with SIGINT ignored.
    numbers = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    _State.working, _State.received, _State.whole_process = False, 0, whole_process
    files.forget_written_files()
    previous: dict[signal.Signals, Any] = {number: signal.signal(number, _handle) for number in numbers}
    pipe: tuple[int, int] | None = None
    old_descriptor = -1
    if os.name == "posix" and whole_process:
        pipe = os.pipe()
        os.set_blocking(pipe[1], False)
        old_descriptor = signal.set_wakeup_fd(pipe[1], warn_on_full_buffer=False)
        threading.Thread(target=_watch, args=(pipe[0],), daemon=True).start()
    try:
        yield
    finally:
        _State.working = False
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_IGN if whole_process else handler or signal.SIG_DFL)
        if pipe is not None:
            signal.set_wakeup_fd(old_descriptor)
            os.close(pipe[1])  # ends the thread
