"""The two sides of ``upecho bench --ab BASE NEW``: targets, interpreters, or targets with interpreters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from upecho.measure.plan import pythons
from upecho.processes.interpreter import Interpreter
from upecho.serving.target import COMMAND, Target
from upecho.support.errors import CallerError

SAME_NAMES = ("base", "new")  # of the interpreter, if both sides are the same


class Side(NamedTuple):
    """A target of one side.

    Attributes:
        target: The target as the user wrote it.
        python: Name of the interpreter in reports; empty for the one that runs upecho.
        interpreter: The interpreter; None for the one that runs upecho.
    """

    target: str
    python: str = ""
    interpreter: Interpreter | None = None


def sides(texts: tuple[str, str], targets: Sequence[str], interpreters: Mapping[str, Interpreter]) -> list[list[Side]]:
    """Return the pairs to compare, each as its base side and its new side.

    Args:
        texts: The two sides as the user wrote them.
        targets: Targets that the user named beside them, which are compared if the sides are interpreters.
        interpreters: Interpreters that the user named.

    Raises:
        CallerError: The sides cannot be compared.
    """
    written = [_side(text, interpreters) for text in texts]
    with_target = [one.target for one in written if one.target]
    if len(with_target) == 1:
        raise CallerError(f"only {with_target[0]!r} is a target", subject="--ab", hint="name two targets, or none")
    if with_target and targets:
        raise CallerError("the targets to compare are those of --ab", hint=f"leave out {' '.join(targets)}")
    if not with_target and not targets:
        raise CallerError(
            "nothing to compare", subject="--ab", hint="name a target: upecho bench TARGET --ab @OLD @NEW"
        )
    names = [with_target] if with_target else [[name, name] for name in dict.fromkeys(targets)]
    return [_distinct([one._replace(target=name) for one, name in zip(written, pair, strict=True)]) for pair in names]


def _side(text: str, interpreters: Mapping[str, Interpreter]) -> Side:
    """Return what the user wrote: ``TARGET``, ``TARGET@PYTHON`` or ``@PYTHON``.

    The name of an interpreter and the directory of a virtual environment need no ``@``.
    """
    target, at, python = text.rpartition("@")
    if text in interpreters or Path(text).is_dir():
        target, python = "", text
    elif not at or (python not in interpreters and (target.startswith(COMMAND) or Target.is_address(text))):
        return _with_only(Side(text), interpreters)
    if target.startswith(COMMAND):
        raise CallerError("a command is not run by an interpreter", subject=repr(text), hint="write it in the command")
    return Side(target, python, interpreters.get(python) or pythons.probed(python))


def _with_only(side: Side, interpreters: Mapping[str, Interpreter]) -> Side:
    """Return a side without an interpreter on the one that the user named.

    Raises:
        CallerError: The user named several.
    """
    if len(interpreters) > 1:
        first = next(iter(interpreters))
        raise CallerError(f"{side.target!r} has no interpreter", hint=f"write {side.target}@{first}, for example")
    for name, interpreter in interpreters.items():
        return Side(side.target, name, interpreter)
    return side


def _distinct(pair: Sequence[Side]) -> list[Side]:
    """Return the sides of a pair, which run in the same way and have different names."""
    here = Interpreter.here()
    if pair[0] == pair[1]:
        return [Side(one.target, name, one.interpreter or here) for one, name in zip(pair, SAME_NAMES, strict=True)]
    if any(one.interpreter for one in pair):
        return [one._replace(interpreter=one.interpreter or here) for one in pair]
    return list(pair)
