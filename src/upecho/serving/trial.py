"""Tries whether the code of a target can be used: imports it, and constructs its event loop.

``python -c 'from upecho.serving.trial import main; main()' TARGET`` is a process of its own, because foreign code may
crash, exit or hang at either step. It reports each step on the pipe that was its stdout, one JSON object on a line. To
the code of the target, stdout is stderr, so that nothing it prints is taken for a report.
"""

import contextlib
import enum
import json
import os
import sys
from typing import NamedTuple

from upecho.net.address import Family
from upecho.serving.loading.declarations import Declared
from upecho.serving.loading.implementation import load_implementation
from upecho.serving.loading.loops import expect_loop
from upecho.support.errors import CallerError, Unusable

STEP, REASON, DECLARED = "upecho-step", "reason", "declared"  # keys of a report


class Step(enum.StrEnum):
    """What the process does, as the subject of a sentence."""

    IMPORT = "import"
    CONSTRUCTION = "its loop factory"
    END = "end"  # the report has the reason why the target is unusable, or what its module declares


class Report(NamedTuple):
    """What the process has reported.

    Attributes:
        step: What it does next.
        reason: Why the target is unusable; None if it is not, or not known to be.
        declared: What its module declares; None before the end, and if the target is unusable or does not exist.
    """

    step: Step
    reason: str | None = None
    declared: Declared | None = None


def main() -> None:
    """Try the target on the command line."""
    text = sys.argv[1]
    reports = os.dup(1)
    os.dup2(2, 1)
    _write(reports, Report(Step.IMPORT))
    last = Report(Step.END)
    try:
        # A wrong name is left for Target.parse to report.
        with contextlib.suppress(CallerError):
            last = _tried(text, reports)
    finally:
        sys.stderr.flush()
    _write(reports, last)
    os._exit(0)  # a thread of the module must not keep this process alive


def decode(line: str) -> Report | None:
    """Return the report on a line; None if the line is not a report."""
    try:
        content = json.loads(line)
        declared = Declared(**content[DECLARED]) if content[DECLARED] else None
        if declared:
            declared = declared._replace(families=frozenset(map(Family, declared.families)))
        return Report(Step(content[STEP]), content[REASON], declared)
    except (ValueError, RecursionError, KeyError, TypeError):
        return None


def _tried(text: str, reports: int) -> Report:
    """Return whether a target can be used, and what it declares."""
    try:
        declared = load_implementation(text).declared
        if loop := text.partition("+")[2]:
            _write(reports, Report(Step.CONSTRUCTION))
            expect_loop(loop)
    except Unusable as error:
        return Report(Step.END, error.detail)
    return Report(Step.END, declared=declared)


def _write(reports: int, report: Report) -> None:
    declared = report.declared and report.declared._asdict() | {"families": sorted(report.declared.families)}
    content = {STEP: report.step, REASON: report.reason, DECLARED: declared}
    os.write(reports, json.dumps(content).encode() + b"\n")
