"""Cleans up after a harness that was killed, so that no server and no socket file stays behind.

Theory of operation
    A process that is killed with SIGKILL cannot clean up, so another process has to. The supervisor starts this program
    in a session of its own, where neither Ctrl-C nor a hang-up of the terminal reaches it, and holds the only writing
    end of the pipe that is its standard input. Lines ``+PGID`` and ``-PGID`` tell which process groups exist. End of
    file means that the harness is gone, however it ended: the kernel closes the pipe in every case. The guardian then
    kills the groups and removes the private directory, which it has created itself, so there is no moment at which the
    directory exists and no guardian knows about it. The supervisor reports a group before the group executes anything.

    A daemon leaves its process group. It inherits the environment, though, and the variable ``MARK`` in there names
    the directory, so ``/proc`` reveals it. Because processes may start others while they are being killed, the search
    is repeated until two searches in a row find nothing; one would not do, because a process has no visible environment
    for a moment while it executes another program.

    Not handled: a guardian that is itself killed (the supervisor then fails with the next process it starts, and cleans
    up what it can), a daemon that clears its environment or changes its user, daemons on systems without ``/proc``, and
    abstract Unix sockets, which vanish with their process.

This program imports nothing of upecho, so that its start costs little and depends on nothing.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

LONGEST_DIRECTORY_BYTES = 60  # of the 103 or 107 bytes that the path of a Unix socket may have
MARK = "UPECHO_SUPERVISOR"  # environment variable of every child; its value is the private directory
ATTEMPTS = 100  # bounds the fight against processes that start others faster than they can be killed
PAUSE_SECONDS = 0.02  # between two searches; longer than an execve leaves a process without an environment


def main() -> None:
    """Create a private directory, print its path, wait for the end of the harness, and clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # only the end of the harness ends the guardian
    try:
        directory = tempfile.mkdtemp(prefix="upecho-", dir=_short_directory())
    except OSError:
        sys.exit(1)  # the harness reads no path and reports that
    groups: set[int] = set()
    try:
        print(directory, flush=True)
        for line in sys.stdin:
            change = groups.add if line[0] == "+" else groups.discard
            change(int(line[1:]))
    finally:
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        _kill_marked(f"{MARK}={directory}")
        shutil.rmtree(directory)


def _kill_marked(mark: str) -> None:
    """Kill every process with a variable in its environment until two searches in a row find none."""
    empty_searches = 0
    for _ in range(ATTEMPTS):
        found = list(_marked(os.fsencode(mark)))
        empty_searches = 0 if found else empty_searches + 1
        if empty_searches == 2:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE_SECONDS)


def _marked(mark: bytes) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or belongs to another user
            if mark in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


def _short_directory() -> str | None:
    """Return where to create the directory: None for the usual place, unless its name is too long or has a line end."""
    usual = tempfile.gettempdir()
    fits = len(os.fsencode(usual)) <= LONGEST_DIRECTORY_BYTES and "\n" not in usual
    return None if fits else "/tmp"  # noqa: S108 (mkdtemp)


if __name__ == "__main__":
    main()
