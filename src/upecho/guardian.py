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


def main() -> None:
    """Make a private folder, print its name, wait for the end of the harness, leave nothing behind."""
    folder = tempfile.mkdtemp(prefix="upecho-")
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


if __name__ == "__main__":
    main()
