"""The command line: parse the arguments, make one call, print the answer.

Each command is a module of its own in ``commands``, imported only when it runs.
"""

import contextlib
import errno
import importlib
import os
import sys
from typing import Any, NoReturn, TextIO, cast

import click

from upecho import __version__
from upecho.cli.signals import TerminatedBySignal, accept_signals
from upecho.support.errors import CallerError, HarnessError, UpechoError
from upecho.support.text import printable, unknown_name

COMMANDS = ("list", "serve", "send", "check", "bench", "locust", "show", "compare", "report", "export")
INTERRUPTED = 130  # the exit status that a shell reports for a program killed by SIGINT
COMPLETION = "_UPECHO_COMPLETE"  # the variable through which a shell asks for completions (click's convention)
OUTPUT_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})  # from a write to stdout


class Commands(click.Group):
    """A group that finds each command as ``command`` in ``upecho.cli.commands.<name>``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the names in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the requested command only, so that ``upecho serve`` does not load what ``upecho check`` needs."""
        if cmd_name in COMMANDS:
            command: click.Command = importlib.import_module(f"upecho.cli.commands.{cmd_name}").command
            return command
        if ctx.resilient_parsing or cmd_name.startswith("-"):
            return None
        raise CallerError(unknown_name("command", cmd_name, COMMANDS))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="upecho")
def upecho() -> None:
    """The neutral referee for Python socket servers.

    One tiny protocol, uppercase echo, served with every I/O model: run a server, check it, measure its cost.
    """


class LossyStream:
    """A text stream that silently drops what it cannot write: a full disk must not change the exit status."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write ``text`` if possible."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if possible; otherwise redirect the stream to nowhere, so that Python's exit does not fail on it."""
        try:
            self._stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def main() -> NoReturn:
    """Run the command line and exit; every expected failure is one line on stderr and a documented exit status."""
    if sys.stderr is None:  # it was closed, and print() would use stdout in its place
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 (stays open as long as any stderr)
    sys.stderr = cast(TextIO, LossyStream(sys.stderr))
    accept_signals()
    try:
        status = _run()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has closed it, as `head` does
        status = 0
    except TerminatedBySignal as error:
        status = _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        status = _fail("interrupted", INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        status = error.exit_code
    except click.UsageError as error:
        status = _fail(_usage(error), CallerError.exit_status)
    except UpechoError as error:
        status = _fail(str(error), error.exit_status)
    except OSError as error:
        status = _fail_by_system(error)
    _flush_or_discard_output()
    sys.exit(status)


def _run() -> int:
    """Invoke the command as click's own ``main`` would.

    Click's version treats a broken pipe and any EOFError as an interrupt, which would hide bugs.
    """
    if sys.stdout is None:
        raise HarnessError("stdout is closed; redirect it to /dev/null if the output is not needed")
    if COMPLETION in os.environ:
        upecho.main(prog_name="upecho")
    try:
        with upecho.make_context("upecho", sys.argv[1:]) as context:
            result: Any = upecho.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return result if isinstance(result, int) else 0


def _flush_or_discard_output() -> None:
    """Write what is left on stdout; a failure was reported already and must not be reported again at Python's exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(line: str, status: int) -> int:
    sys.stderr.write(f"upecho: {printable(' '.join(line.splitlines()))}\n")
    return status


def _fail_by_system(error: OSError) -> int:
    """Report an error of the operating system, unless it can only be a bug of ours."""
    if error.filename is None and error.errno not in OUTPUT_ERRORS:
        raise error
    return _fail(_describe(error), HarnessError.exit_status)


def _usage(error: click.UsageError) -> str:
    """Put click's message on one line and add where to find help."""
    message = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.command_path if error.ctx else "upecho"
    return f"{message} (see {command} --help)"


def _describe(error: OSError) -> str:
    what = "no space left on the disk" if error.errno == errno.ENOSPC else error.strerror or str(error)
    return f"{what}: {error.filename}" if error.filename else what
