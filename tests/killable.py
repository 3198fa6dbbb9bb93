"""A harness that a test kills, and what it leaves behind."""

import os
import subprocess
import uuid
from pathlib import Path
from typing import Self

MARKER = "UPECHO_TEST_MARKER"


class Harness:
    """A harness that a test kills, whose descendants can be told from all other processes."""

    def __init__(self, directory: Path, *command: str, stderr: int = subprocess.DEVNULL) -> None:
        self.marker = f"{MARKER}={uuid.uuid4()}"
        name, _, value = self.marker.partition("=")
        self.directory = directory
        self.popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,  # a guardian whose harness has been killed may fail to print its directory
            env=os.environ | {name: value, "TMPDIR": str(directory)},
        )

    def survivors(self) -> dict[int, bytes]:
        """Return the command line of each process that is left, including the harness."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if self.marker.encode() in (process / "environ").read_bytes():
                    found[int(process.name)] = (process / "cmdline").read_bytes()
            except OSError:  # it has ended, or is a zombie
                continue
        return found

    def is_serving(self) -> bool:
        """Whether the harness has started a server."""
        return any(b"upecho.serving.run" in command for command in self.survivors().values())

    def left_behind(self) -> list[object]:
        return [*self.survivors(), *self.directory.iterdir()]

    def kill(self) -> None:
        self.popen.kill()
        self.popen.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.kill()


def has_ended(pid: int) -> bool:
    """Whether no process has this id any more, not even a zombie."""
    return not Path(f"/proc/{pid}").exists()
