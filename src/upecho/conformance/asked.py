"""What a pytest run of the suite is asked for, in the options of the plugin."""

import pytest

from upecho.conformance.known import Known
from upecho.conformance.known_files import load
from upecho.conformance.selection import Pairs, chosen
from upecho.interpreter import Interpreter


def pairs(config: pytest.Config) -> Pairs:
    """Return the targets, each with the families over which it is examined.

    Raises:
        CallerError: there is no such target.
    """
    return chosen(config.getoption("--target"), config.getoption("--family"), config.getoption("--max-clients"))


def known(config: pytest.Config) -> Known:
    """Return the known failures of the targets.

    Raises:
        CallerError: a file of them is wrong.
    """
    return load(config.getoption("--known"), [target for target, _ in pairs(config)])


def python(config: pytest.Config) -> Interpreter | None:
    """Return the interpreter for the servers, if another one is wanted.

    Raises:
        CallerError: it is none.
    """
    text = config.getoption("--server-python")
    return Interpreter.probe(text) if text else None
