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

from upecho.serving.loading.implementation import load_implementation
from upecho.serving.loading.loops import expect_loop
from upecho.support.errors import CallerError, Unusable

STEP, REASON = "upecho-step", "reason"  # keys of a report


class Step(enum.StrEnum):
    """What the process does, as the subject of a sentence."""

    IMPORT = "import"
    CONSTRUCTION = "its loop factory"
    END = "end"  # the report has the reason why the target is unusable; null if it is not


def main() -> None:
    """Try the target on the command line."""
    text = sys.argv[1]
    reports = os.dup(1)
    os.dup2(2, 1)
    _report(reports, Step.IMPORT)
    reason = None
    try:
        # A wrong name is left for Target.parse to report.
        with contextlib.suppress(CallerError):
            reason = _failure(text, reports)
    finally:
        sys.stderr.flush()
    _report(reports, Step.END, reason)
    os._exit(0)  # a thread of the module must not keep this process alive


def decode(line: str) -> tuple[Step, str | None] | None:
    """Return the step on a line, and the reason of the last one; None if the line is not a report."""
    try:
        content = json.loads(line)
        return Step(content[STEP]), content[REASON]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None


def _failure(text: str, reports: int) -> str | None:
    """Return why a target is unusable; None if it is not."""
    try:
        load_implementation(text)
        if loop := text.partition("+")[2]:
            _report(reports, Step.CONSTRUCTION)
            expect_loop(loop)
    except Unusable as error:
        return error.detail
    return None


def _report(reports: int, step: Step, reason: str | None = None) -> None:
    os.write(reports, json.dumps({STEP: step, REASON: reason}).encode() + b"\n")
