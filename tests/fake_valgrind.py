"""A program that takes the place of Valgrind: quick, and the counts are known."""

from pathlib import Path

import pytest

VERSION = "valgrind-0.0.0"
STEP = 1_000_000  # each server executes this many instructions more than the one before

# The count is written at once, because the program becomes the server.
PROGRAM = f"""#!/bin/sh
[ "$1" = --version ] && echo {VERSION} && exit
while case $1 in --*) true;; *) false;; esac; do
    case $1 in --callgrind-out-file=*) file=${{1#*=}};; esac
    shift
done
case "$*" in *{{refused}}*) echo "unhandled system call: 425" >&2; exit 1;; esac
echo >> "$(dirname "$0")/started"
number=$(wc -l < "$(dirname "$0")/started")
echo "totals: $((number * {STEP}))" > "${{file%"%p"}}$$"
exec "$@"
"""


def install(directory: Path, monkeypatch: pytest.MonkeyPatch, *, refused: str = "no such target") -> None:
    """Put the program in front of everything else on the PATH.

    Args:
        directory: Where to create it.
        monkeypatch: Undoes it.
        refused: Text in the command of a server that it cannot execute.
    """
    program = directory / "valgrind"
    program.write_text(PROGRAM.replace("{refused}", refused.replace(" ", "\\ ")))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
