"""Child processes: starting them, and leaving none behind.

A ``Supervisor`` has every child started by its guardian, which also ends them all if the harness is killed;
``upecho.processes.guardian`` explains how.
"""

import contextlib
import itertools
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import IO, Self

from upecho.net.address import Family
from upecho.processes.child import Child, Streams, guardian_killed
from upecho.processes.ending import ended
from upecho.processes.guardian import NO_DIRECTORY
from upecho.processes.layout import environment
from upecho.processes.orders import Order, encode
from upecho.processes.refusals import cannot_start
from upecho.processes.rlimits import expect
from upecho.support.errors import HarnessError

GUARDIAN = """import sys
sys.path += sys.argv[3:]
from upecho.processes.guardian import main
main(int(sys.argv[1]), sys.argv[2])
"""
FORK_SERVER = "import sys; from upecho.processes.fork_server import main; main(int(sys.argv[1]), *sys.argv[2:])"
PACKAGES = Path(__file__).parents[2]


class Supervisor:
    """Starts child processes; they end with its ``with`` block, even if this process is killed.

    Attributes:
        directory: Private directory for Unix sockets and temporary files; it is removed with the children.
        program: Name of the module whose ``main`` is called by children that are forked; None if none can be.
    """

    directory: Path

    def __init__(self, program: str | None = None, modules: Iterable[str] = (), *, parent: str = "") -> None:
        """Prepare to start programs; the guardian starts with the ``with`` block.

        Args:
            program: Name of a module that ``fork`` runs. It is imported only once (``upecho.processes.fork_server``).
            modules: Names of modules that it will import, which are imported only once as well.
            parent: Where to create the directory; empty for the usual place for temporary files.
        """
        self.program = program
        self._parent = parent
        if program:
            self._command, self._arguments = ["-P", "-c", FORK_SERVER], [program, *modules]
        else:
            self._command, self._arguments = ["-I", "-S", "-c", GUARDIAN], [str(PACKAGES)]

    def __enter__(self) -> Self:
        self._children: set[Child] = set()
        self._numbers = itertools.count(1)
        self._control, theirs = socket.socketpair()
        try:
            self._guardian = subprocess.Popen(
                [sys.executable, *self._command, str(theirs.fileno()), self._parent, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            self._control.close()
            raise cannot_start(error.strerror) from None
        finally:
            theirs.close()
        with self._control.makefile("rb", buffering=0) as answer:
            self.directory = Path(os.fsdecode(answer.readline().rstrip(b"\n")))
        if not self.directory.is_absolute():
            self._end_guardian()
            raise _not_started(self._guardian.returncode)
        return self

    def new_address(self, family: Family) -> str:
        """Return an address to bind that no one else uses; for TCP it has port 0.

        A Unix path has a directory of its own, because some servers remove that with the path.
        """
        number = f"{next(self._numbers):06}"  # addresses of one length, so that no server gets another memory layout
        if family is Family.UNIX:
            (self.directory / number).mkdir(mode=0o700)
        return {
            Family.INET: "127.0.0.1:0",
            Family.INET6: "[::1]:0",
            Family.UNIX: f"unix:{self.directory}/{number}/s",
            Family.ABSTRACT: f"unix:@{self.directory.name}/{number}",
        }[family]

    def __exit__(self, *raised: object) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self._end_guardian)
            for child in list(self._children):
                stack.callback(child.close)

    def _end_guardian(self) -> None:
        self._control.close()
        self._guardian.wait()
        if self.directory.is_absolute() and self.directory.exists():  # it was killed itself
            shutil.rmtree(self.directory)

    def start(  # noqa: PLR0913 (one parameter for each condition)
        self,
        argv: Sequence[str],
        cores: Collection[int] = (),
        *,
        descriptors: int | None = None,
        umask: int | None = None,
        layout: int | None = None,
        mute: bool = False,
    ) -> Child:
        """Start a program.

        The current directory and the environment are those of this process; the signal mask is empty, and no signal is
        ignored.

        Args:
            argv: The program and its arguments.
            cores: Processor cores that it may run on; empty means all of them.
            descriptors: Number of descriptors that it may open; None means as many as this process.
            umask: Its file mode creation mask; None means that of this process.
            layout: Number of its layout (``upecho.processes.layout``); None leaves it to the system.
            mute: Whether its stdout leads to ``/dev/null``, because it will not be read.

        Raises:
            HarnessError: No process could be started, or not even this process may open that many descriptors.
        """
        order = _order(argv, cores, descriptors=descriptors, umask=umask, is_executed=True)
        if layout is not None:
            order["env"] = environment(order["env"], argv, layout)
            order["has_fixed_addresses"] = True
        return self._start(order, mute=mute)

    def fork(
        self,
        arguments: Sequence[str],
        cores: Collection[int] = (),
        *,
        descriptors: int | None = None,
        umask: int | None = None,
    ) -> Child:
        """Run ``program`` in a forked process, which finds what an executed program would find.

        Args:
            arguments: Its ``sys.argv[1:]``.
            cores: As for ``start``, like the descriptors and the errors.
            descriptors: As for ``start``.
            umask: As for ``start``.
        """
        assert self.program
        argv = [self.program, *arguments]
        return self._start(_order(argv, cores, descriptors=descriptors, umask=umask, is_executed=False))

    def _start(self, order: Order, *, mute: bool = False) -> Child:
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            report, report_writer = _pipe(ours, theirs)
            stdin_reader, stdin = _pipe(theirs, ours)
            stdout, stdout_writer = _pipe(ours, theirs)
            stderr, stderr_writer = _pipe(ours, theirs)
            spool = ours.enter_context(tempfile.TemporaryFile(dir=self.directory))
            directory = _opened(theirs, ".", getattr(os, "O_PATH", os.O_RDONLY))
            output = _opened(theirs, os.devnull, os.O_WRONLY) if mute else stdout_writer.fileno()
            keeps = [report_writer.fileno(), stderr.fileno(), spool.fileno()]
            self._send(encode(order), [*keeps, stdin_reader.fileno(), output, stderr_writer.fileno(), directory])
            theirs.close()
            child = Child(Streams(report, stdin, stdout, stderr, spool), self._children.discard)
            ours.pop_all()
        self._children.add(child)
        return child

    def _send(self, order: bytes, files: list[int]) -> None:
        try:
            sent = socket.send_fds(self._control, [order], files)
            self._control.sendall(order[sent:])
        except ConnectionError:
            raise guardian_killed() from None


def _not_started(status: int) -> HarnessError:
    """Return the error that the guardian has ended before it had a directory."""
    if status == NO_DIRECTORY:
        return HarnessError("cannot create a temporary directory", hint="free disk space or change TMPDIR")
    return HarnessError(f"it {ended(status)} at its start", subject="the guardian process did not start")


def _order(
    argv: Sequence[str], cores: Collection[int], *, descriptors: int | None, umask: int | None, is_executed: bool
) -> Order:
    """Return what the guardian has to start; the arguments are those of ``Supervisor.start``."""
    if descriptors:
        expect(descriptors, f"a process that needs {descriptors}")
    return Order(
        argv=list(argv),
        is_executed=is_executed,
        env=dict(os.environ),
        has_fixed_addresses=False,
        cores=list(cores),
        descriptor_limits=(descriptors, descriptors) if descriptors else resource.getrlimit(resource.RLIMIT_NOFILE),
        umask=_umask() if umask is None else umask,
    )


def _pipe(reader_stack: contextlib.ExitStack, writer_stack: contextlib.ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Return the two ends of a pipe, each closed by its stack."""
    reader, writer = os.pipe()
    return reader_stack.enter_context(os.fdopen(reader, "rb", 0)), writer_stack.enter_context(
        os.fdopen(writer, "wb", 0)
    )


def _opened(stack: contextlib.ExitStack, path: str, flags: int) -> int:
    """Open a file, which the stack closes."""
    file = os.open(path, flags)
    stack.callback(os.close, file)
    return file


def _umask() -> int:
    """Return the file mode creation mask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
