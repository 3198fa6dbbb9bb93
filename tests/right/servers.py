"""The list of correct servers."""

import atexit
import functools
import inspect
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.right import programs
from upecho.net.address import Family

HERE = Path(__file__).parent
BOTH = (Family.INET, Family.UNIX)
PROGRAM = f"{sys.executable} -m {programs.__name__}"
OPTIONS = ["-O2", "-Wall", "-Wextra", "-Werror"]  # of the C compiler


@dataclass(frozen=True)
class Right:
    """A correct server.

    Attributes:
        name: Its name in tests and on the command line.
        command: Returns the command that starts it, with the placeholders of a target.
        needs: The programs that it needs.
        families: The families that it is checked over.
    """

    name: str
    command: Callable[[], str]
    needs: tuple[str, ...] = ()
    families: tuple[Family, ...] = BOTH

    @property
    def missing(self) -> str:
        """Why the server cannot run here; empty if it can."""
        missing = [program for program in self.needs if not shutil.which(program)]
        return f"{' and '.join(missing)} not installed" if missing else ""

    @property
    def target(self) -> str:
        """The target that the suite checks."""
        return f"cmd:{self.command()}"


def _wrapped(name: str, command: str, *needs: str) -> Right:
    return Right(name, lambda: command, needs)


def _in_c() -> str:
    return f"{_compiled()} {{address}}"


@functools.cache
def _compiled() -> str:
    """Compile the server in C, and return the path of the program."""
    directory = tempfile.mkdtemp(prefix="upecho-right-")
    atexit.register(shutil.rmtree, directory)
    program = f"{directory}/echo"
    subprocess.run(["cc", *OPTIONS, "-o", program, HERE / "echo.c"], check=True)
    return program


FUNCTIONS = [
    name
    for name, member in vars(programs).items()
    if inspect.isfunction(member) and member.__module__ == programs.__name__ and name != "main" and name[0] != "_"
]
PYTHON = [_wrapped(name.replace("_", "-"), f"{PROGRAM} {name} {{address}}") for name in FUNCTIONS]
OTHERS = [
    Right("c", _in_c, ("cc",)),
    _wrapped("perl", f"perl {HERE}/echo.pl {{address}}", "perl"),
    # Node removes the path of a Unix socket at the stop, whatever is there, and does not replace a stale one.
    Right("node", lambda: f"node {HERE}/echo.js {{address}}", ("node",), (Family.INET,)),
    # socat neither replaces a stale path nor keeps that of a running server.
    Right(
        "socat", lambda: f"sh {HERE}/socat.sh {{host}} {{port}}", ("socat", "setsid", "stdbuf", "pkill"), (Family.INET,)
    ),
    _wrapped("below-shell", f"sh {HERE}/passes_signals_on.sh {PROGRAM} usual {{address}}"),
    _wrapped("below-timeout", f"timeout 300 {PROGRAM} usual {{address}}", "timeout"),
    _wrapped("prefork-below-shell", f"sh {HERE}/passes_signals_on.sh {PROGRAM} prefork {{address}}"),
    _wrapped("upecho-serve", f"{sys.executable} -m upecho serve prefork --bind {{address}}"),
]
SERVERS = PYTHON + OTHERS
