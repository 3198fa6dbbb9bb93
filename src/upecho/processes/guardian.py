"""Outlives a harness that was killed, and cleans up after it: no server and no socket file stays behind.

A program of its own, started by ``supervisor``; it imports nothing of upecho. Its standard input is a pipe whose
only writer is the harness: ``+PGID`` and ``-PGID`` lines say which process groups there are, and end of file, which
comes also when the harness is killed, says that nobody looks after them any more. Processes that have left their
group, as daemons do, are known by the variable ``MARK`` in their environment, where ``/proc`` shows it.
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

LONGEST_DIRECTORY = 60  # in bytes, of the 103 or 107 that the path of a Unix socket may have
MARK = "UPECHO_SUPERVISOR"  # its value is the directory
ATTEMPTS = 100  # at what starts others while it is being killed
PAUSE = 0.02  # seconds; a process has no environment to be seen for a moment while it executes another program


def main() -> None:
    """Make a private directory, print its name, wait for the end of the harness, leave nothing behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # its end is the end of its harness, nothing else
    try:
        directory = tempfile.mkdtemp(prefix="upecho-", dir=_short_directory())
    except OSError:
        sys.exit(1)  # the harness, which gets no name of a directory, says so
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
    calm = 0
    for _ in range(ATTEMPTS):
        found = list(_marked(os.fsencode(mark)))
        calm = 0 if found else calm + 1
        if calm > 1:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE)


def _marked(mark: bytes) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it is gone, or somebody else's
            if mark in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


def _short_directory() -> str | None:
    """Return the usual directory for temporary files unless names in it would be too long, or more than one line."""
    usual = tempfile.gettempdir()
    fits = len(os.fsencode(usual)) <= LONGEST_DIRECTORY and "\n" not in usual
    return None if fits else "/tmp"  # noqa: S108 (mkdtemp)


if __name__ == "__main__":
    main()
