"""The command line: parse, one call, print. Each command is a module of its own, imported when it is asked for."""

import errno
import importlib
import os
import sys
from typing import Any, NoReturn

import click

from upecho import __version__, registry
from upecho.errors import CallerError, HarnessError, UpechoError

COMMANDS = ("list", "serve", "send", "check", "bench")
INTERRUPTED = 130  # what a shell reports for a program that SIGINT ended


class Commands(click.Group):
    """Finds a command in ``upecho.cli.<name>_command``, where it is called ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the names in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        """Import a command, and only that one: serving should not pay for checking."""
        if cmd_name not in COMMANDS:
            raise CallerError(registry.unknown("command", cmd_name, COMMANDS))
        command: click.Command = importlib.import_module(f"upecho.cli.{cmd_name}_command").command
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="upecho")
def upecho() -> None:
    """The neutral referee for Python socket servers.

    One tiny protocol, uppercase echo, in every I/O model: serve it, check how it behaves, measure what it costs.
    """


def main() -> NoReturn:
    """Run the command line; every foreseen failure is one line on stderr and the exit status it deserves."""
    try:
        status = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python flushes stdout once more at exit; give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except (KeyboardInterrupt, click.Abort):
        status = _fail("interrupted", INTERRUPTED)
    except click.UsageError as error:
        status = _fail(_usage(error), CallerError.exit_status)
    except UpechoError as error:
        status = _fail(str(error), error.exit_status)
    except OSError as error:
        status = _fail(_system(error), HarnessError.exit_status)
    sys.exit(status)


def _run() -> int:
    result: Any = upecho.main(standalone_mode=False)
    return result if isinstance(result, int) else 0


def _fail(line: str, status: int) -> int:
    print(f"upecho: {line}", file=sys.stderr)
    return status


def _usage(error: click.UsageError) -> str:
    """Put click's message on one line, and say where to find out more."""
    message = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.command_path if error.ctx else "upecho"
    return f"{message} (see {command} --help)"


def _system(error: OSError) -> str:
    what = "no space left on the disk" if error.errno == errno.ENOSPC else error.strerror or str(error)
    return f"{what}: {error.filename}" if error.filename else what
