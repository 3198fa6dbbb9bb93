"""The Pythons of a run: those that were asked for by program, or all on the PATH, under the names that cells use."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from upecho.measure.cells import Cell
from upecho.processes.interpreter import OLDEST, Interpreter
from upecho.support.errors import CallerError

ALL = "all"
PROGRAM = re.compile(r"python(\d+)\.(\d+)t?")


def named(programs: Iterable[str]) -> dict[str, Interpreter]:
    """Return interpreters by their version; two of the same one are told apart by number.

    Args:
        programs: paths, or names to be found on the PATH; ``all`` stands for one of each version that is found there.

    Raises:
        CallerError: one is no Python, or too old.
    """
    found: dict[str, Interpreter] = {}
    for program in dict.fromkeys(programs):
        for python in everywhere() if program == ALL else [Interpreter.probe(program)]:
            version = python.version.removeprefix("CPython ")
            number = sum(name.split("#")[0] == version for name in found)
            found[f"{version}#{number + 1}" if number else version] = python
    return found


def everywhere() -> list[Interpreter]:
    """Return one interpreter of each version on the PATH, the oldest first; of equal ones, this one or the first."""
    found: dict[str, Interpreter] = {Interpreter.here().version: Interpreter.here()}
    for program in _programs():
        try:
            python = Interpreter.probe(program)
        except CallerError:  # a name without a program behind it, such as a version manager leaves
            continue
        found.setdefault(python.version, python)
    return sorted(found.values(), key=lambda python: [int(part) for part in re.findall(r"\d+", python.version)])


def _programs() -> Iterator[str]:
    """Yield what is named as a Python that is new enough, in the order of the PATH."""
    directories = os.environ.get("PATH", os.defpath).split(os.pathsep)
    for directory in map(Path, dict.fromkeys([str(Path(sys.executable).parent), *filter(None, directories)])):
        for program in sorted(directory.glob("python*")):
            match = PROGRAM.fullmatch(program.name)
            if match and (int(match[1]), int(match[2])) >= OLDEST:
                yield str(program)


def unable(pythons: Mapping[str, Interpreter], cells: Sequence[Cell]) -> dict[Cell, str]:
    """Return the cells whose interpreter cannot load their target, each with the reason in a few words."""
    missing = {
        name: python.missing(dict.fromkeys(cell.target for cell in cells if cell.python == name))
        for name, python in pythons.items()
    }
    return {cell: reason for cell in cells if (reason := missing.get(cell.python, {}).get(cell.target))}
