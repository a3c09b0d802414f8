"""Run one command line from its words to its exit code."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Annotated, Any

from cyclopts import CycloptsError, Parameter

from bottega.cli.app import build_app
from bottega.cli.faces import Face, face_for
from bottega.cli.sentences import empty_word, sentence
from bottega.errors import INTERNAL_ERROR_CODE, BottegaError, Cancelled, SettingsError
from bottega.tools.common.tool import Tool, is_out_of_memory, out_of_memory_error

BROKEN_PIPE_CODE = 141
"""What a shell reports for a program that a closed pipe ended (128 + SIGPIPE)."""


@dataclass
class Options:
    """The options that every command has."""

    json: bool = False
    quiet: bool = False
    debug: bool = False


def main(words: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        words: what was typed after ``bottega``; ``None`` takes the arguments of this process.

    Returns:
        The exit code; docs/command-line.md lists them.
    """
    given = list(sys.argv[1:] if words is None else words)
    # Known before anything is parsed, so that errors of parsing already speak the asked-for way.
    options = Options("--json" in given, "--quiet" in given, "--debug" in given)
    face = face_for(options.json, options.quiet)
    try:
        with _termination_as_interrupt():
            return _end(lambda: _run(given, options, face), options, face)
    except (BrokenPipeError, SystemExit):
        # The reader has gone (rich, which prints the help, then raises SystemExit);
        # Python would complain once more when it flushes at exit.
        sys.stdout = None
        return BROKEN_PIPE_CODE


def _run(given: list[str], options: Options, face: Face) -> int:
    exit_code = 0

    def run_tool(tool: Tool, values: dict[str, Any]) -> None:
        nonlocal exit_code
        settings = tool.configure(values)
        if tool.uses_networks:
            _prepare_process()
        with face:
            outcome = tool.run(settings, face)
        face.result(tool.name, outcome)
        if outcome.error is not None:
            face.error(outcome.error, outcome.error.exit_code)
            exit_code = outcome.error.exit_code

    app = build_app(run_tool)

    @app.meta.default
    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        json: Annotated[bool, Parameter(negative=(), help="one JSON object per line, for programs")] = False,
        quiet: Annotated[bool, Parameter(negative=(), help="say nothing but results and errors")] = False,
        debug: Annotated[bool, Parameter(negative=(), help="show the traceback of an error")] = False,
    ) -> None:
        options.json, options.quiet, options.debug = json, quiet, debug
        _call(app, tokens)

    _call(app.meta, given)
    sys.stdout.flush()
    return exit_code


def _call(app: Any, tokens: Sequence[str]) -> None:
    if told := empty_word(tokens):
        raise SettingsError(told)
    try:
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        raise SettingsError(sentence(error)) from error


def _end(work: Callable[[], int], options: Options, face: Face) -> int:
    """Every way in which work may end, as one sentence and an exit code."""
    try:
        return work()
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - the door: no traceback reaches the visitor
        if options.debug:
            traceback.print_exception(error)
        told = _told(error, options)
        code = told.exit_code if isinstance(told, BottegaError) else INTERNAL_ERROR_CODE
        face.error(told, code)
        return code


def _told(error: BaseException, options: Options) -> BaseException:
    """The error as the visitor is told about it: one of ours, or a sentence about our defect."""
    if isinstance(error, BottegaError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Cancelled("Stopped; no result was written.")
    if is_out_of_memory(error):
        return out_of_memory_error("this")
    hint = "" if options.debug else " Run again with --debug for the traceback."
    sentence = f"Bottega failed by a defect of its own ({type(error).__name__}: {error}).{hint}"
    return RuntimeError(" ".join(sentence.split()))


def _prepare_process() -> None:
    """This process is ours, so its allocator may be tuned; a library must not do that."""
    from bottega import runtime

    runtime.tune_allocator()


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """End by SIGTERM as by Ctrl-C, so that temporary files are removed."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread: whoever runs us there handles signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
