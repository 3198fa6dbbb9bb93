"""Other Pythons: which one a program is, what it can load, and how it runs upecho, of which it has nothing installed.

Only the package upecho is put in its sight, through a link in a directory that holds nothing else: beside the package, in
the site-packages of this interpreter, there are extension modules that were made for this version. What is installed
where the other one is, an event loop for example, it finds as ever.
"""

import contextlib
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

from upecho.processes.supervisor import Child, Supervisor
from upecho.support import timeouts
from upecho.support.errors import CallerError

PACKAGE = Path(__file__).parents[1]
OLDEST = (3, 11)
ANSWER_SECONDS = 10.0

# Every Python understands this one, so that a version that is too old is told from a program that is no Python.
DESCRIBE = """
import sys
sys.path = [directory for directory in sys.path if directory]
import platform
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
print("upecho %s %s %s" % (platform.python_implementation(), platform.python_version(), gil))
"""
DESCRIPTION = re.compile(r"upecho (\S+) ((\d+)\.(\d+)\S*) (True|False)")

SEE_UPECHO = "import sys; sys.path.insert(0, sys.argv.pop(1)); "

# The answer is one line, empty if all is well, and the only one: what a module prints goes to stderr. ``serving`` is
# there as it is when a server is started: what it has imported, no module of the current directory can shadow.
LOAD = """
import os
out = os.dup(1)
os.dup2(2, 1)
from upecho.support import errors
from upecho.serving import registry, run as serving
reason = ""
try:
    registry.load(sys.argv[1])
except errors.CallerError as error:
    reason = " ".join(str(error).split())
os.write(out, reason.encode(errors="backslashreplace") + b"\\n")
os._exit(0)
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that servers can be started with.

    Attributes:
        executable: its path, absolute; links are not followed, as a virtual environment is known by its own.
        version: implementation, version, and whether it is free-threaded.
    """

    executable: str
    version: str

    @classmethod
    def here(cls) -> Self:
        """Return the one that runs this."""
        gil = getattr(sys, "_is_gil_enabled", lambda: True)()
        return cls(sys.executable, described(platform.python_implementation(), platform.python_version(), gil=gil))

    @classmethod
    def probe(cls, text: str) -> Self:
        """Return the one that a path, or a name to be found on the PATH, stands for; it is run once.

        Raises:
            CallerError: there is no such program, or it is no Python, or one that is too old.
        """
        executable = _program(text)
        with Supervisor() as supervisor:
            child = supervisor.start([executable, "-c", DESCRIBE])
            child.stdin.close()
            deadline = time.monotonic() + timeouts.seconds(ANSWER_SECONDS)
            while (line := child.read_line(deadline - time.monotonic())) is not None:
                if answer := DESCRIPTION.fullmatch(line):
                    break
            else:
                raise CallerError(f"no Python: {text!r} {_silence(child, deadline)}")
        implementation, version, major, minor, gil = answer.groups()
        found = described(implementation, version, gil=gil == "True")
        if (int(major), int(minor)) < OLDEST:
            raise CallerError(f"{text!r} is {found}; it must be at least {'.'.join(map(str, OLDEST))}")
        return cls(executable, found)

    def command(self, directory: Path, code: str, *arguments: str) -> list[str]:
        """Return the command that runs ``code``, which can import upecho; ``directory`` is that of the supervisor."""
        sight = directory / "sight"
        sight.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (sight / PACKAGE.name).symlink_to(PACKAGE)
        # -P: see server_process.
        return [self.executable, "-P", "-c", SEE_UPECHO + code, str(sight), *arguments]

    def missing(self, targets: Iterable[str]) -> dict[str, str]:
        """Return which of the targets it cannot load, each with the reason in a few words.

        Each is tried in a process of its own, which the import of a module may end or stop.
        """
        with Supervisor() as supervisor:
            trials = {text: supervisor.start(self.command(supervisor.directory, LOAD, text)) for text in targets}
            reasons = {text: _reason(text, child) for text, child in trials.items()}
        return {text: reason for text, reason in reasons.items() if reason}


def described(implementation: str, version: str, *, gil: bool) -> str:
    """Return what an interpreter is called wherever it is shown."""
    return f"{implementation} {version}{'' if gil else ' free-threaded'}"


def _program(text: str) -> str:
    """Return the path of a program that can be run."""
    if found := shutil.which(text):
        return os.path.abspath(found)  # noqa: PTH100 (Path.resolve follows links)
    if Path(text).is_file():
        raise CallerError(f"not executable: {text!r}")
    raise CallerError(f"no program {text!r}" + ("" if os.sep in text else " on the PATH"))


def _reason(target: str, child: Child) -> str:
    """Return why a process could not load a target, without its name; nothing if it could."""
    child.stdin.close()
    deadline = time.monotonic() + timeouts.seconds(ANSWER_SECONDS)
    answer = child.read_line(deadline - time.monotonic())
    if answer is None:
        return f"a process that loaded it {_silence(child, deadline)}"
    reason = answer.rpartition(" is unavailable: ")[2].removeprefix(f"{target.partition('+')[0]}: ")
    return reason.partition(" (pip install ")[0]  # that would be the pip of another interpreter


def _silence(child: Child, deadline: float) -> str:
    """Say how a process has ended that gave no answer, and its last words, if it has ended."""
    status = child.wait(max(0.0, deadline - time.monotonic()))
    if status is None:
        return f"gave no answer within {timeouts.seconds(ANSWER_SECONDS):g} s"
    said = child.stderr().strip().splitlines()[-1:]
    return ": ".join([f"ended with status {status} and gave no answer", *said])
