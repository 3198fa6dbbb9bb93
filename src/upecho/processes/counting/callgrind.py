"""Counting with Callgrind, a tool of Valgrind, which executes a program instruction by instruction.

It needs no hardware counter and no permission. A program runs about fifty times slower, and what it executes in user
mode is counted exactly. Each process of the server writes its count to a file of its own when it ends.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upecho.processes.linux import procfs
from upecho.processes.server_process import ServerProcess
from upecho.support.errors import HarnessError, Unavailable

INSTALL = "install it, for example with apt install valgrind or dnf install valgrind"
TOTAL = re.compile(r"^totals: (\d+)$", re.MULTILINE)
FILE = "count."


class Uncountable(Exception):
    """The server works, but its instructions cannot be counted."""


class CallgrindCount:
    """The count of one server process.

    Attributes:
        prefix: The command line of Callgrind.
    """

    def __init__(self, program: str, directory: Path) -> None:
        self._directory = directory
        self._pids: list[int] = []
        file = str(directory).replace("%", "%%") + f"/{FILE}%p"
        self.prefix = (
            program, "--tool=callgrind", "--quiet", "--vgdb=no", "--trace-children=yes", f"--callgrind-out-file={file}",
        )  # fmt: skip

    def attach(self, server: ServerProcess) -> None:
        """Take note of the processes that have to leave a count."""
        self._pids = procfs.members(server.child.tree)

    def total(self) -> int:
        """Return the sum of the counts of all processes."""
        totals = {file.name.removeprefix(FILE): _total(file) for file in self._directory.glob(f"{FILE}*")}
        missing = {str(pid) for pid in self._pids} - {pid for pid, total in totals.items() if total is not None}
        if missing:
            raise Uncountable(f"{len(missing)} of {len(self._pids)} processes left no count")
        return sum(total for total in totals.values() if total is not None)


class Callgrind:
    """Callgrind.

    Attributes:
        name: Name that users choose it by.
        tool: Version of Valgrind.
        slowdown: Deadlines are for a busy machine, on which a server is at most this many times slower than usual.
    """

    name = "callgrind"
    slowdown = 20.0

    def __init__(self) -> None:
        """Find Valgrind.

        Raises:
            Unavailable: It is not installed, or the processes that it has to count cannot be seen.
            HarnessError: It does not work.
        """
        procfs.expect_available("counting with Callgrind")
        program = shutil.which("valgrind")
        if program is None:
            raise Unavailable("valgrind is not on the PATH", subject="counting with Callgrind", hint=INSTALL)
        self._program = program
        self.tool = _version(program)

    @contextmanager
    def count(self, directory: Path) -> Iterator[CallgrindCount]:
        """Return the count of one server process."""
        with tempfile.TemporaryDirectory(dir=directory, prefix="count-") as private:
            yield CallgrindCount(self._program, Path(private))


def _version(program: str) -> str:
    """Return the version of Valgrind, such as ``valgrind-3.19.0``."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise HarnessError(str(error), subject=f"{program} does not work") from None
    return answer.stdout.strip()


def _total(file: Path) -> int | None:
    """Return the count in a file; None if it is incomplete, because its process was killed."""
    found = TOTAL.findall(file.read_text(errors="replace"))
    return int(found[-1]) if found else None
