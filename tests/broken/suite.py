"""Runs checks on a server of the kill matrix."""

import os
from collections.abc import Sequence
from unittest import mock

from tests.broken.kills import Kill
from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Check, Level
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.serving.target import Target
from upecho.support.timeouts import SCALE_VARIABLE

CAN_FAIL = [check for check in catalogue() if check.level is not Level.INFO]

# Nearly every check of a server that never replies runs into its deadline. The other servers get more time, so that
# their correct parts are in time on a busy machine.
SILENT_SCALE, SCALE = 0.2, 0.5


def checks_for(kill: Kill) -> list[Check]:
    """Return the checks that show whether a server is caught: those that must catch it, after a first exchange.

    The exchange makes sure that the server has begun to serve. A check that judges what happened before it needs all
    checks, and a correct server has to pass all checks.
    """
    selected = [check for check in CAN_FAIL if check.id in kill.caught_by]
    if not selected or any(check.runs_last for check in selected):
        return CAN_FAIL
    return [check for check in CAN_FAIL if check in selected or check.id == "echo-hello"]


def outcomes(kill: Kill, checks: Sequence[Check], *, jobs: int | None = None) -> list[Outcome]:
    """Run all given checks on a server, even if it answers nothing.

    Args:
        kill: The server.
        checks: The checks; those that are not due for the server are left out.
        jobs: Number of workers that run at the same time; None means four per core.
    """
    scale = SILENT_SCALE if "echo-hello" in kill.caught_by else SCALE
    with mock.patch.dict(os.environ, {SCALE_VARIABLE: str(scale)}):
        return list(Runner([(Target.parse(kill.target), kill.family)], checks, jobs=jobs, run_all=True).outcomes())
