"""The suite's options, as a pytest plugin: those of an installed conftest would be unknown when pytest starts.

It is loaded in every pytest run where upecho is installed, so it imports nothing of upecho and does little else: what
the conftest cannot do under pytest-xdist, where the process that the user has started never loads it.
"""

from typing import Any

import pytest

REFUSAL = "upecho"  # what a process of pytest-xdist calls it in what it hands to the one that started it


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; upecho's benchmarks use ``--family`` as well."""
    group = parser.getgroup("upecho", "upecho: conformance of socket servers")
    group.addoption("--target", action="append", default=[], help="what to check; may be given several times")
    group.addoption(
        "--family",
        action="append",
        default=[],
        choices=["inet", "inet6", "unix", "abstract"],
        help="a socket family (default: all there are); may be given several times",
    )
    group.addoption("--max-clients", type=int, help="how many clients a target serves at once, if it does not say")
    group.addoption("--strict-should", action="store_true", help="let failed SHOULD checks fail the run")
    group.addoption(
        "--known", metavar="DIRECTORY", help="known failures, a file per target (default: known, if there is one)"
    )
    group.addoption("--check", action="append", default=[], help="the id of a check to run (default: all)")
    group.addoption("--server-python", help="the interpreter that servers are started with (default: this one)")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker that makes a function a check."""
    config.addinivalue_line("markers", "upecho(level, ...): a check of the conformance suite")


def refuse(config: pytest.Config, wrong: str) -> None:
    """End the run as pytest ends it for bad input; a process of pytest-xdist can only ask for that."""
    if not hasattr(config, "workeroutput"):
        raise pytest.UsageError(wrong)
    config.workeroutput[REFUSAL] = wrong


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Do what a process of pytest-xdist has asked for."""
    if wrong := getattr(node, "workeroutput", {}).get(REFUSAL):
        raise pytest.UsageError(wrong)
