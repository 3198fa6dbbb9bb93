"""A harness to be killed, and what it leaves behind."""

import os
import subprocess
import uuid
from pathlib import Path
from typing import Self

MARKER = "UPECHO_TEST_MARKER"


class Harness:
    """A harness to be killed, whose descendants can be told from all other processes."""

    def __init__(self, directory: Path, *command: str) -> None:
        self.marker = f"{MARKER}={uuid.uuid4()}"
        name, _, value = self.marker.partition("=")
        self.directory = directory
        self.popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a guardian whose harness is gone may have nobody to tell its directory
            env=os.environ | {name: value, "TMPDIR": str(directory)},
        )

    def survivors(self) -> dict[int, bytes]:
        """Return the command line of each process that is left, the harness among them."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if self.marker.encode() in (process / "environ").read_bytes():
                    found[int(process.name)] = (process / "cmdline").read_bytes()
            except OSError:  # gone, or a zombie
                continue
        return found

    def is_serving(self) -> bool:
        """Whether it has started a server."""
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
