"""Environments in which the files of a release are built, installed and run."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WITH_GIL = tuple(f"python3.{minor}" for minor in range(11, 16))
FREE_THREADED = tuple(f"python3.{minor}t" for minor in range(13, 16))


def run(command: str, *, cwd: Path, **variables: str) -> str:
    """Run a command of the shell, which has to succeed, and return what it printed.

    Args:
        command: The command.
        cwd: Directory in which it runs.
        variables: Environment variables besides those of the tests.
    """
    done = subprocess.run(
        command,
        shell=True,
        cwd=cwd,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def installed(pythons: tuple[str, ...]) -> list[str]:
    """Return those of some interpreters that are installed, and are not only shims for one that is not."""
    found = [path for path in map(shutil.which, pythons) if path]
    return [path for path in found if not subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode]


@dataclass(frozen=True)
class Environment:
    """A virtual environment that had nothing in it but pip.

    Attributes:
        path: Its directory.
    """

    path: Path

    @classmethod
    def create(cls, python: str, path: Path) -> "Environment":
        """Create an environment for an interpreter.

        Args:
            python: Path of the interpreter.
            path: Directory that does not exist yet.
        """
        run(f"{sys.executable} -m virtualenv --quiet --python {python} {path}", cwd=path.parent)
        return cls(path)

    def run(self, command: str, **variables: str) -> str:
        """Run a command as if the environment were active.

        Args:
            command: The command.
            variables: Environment variables besides those of the tests.
        """
        return run(command, cwd=self.path, PATH=f"{self.path}/bin:{os.environ['PATH']}", **variables)

    def files(self) -> list[Path]:
        """Return all files whose path mentions upecho."""
        return [one for one in self.path.rglob("*") if "upecho" in str(one.relative_to(self.path))]
