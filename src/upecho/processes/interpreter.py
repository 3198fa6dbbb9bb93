"""Other Pythons: which version a program is, what it can load, and how it runs this upecho without an installation.

An interpreter gets to see the package upecho and nothing else of this environment, through a link in a directory that
holds nothing else. The site-packages beside the package would not do: they contain extension modules that were built
for this version. What is installed for the other interpreter, such as an event loop, it finds as usual.
"""

import contextlib
import json
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from upecho.processes.child import Child
from upecho.processes.ending import ended
from upecho.processes.supervisor import Supervisor
from upecho.support import timeouts
from upecho.support.errors import CallerError

PACKAGE = Path(__file__).parents[1]
OLDEST = (3, 11)
ANSWER_SECONDS = 10.0
MAX_LINE_LENGTH = 80  # characters of what a program has said; some repeat the whole code that they were given

# Every version of Python can run this, so a version that is too old can be told from a program that is not Python.
DESCRIBE = """
import sys
sys.path = [directory for directory in sys.path if directory]
import platform
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
build = "free-threading" in sys.version
print("upecho %s %s %s %s" % (platform.python_implementation(), platform.python_version(), gil, build))
"""
DESCRIPTION = re.compile(r"upecho (\S+) ((\d+)\.(\d+)\S*) (True|False) (True|False)")

ADD_TO_PATH = "import sys; sys.path.insert(0, sys.argv.pop(1)); "

# The answer is one line of JSON: null, or what is wrong. What a module prints goes to stderr. ``serving`` is imported
# first, as it is when a server starts: a module of the current directory cannot shadow what is already imported.
LOAD = """
import json
import os
out = os.dup(1)
os.dup2(2, 1)
from upecho.support import errors
from upecho.serving import run as serving
from upecho.serving.loading.implementation import load_implementation
problem = None
try:
    load_implementation(sys.argv[1])
except errors.Unavailable as error:
    problem = error.reason  # the hint would name a command that installs for another interpreter
except errors.CallerError as error:
    problem = error.detail
os.write(out, json.dumps(problem).encode() + b"\\n")
os._exit(0)
"""

# The answer is one line of JSON.
VERSIONS = """
import json
from upecho.serving.versions import versions
print(json.dumps(versions(sys.argv[1:])), flush=True)
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run servers.

    Attributes:
        executable: Its absolute path. Links are not followed, because a virtual environment is known by its own link.
        version: Implementation, version, and whether it is free-threaded and runs with the GIL nevertheless, such as
            ``CPython 3.13.0``.
    """

    executable: str
    version: str

    @classmethod
    def here(cls) -> Self:
        """Return the interpreter that runs upecho, as a new process of it starts.

        An extension module may have enabled the GIL in this process; no server has loaded it therefore.
        """
        build = "free-threading" in sys.version
        gil = not build or os.environ.get("PYTHON_GIL") == "1"
        version = described(platform.python_implementation(), platform.python_version(), gil=gil, free_threaded=build)
        return cls(sys.executable, version)

    @classmethod
    def probe(cls, text: str) -> Self:
        """Run a program once to find out which Python it is.

        Args:
            text: A path, or a name to look up on the PATH.

        Raises:
            CallerError: There is no such program, it is not Python, or its version is too old.
        """
        executable = _program(text)
        with Supervisor() as supervisor:
            child = supervisor.start([executable, "-c", DESCRIBE])
            child.stdin.close()
            deadline = time.monotonic() + timeouts.scaled(ANSWER_SECONDS)
            while (line := child.read_line(deadline - time.monotonic())) is not None:
                if answer := DESCRIPTION.fullmatch(line):
                    break
            else:
                raise CallerError(f"{text!r} {_silence(child, deadline)}", subject="not Python")
        implementation, version, major, minor, gil, build = answer.groups()
        found = described(implementation, version, gil=gil == "True", free_threaded=build == "True")
        if (int(major), int(minor)) < OLDEST:
            raise CallerError(f"{text!r} is {found}", hint=f"it must be at least {'.'.join(map(str, OLDEST))}")
        return cls(executable, found)

    def command(self, directory: Path, code: str, *arguments: str) -> list[str]:
        """Return the command that runs Python code which can import upecho.

        Args:
            directory: Directory of the supervisor, where the link to the package is created.
            code: The code.
            arguments: Its ``sys.argv[1:]``.
        """
        visible = directory / "visible"
        visible.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (visible / PACKAGE.name).symlink_to(PACKAGE)
        # -P: the current directory must not shadow the standard library.
        return [self.executable, "-P", "-c", ADD_TO_PATH + code, str(visible), *arguments]

    def missing(self, targets: Iterable[str]) -> dict[str, str]:
        """Return the targets that it cannot load, each with the reason in a few words.

        Each target is loaded in a process of its own, since the import of a module may end or block the process.
        """
        with Supervisor() as supervisor:
            children = {text: supervisor.start(self.command(supervisor.directory, LOAD, text)) for text in targets}
            problems = {text: _problem(child) for text, child in children.items()}
        return {text: problem for text, problem in problems.items() if problem}

    def versions(self, targets: Iterable[str]) -> dict[str, str]:
        """Return the versions of the packages that targets consist of here, keyed by package; empty if it fails."""
        with Supervisor() as supervisor:
            child = supervisor.start(self.command(supervisor.directory, VERSIONS, *targets))
            child.stdin.close()
            answer = child.read_line(timeouts.scaled(ANSWER_SECONDS))
        found: dict[str, str] = json.loads(answer) if answer else {}
        return found


def described(implementation: str, version: str, *, gil: bool, free_threaded: bool = False) -> str:
    """Return the text that names an interpreter wherever it is shown.

    Args:
        implementation: Name of the implementation.
        version: Its version.
        gil: Whether it runs with the GIL, which may be enabled in a free-threaded build (``PYTHON_GIL=1``).
        free_threaded: Whether it is a free-threaded build, if it runs with the GIL.
    """
    build = " free-threaded with GIL" if free_threaded else ""
    return f"{implementation} {version}{build if gil else ' free-threaded'}"


def _program(text: str) -> str:
    """Return the absolute path of an executable program."""
    if found := shutil.which(text):
        return os.path.abspath(found)  # noqa: PTH100 (Path.resolve follows links)
    if Path(text).is_file():
        raise CallerError(repr(text), subject="not executable")
    raise CallerError(f"no program {text!r}" + ("" if os.sep in text else " on the PATH"))


def _problem(child: Child) -> str | None:
    """Return why a process could not load its target; None if it could."""
    child.stdin.close()
    deadline = time.monotonic() + timeouts.scaled(ANSWER_SECONDS)
    answer = child.read_line(deadline - time.monotonic())
    if answer is None:
        return f"a process that loaded it {_silence(child, deadline)}"
    problem: str | None = json.loads(answer)
    return problem


def _silence(child: Child, deadline: float) -> str:
    """Describe a process that gave no answer: how it ended and the last line on its stderr, or that it did not end."""
    status = child.wait(max(0.0, deadline - time.monotonic()))
    if status is None:
        return f"gave no answer within {timeouts.scaled(ANSWER_SECONDS):g} s"
    last_line = child.stderr().strip().splitlines()[-1:]
    said = [_shortened(line) for line in last_line]
    return ": ".join([f"{ended(status)} and gave no answer", *said])


def _shortened(line: str) -> str:
    return line if len(line) <= MAX_LINE_LENGTH else f"{line[: MAX_LINE_LENGTH - 1]}…"
