"""Keeps account of what all servers of one target have written to stderr, until the checks that judge it."""

from dataclasses import dataclass

from upecho.conformance.harness.servers.stderr import Fragment, StderrReader, errors, summarized
from upecho.conformance.harness.violation import Violation
from upecho.support.text import plural
from upecho.support.tracebacks import important_lines


@dataclass(frozen=True)
class Written:
    """Something on stderr that a requirement forbids.

    Attributes:
        check: Id of the check during which it was written first.
        violation: The violation.
    """

    check: str
    violation: Violation


class StderrAccount:
    """What the servers of one target have written to stderr so far."""

    def __init__(self) -> None:
        self._fragments: list[list[Fragment]] = []  # of each server; its reader extends the list

    def add(self, reader: StderrReader) -> None:
        """Let the stderr of one more server count."""
        self._fragments.append(reader.fragments)

    def checks(self) -> list[str]:
        """Return the ids of the checks during which something was written."""
        return [one.check for fragments in self._fragments for one in fragments]

    def errors(self) -> Written | None:
        """Return the violation that there are error reports; None if there are none."""
        if findings := [finding for fragments in self._fragments for finding in errors(fragments)]:
            violation = Violation("no traceback, crash report or warning on stderr", summarized(findings))
            return Written(findings[0].check, violation)
        return None

    def anything(self) -> Written | None:
        """Return the violation that something was written before the stop; None if nothing was."""
        written = [one for fragments in self._fragments for one in fragments if one.while_serving]
        if not written:
            return None
        first = written[0]
        lines = plural(sum(one.text.count("\n") for one in written), "line")
        what = "; ".join(important_lines(first.text))
        return Written(first.check, Violation("nothing on stderr", f"{lines}, the first during {first.check}: {what}"))
