"""The command line: parse, one call, print. Each command is a module of its own, imported when needed."""

import contextlib
import errno
import importlib
import os
import sys
from pathlib import Path
from typing import Any, NoReturn, TextIO, cast

import click

from upecho import __version__
from upecho.cli.signals import Ended
from upecho.support.errors import CallerError, HarnessError, UpechoError
from upecho.support.text import unknown_name

COMMANDS = ("list", "serve", "send", "check", "bench", "compare")
INTERRUPTED = 130  # what a shell reports for a program that SIGINT ended
COMPLETION = "_UPECHO_COMPLETE"  # how a shell asks for completions (click's convention)
OUTPUT_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})  # of a write to stdout


class Commands(click.Group):
    """Finds a command in ``upecho.cli.<name>_command``, where it is called ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the names in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, and only that one: serving should not pay for checking."""
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

    One tiny protocol, uppercase echo, in every I/O model: serve it, check how it behaves, measure its cost.
    """


class Forgiving:
    """A stream that loses what cannot be written: of stderr and the exit status, the status counts."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it, if that can be done."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is left; what cannot be written now must not fail again at Python's exit."""
        try:
            self._stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def main() -> NoReturn:
    """Run the command line; every foreseen failure is one line on stderr and the exit status it deserves."""
    if sys.stderr is None:  # it was closed, and print would take stdout instead
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 (stays open as long as any stderr)
    sys.stderr = cast(TextIO, Forgiving(sys.stderr))
    try:
        status = _run()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        status = 0
    except Ended as error:
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
    _abandon_output()
    sys.exit(status)


def _run() -> int:
    """Do as click's own main, which would take a broken pipe and the end of any file for an interrupt."""
    if sys.stdout is None:
        raise HarnessError("stdout is closed; send it to /dev/null if nobody is to read it")
    if COMPLETION in os.environ:
        upecho.main(prog_name="upecho")
    try:
        with upecho.make_context("upecho", sys.argv[1:]) as context:
            result: Any = upecho.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return result if isinstance(result, int) else 0


def _abandon_output() -> None:
    """Write what is left; a failure has been reported, and Python must not fail again at its exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(line: str, status: int) -> int:
    sys.stderr.write(f"upecho: {' '.join(line.splitlines())}\n")
    return status


def _fail_by_system(error: OSError) -> int:
    if error.filename is None and error.errno == errno.ENOENT and not _is_anywhere():
        return _fail("the current directory does not exist any more", CallerError.exit_status)
    if error.filename is None and error.errno not in OUTPUT_ERRORS:
        raise error
    return _fail(_system(error), HarnessError.exit_status)


def _is_anywhere() -> bool:
    """Whether the current directory exists, for which some packages look when they are imported."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _usage(error: click.UsageError) -> str:
    """Put click's message on one line, and say where to find out more."""
    message = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.command_path if error.ctx else "upecho"
    return f"{message} (see {command} --help)"


def _system(error: OSError) -> str:
    what = "no space left on the disk" if error.errno == errno.ENOSPC else error.strerror or str(error)
    return f"{what}: {error.filename}" if error.filename else what
