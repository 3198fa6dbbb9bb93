"""The options of the suite, as a pytest plugin: pytest parses its command line before it loads an installed conftest.

pytest loads this plugin wherever upecho is installed, so the module imports nothing of upecho, and every option begins
with ``--upecho-``: short names belong to the project that is being tested.
"""

from typing import Any

import pytest

REFUSAL = "upecho_refusal"  # key under which a pytest-xdist worker tells the controller what is wrong


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the conformance suite."""
    group = parser.getgroup("upecho", "upecho: conformance of socket servers")
    group.addoption(
        "--upecho-target", action="append", default=[], metavar="TARGET", help="the server to check; repeatable"
    )
    group.addoption(
        "--upecho-family",
        action="append",
        default=[],
        choices=["inet", "inet6", "unix", "abstract"],
        help="a socket family to check over; repeatable (default: every available family)",
    )
    group.addoption(
        "--upecho-check", action="append", default=[], metavar="ID", help="a check to run; repeatable (default: all)"
    )
    group.addoption(
        "--upecho-suite",
        default="",
        metavar="REVISION",
        help="revision of the suite that is scored; later checks are run, but not scored (default: every check)",
    )
    group.addoption(
        "--upecho-known",
        metavar="DIRECTORY",
        help="directory of known failures, one file per target (default: known, if it exists)",
    )
    group.addoption(
        "--upecho-max-clients",
        type=int,
        metavar="N",
        help="number of clients that a target serves at the same time, if it does not declare it",
    )
    group.addoption(
        "--upecho-all",
        action="store_true",
        help="run every check, even if the server answers nothing or failed checks take long",
    )
    group.addoption(
        "--upecho-grace",
        type=float,
        metavar="SECONDS",
        help="time that a command gives its clients after SIGTERM or SIGINT, before it closes (default: 10)",
    )
    group.addoption("--upecho-strict", action="store_true", help="let a failed SHOULD check fail the run")
    group.addoption(
        "--upecho-python", metavar="EXE", help="Python interpreter that runs the servers (default: this one)"
    )


def refuse(config: pytest.Config, message: str) -> None:
    """End the run with pytest's exit status for bad input.

    Only the process that the user started can do that: a pytest-xdist worker passes the message on to it.
    """
    if not hasattr(config, "workeroutput"):
        raise pytest.UsageError(message)
    config.workeroutput[REFUSAL] = message


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """End the run if a pytest-xdist worker has refused its input.

    This hook runs in the controller, which never loads the conftest of the suite.
    """
    if message := getattr(node, "workeroutput", {}).get(REFUSAL):
        raise pytest.UsageError(message)
