"""Run one command line, from its arguments to its exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from bottega import process
from bottega.cli.app import build_app
from bottega.cli.interrupts import set_output, set_working, stop_message, was_interrupted
from bottega.cli.output import OutputHandler, output_handler
from bottega.cli.usage_errors import empty_argument, usage_message
from bottega.errors import INTERNAL_ERROR_CODE, BottegaError, Cancelled, SettingsError
from bottega.tools.common.tool import Tool, is_out_of_memory, out_of_memory_error
from bottega.tools.registry import TOOLS

BROKEN_PIPE_CODE = 141
"""What a shell reports for a program that a closed pipe ended (128 + SIGPIPE)."""


@dataclass
class Options:
    """The options that every command has."""

    json: bool = False
    quiet: bool = False
    debug: bool = False


def run(args: Sequence[str] | None = None) -> int:
    """Run a command line; see :func:`bottega.cli.main`."""
    whole_process = args is None
    args = list(sys.argv[1:] if args is None else args)
    # Read before parsing, so that errors of parsing are written as requested.
    options = Options("--json" in args, "--quiet" in args, "--debug" in args)
    output = output_handler(options.json, options.quiet)
    set_output(lambda: output.__exit__(), json=options.json)
    try:
        try:
            return _run(args, options, output, whole_process)
        except BrokenPipeError:
            raise
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - no traceback for users
            if options.debug:
                traceback.print_exception(error)
            user_error = _to_user_error(error, options)
            code = getattr(user_error, "exit_code", INTERNAL_ERROR_CODE)
            output.error(user_error, code)
            return int(code)
        finally:
            set_working(False)
    except (BrokenPipeError, SystemExit):
        # The reader has gone (rich, which prints the help, then raises SystemExit);
        # Python would complain once more when it flushes at exit.
        sys.stdout = None
        return BROKEN_PIPE_CODE


def _run(args: list[str], options: Options, output: OutputHandler, whole_process: bool) -> int:
    exit_code = 0

    def run_tool(tool: Tool, values: dict[str, Any]) -> None:
        nonlocal exit_code
        settings = tool.configure(values)
        # Before torch is imported, which takes seconds: a wrong name of a file is answered at once.
        tool.check(settings)
        with output:
            if tool.uses_networks:
                if whole_process:  # a library must not change the threads of a process
                    process.prepare()
                from bottega import runtime

                runtime.configure_malloc()
                if whole_process:  # tools with a setting for threads set their own number again
                    runtime.set_threads()
            set_working(True)
            result = tool.run(settings, output)
        output.result(tool.name, result)
        if result.error is not None:
            exit_code = result.error.exit_code
            output.error(result.error, exit_code)

    app = build_app(run_tool, _called_tool(args))
    app.meta.suppress_keyboard_interrupt = False

    @app.meta.default
    def launch(
        *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        json: Annotated[
            bool, Parameter(negative=(), show_default=False, help="one JSON object per line, for programs")
        ] = False,
        quiet: Annotated[
            bool, Parameter(negative=(), show_default=False, help="print only results and errors")
        ] = False,
        debug: Annotated[
            bool, Parameter(negative=(), show_default=False, help="show the traceback of an error")
        ] = False,
    ) -> None:
        options.json, options.quiet, options.debug = json, quiet, debug
        _call(app, tokens)

    _call(app.meta, args)
    sys.stdout.flush()
    return exit_code


def _called_tool(args: Sequence[str]) -> Tool | None:
    """The tool that the first words name, if they do: then no other command needs to be built."""
    return TOOLS.get(" ".join(args[:2])) or TOOLS.get(" ".join(args[:1]))


def _call(app: App, tokens: Sequence[str]) -> None:
    if message := empty_argument(tokens):
        raise SettingsError(message)
    try:
        app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        raise SettingsError(usage_message(error)) from error


def _to_user_error(error: BaseException, options: Options) -> BaseException:
    """The error that the user reads: one of ours, or a sentence about a bug of ours."""
    if isinstance(error, Cancelled) or (isinstance(error, BottegaError) and not was_interrupted()):
        return error
    # An interrupted library may raise an error of its own.
    if isinstance(error, KeyboardInterrupt) or was_interrupted():
        return Cancelled(stop_message())
    if is_out_of_memory(error):
        return out_of_memory_error("this")
    hint = "" if options.debug else " Run again with --debug for the traceback."
    message = f"Bottega failed because of a bug ({type(error).__name__}: {error}).{hint}"
    return RuntimeError(" ".join(message.split()))
