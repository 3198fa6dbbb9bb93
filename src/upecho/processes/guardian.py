"""Starts the processes of a harness and ends them with it, so that none of them and no socket file stays behind.

Theory of operation
    A process that is killed with SIGKILL cannot clean up, so another process has to. The supervisor starts this program
    in a session of its own, where neither Ctrl-C nor a hang-up of the terminal reaches it, and holds the only other end
    of its control socket. End of file means that the harness is gone, however it ended: the kernel closes the socket in
    every case. The guardian then kills everything it has started and removes the private directory, which it has
    created itself, so there is no moment at which the directory exists and no guardian knows about it.

    The guardian, and not the harness, is the parent of what it starts, so it goes on to be so when the harness has been
    killed. It forks a *keeper* for each program, below which everything stays that descends from the program
    (``upecho.processes.keeper``).

    Nested harnesses: what a program starts may have a guardian of its own, which has to remove its own directory. All
    guardians and keepers have the process name ``GUARDIAN`` and are not killed at first: they end once nothing is below
    them. What still has the name after a while is killed, too. A harness that knows the directory of the outer guardian
    has its own one created there, so that it is removed whatever happens to its guardian.

    Not handled: a guardian or a keeper that is itself killed (the harness still knows which processes are below the
    keeper until that is killed), processes of another user, and, on systems other than Linux, processes that leave the
    process group of their program.

This program imports nothing of upecho but ``keeper``, ``orders``, ``process_tree`` and ``stderr_spool``, so that its
start costs little.
"""

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import time

from upecho.processes import keeper
from upecho.processes.linux.process_tree import GUARDIAN, descendants
from upecho.processes.orders import Order, receive

LONGEST_DIRECTORY_BYTES = 60  # of the 103 or 107 bytes that the path of a Unix socket may have
ATTEMPTS = 100  # bounds the fight against processes that start others faster than they can be killed
PAUSE_SECONDS = 0.02  # between two attempts
NO_DIRECTORY = 73  # EX_CANTCREAT in sysexits.h


def main(file: int, parent: str) -> Order | None:
    """Create a private directory, report its path, start programs until the harness ends, and clean up.

    Args:
        file: Descriptor of the control socket.
        parent: Where to create the directory; empty for the usual place.

    Returns:
        None in the guardian. In a new process that executes nothing, what it has to do.
    """
    guardian = os.getpid()
    take_name(GUARDIAN)  # before the directory exists: without the name, an outer guardian may kill this process
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, keeper.END_PROGRAM):
        signal.signal(number, signal.SIG_IGN)  # only the end of the harness ends the guardian
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then waits for the keepers
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        directory = tempfile.mkdtemp(prefix="upecho-", dir=parent or _short_directory())
    except OSError:
        sys.exit(NO_DIRECTORY)  # the harness reads no path and reports that
    control = socket.socket(fileno=file)
    control.set_inheritable(False)
    try:
        with contextlib.suppress(BrokenPipeError):  # the harness ended during its start
            control.sendall(os.fsencode(directory) + b"\n")
        keeper.adopt_orphans()
        while order := receive(control):
            if keeper.start(*order, control):
                return order[0]
    finally:
        if os.getpid() == guardian:
            _end_all()
            shutil.rmtree(directory)
    return None


def take_name(name: str) -> None:
    """Change the name of this process, which the processes that it forks inherit; Linux only."""
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as file:  # noqa: PTH123 (pathlib imports much)
        file.write(name)


def _end_all() -> None:
    """Kill everything below this process, until the keepers have ended."""
    for attempt in range(ATTEMPTS):
        os.killpg(0, keeper.END_PROGRAM)  # the keepers are in the group of the guardian, which ignores the signal
        for pid in descendants(os.getpid(), with_guardians=attempt > ATTEMPTS / 2):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        time.sleep(PAUSE_SECONDS)


def _short_directory() -> str | None:
    """Return where to create the directory: None for the usual place, unless its name is too long or has a line end."""
    usual = tempfile.gettempdir()
    fits = len(os.fsencode(usual)) <= LONGEST_DIRECTORY_BYTES and "\n" not in usual
    return None if fits else "/tmp"  # noqa: S108 (mkdtemp)
