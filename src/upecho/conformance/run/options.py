"""What the options of the pytest plugin mean: the targets and families to check, the checks, and the known failures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import pytest

from upecho.conformance.check import Check
from upecho.conformance.run.given import Given
from upecho.conformance.run.known_failures.files import read_known_failures
from upecho.conformance.run.known_failures.known import Known
from upecho.conformance.run.selection import Pair, pair_with_families, parse_targets, select_checks
from upecho.net.address import Family
from upecho.processes.interpreter import Interpreter
from upecho.serving.settings import MAX_GRACE
from upecho.serving.target import Target
from upecho.support.errors import CallerError

NO_TARGET = "name the server to check, as in --upecho-target selectors or --upecho-target 127.0.0.1:9000"


@dataclass(frozen=True)
class Options:
    """What a run of pytest has to check.

    Attributes:
        pairs: The targets, each with a family.
        checks: The selected checks.
        known: The failures that are known.
        interpreter: Python that runs the implementations; None means the one that runs pytest.
        directory: Where to create temporary files; empty for the usual place.
    """

    pairs: Sequence[Pair] = ()
    checks: Sequence[Check] = ()
    known: Known = field(default_factory=Known)
    interpreter: Interpreter | None = None
    directory: str = ""

    def selected(self, check: Check) -> Check | None:
        """Return a check with the level that it has in this run; None if it is not selected."""
        return next((one for one in self.checks if one.id == check.id), None)

    @classmethod
    def read(cls, config: pytest.Config) -> Self:
        """Return what the options of a run and the process that has started it ask for.

        Raises:
            CallerError: An option is wrong.
        """
        option = config.getoption
        given = next((one for one in config.pluginmanager.get_plugins() if isinstance(one, Given)), None)
        targets = [given.target] if given else _parse_targets(config)
        pairs = pair_with_families(targets, [Family(name) for name in option("--upecho-family")])
        checks = given.checks() if given else select_checks(option("--upecho-check"), option("--upecho-suite"))
        known = read_known_failures(option("--upecho-known"), targets)
        if given:
            return cls(pairs, checks, known, given.interpreter, given.directory)
        python = option("--upecho-python")
        return cls(pairs, checks, known, Interpreter.probe(python) if python else None)


def _parse_targets(config: pytest.Config) -> list[Target]:
    texts, max_clients = config.getoption("--upecho-target"), config.getoption("--upecho-max-clients")
    if not texts:
        raise CallerError(NO_TARGET)
    if max_clients is not None and max_clients < 1:
        raise CallerError(f"--upecho-max-clients is {max_clients}; it must be at least 1")
    grace = config.getoption("--upecho-grace")
    if grace is not None and not 0 <= grace <= MAX_GRACE:
        raise CallerError(f"--upecho-grace is {grace:g}; it must be a number of seconds between 0 and {MAX_GRACE:g}")
    return parse_targets(texts, max_clients, grace=grace)
