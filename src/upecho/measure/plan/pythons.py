"""The interpreters of a run, named by the user or found on the PATH, keyed by the name that cells use."""

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
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
RESERVED = (ALL, "cold")  # what else stands where the name of an interpreter does
IN_ENVIRONMENT = ("bin/python", "Scripts/python.exe")  # below the directory of a virtual environment


def named(programs: Iterable[str]) -> dict[str, Interpreter]:
    """Return interpreters keyed by name, or by version if the user gave no name.

    A number distinguishes interpreters of the same version that have no name.

    Args:
        programs: ``PYTHON`` or ``NAME=PYTHON``, where the latter is a path, a name to look up on the PATH, or the
            directory of a virtual environment; ``all`` stands for one interpreter of each version on the PATH.

    Raises:
        CallerError: A program is not Python, its version is too old, or a name is not allowed or given twice.
    """
    found: dict[str, Interpreter] = {}
    for text in dict.fromkeys(programs):
        name, program = _split(text)
        for python in on_path() if program == ALL else [probed(program)]:
            version = python.version.removeprefix("CPython ")
            number = sum(key.split("#")[0] == version for key in found)
            key = name or (f"{version}#{number + 1}" if number else version)
            if key in found:
                raise CallerError(f"two interpreters have the name {key!r}", hint="give each another name")
            found[key] = python
    return found


def probed(program: str) -> Interpreter:
    """Return the interpreter that a path, a name on the PATH, or the directory of a virtual environment stands for.

    Raises:
        CallerError: There is none, it is not Python, or its version is too old.
    """
    if not (program and Path(program).is_dir()):
        return Interpreter.probe(program)
    for place in IN_ENVIRONMENT:
        if (Path(program) / place).is_file():
            return Interpreter.probe(str(Path(program) / place))
    raise CallerError(f"the directory {program!r} has no {IN_ENVIRONMENT[0]}", subject="not a virtual environment")


def _split(text: str) -> tuple[str, str]:
    """Return the name of an interpreter, empty if it has none, and what it stands for.

    Raises:
        CallerError: The name is not allowed.
    """
    name, equals, program = text.partition("=")
    if not equals or os.sep in name:  # the equals sign is part of a path
        return "", text
    if not NAME.fullmatch(name) or name in RESERVED:
        allowed = f"letters, digits, '.', '_' and '-', not {' or '.join(RESERVED)}"
        raise CallerError(f"{name!r} in {text!r}", subject="not a name for an interpreter", hint=f"use {allowed}")
    if program == ALL:
        raise CallerError(f"{text!r}", subject="one name for several interpreters", hint=f"write --python {ALL}")
    return name, program


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
