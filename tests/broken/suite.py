"""Runs checks on the servers of the kill matrix."""

import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from unittest import mock

from tests.broken.kills import Kill
from upecho.conformance.catalogue import catalogue
from upecho.conformance.check import Check, Level
from upecho.conformance.run.outcome import Outcome
from upecho.conformance.run.runner import Runner
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


def outcomes(
    kills: Sequence[Kill], checks: Sequence[Check], *, jobs: int | None = None
) -> Iterator[tuple[Kill, Outcome]]:
    """Run all given checks on each server, even if it answers nothing, and yield the outcomes as they arrive.

    Args:
        kills: The servers.
        checks: The checks; those that are not due for a server are left out.
        jobs: Number of workers that run at the same time; None means two per core.
    """
    for scale, group in groupby(sorted(kills, key=_scale), _scale):
        targets = {kill: Target.parse(kill.target) for kill in group}
        kill_of = {(kill.target, kill.family): kill for kill in targets}
        pairs = [(target, kill.family) for kill, target in targets.items()]
        with mock.patch.dict(os.environ, {SCALE_VARIABLE: str(scale)}):
            for outcome in Runner(pairs, checks, jobs=jobs).outcomes():
                yield kill_of[outcome.target, outcome.family], outcome


def _scale(kill: Kill) -> float:
    return SILENT_SCALE if "echo-hello" in kill.caught_by else SCALE
