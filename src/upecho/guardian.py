"""Outlives a harness that was killed, and cleans up after it: no server and no socket file stays behind.

A program of its own, started by ``upecho.process``; it imports nothing of upecho. Its standard input is a pipe whose
only writer is the harness: ``+PGID`` and ``-PGID`` lines say which process groups there are, and end of file, which
comes also when the harness is killed, says that nobody looks after them any more.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile

LONGEST_FOLDER = 60  # in bytes, of the 103 or 107 that the path of a Unix socket may have


def main() -> None:
    """Make a private folder, print its name, wait for the end of the harness, leave nothing behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # its end is the end of its harness, nothing else
    try:
        folder = tempfile.mkdtemp(prefix="upecho-", dir=_short_folder())
    except OSError:
        sys.exit(1)  # the harness, which gets no name of a folder, says so
    groups: set[int] = set()
    try:
        print(folder, flush=True)
        for line in sys.stdin:
            change = groups.add if line[0] == "+" else groups.discard
            change(int(line[1:]))
    finally:
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        shutil.rmtree(folder)


def _short_folder() -> str | None:
    """Return the usual folder for temporary files unless names in it would be too long, or more than one line."""
    usual = tempfile.gettempdir()
    fits = len(os.fsencode(usual)) <= LONGEST_FOLDER and "\n" not in usual
    return None if fits else "/tmp"  # noqa: S108 (mkdtemp)


if __name__ == "__main__":
    main()
