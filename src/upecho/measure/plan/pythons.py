"""The interpreters of a run, named by the user or found on the PATH, keyed by the version that cells use."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from upecho.measure.plan.cell_plan import PlannedCell
from upecho.processes.interpreter import OLDEST, Interpreter
from upecho.support.errors import CallerError

ALL = "all"
PROGRAM = re.compile(r"python(\d+)\.(\d+)t?")


def named(programs: Iterable[str]) -> dict[str, Interpreter]:
    """Return interpreters keyed by version; a number distinguishes interpreters of the same version.

    Args:
        programs: Paths, or names to look up on the PATH; ``all`` stands for one interpreter of each version there.

    Raises:
        CallerError: A program is not Python, or its version is too old.
    """
    found: dict[str, Interpreter] = {}
    for program in dict.fromkeys(programs):
        for python in on_path() if program == ALL else [Interpreter.probe(program)]:
            version = python.version.removeprefix("CPython ")
            number = sum(name.split("#")[0] == version for name in found)
            found[f"{version}#{number + 1}" if number else version] = python
    return found


def on_path() -> list[Interpreter]:
    """Return one interpreter of each version on the PATH, the oldest version first.

    Of several interpreters of one version it is the running one, or else the first on the PATH.
    """
    found: dict[str, Interpreter] = {Interpreter.here().version: Interpreter.here()}
    for program in _programs():
        try:
            python = Interpreter.probe(program)
        except CallerError:  # such as the shim that a version manager leaves for a version that is not installed
            continue
        found.setdefault(python.version, python)
    return sorted(found.values(), key=lambda python: [int(part) for part in re.findall(r"\d+", python.version)])


def _programs() -> Iterator[str]:
    """Yield programs whose name is that of a recent enough Python, in the order of the PATH."""
    directories = os.environ.get("PATH", os.defpath).split(os.pathsep)
    for directory in map(Path, dict.fromkeys([str(Path(sys.executable).parent), *filter(None, directories)])):
        for program in sorted(directory.glob("python*")):
            match = PROGRAM.fullmatch(program.name)
            if match and (int(match[1]), int(match[2])) >= OLDEST:
                yield str(program)


def unloadable(cells: Sequence[PlannedCell]) -> dict[PlannedCell, str]:
    """Return the cells whose interpreter cannot load their target, each with a short reason.

    A target whose code is unusable anyway is not tried.
    """
    usable = [one for one in cells if not one.unusable]
    interpreters = dict.fromkeys(one.interpreter for one in usable if one.interpreter)
    missing = {
        interpreter: interpreter.missing(
            dict.fromkeys(one.cell.target for one in usable if one.interpreter == interpreter)
        )
        for interpreter in interpreters
    }
    return {
        one: reason for one in usable if one.interpreter and (reason := missing[one.interpreter].get(one.cell.target))
    }
