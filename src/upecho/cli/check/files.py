"""The files that ``upecho check`` writes: the verdicts as JSON, JUnit XML, and Markdown for the summary of a job."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from upecho.conformance.run.verdicts.document import Document
from upecho.report.conformance.job_summary import job_summary
from upecho.report.conformance.junit import junit
from upecho.support import atomic_write
from upecho.support.errors import CallerError


@dataclass(frozen=True)
class CheckFiles:
    """The files to write; None for a file that is not wanted.

    Attributes:
        json: The file for all verdicts with their details.
        junit: The file for JUnit XML.
        summary: The file for Markdown.
    """

    json: Path | None = None
    junit: Path | None = None
    summary: Path | None = None

    def expect_writable(self) -> None:
        """Verify that the files can be written, before minutes of work depend on it.

        Raises:
            CallerError: A file cannot be written, or two of them are the same.
            HarnessError: The disk is full.
        """
        wanted = [path for path in (self.json, self.junit, self.summary) if path]
        for path in wanted:
            atomic_write.check(path)
            if wanted.count(path) > 1:
                raise CallerError("each of --json, --junit and --summary needs a file of its own", subject=str(path))

    def save(self, document: Document, *, strict: bool) -> None:
        """Write the files; an error in one does not prevent the others.

        Args:
            document: The verdicts.
            strict: Whether a failed SHOULD check fails the run.

        Raises:
            CallerError: A file cannot be written.
            HarnessError: The disk is full.
        """
        with contextlib.ExitStack() as stack:
            for path, render in self._renderers(document, strict=strict):
                stack.callback(_save, path, render)

    def _renderers(self, document: Document, *, strict: bool) -> Iterator[tuple[Path, Callable[[], str]]]:
        if self.json:
            yield self.json, document.to_json
        if self.junit:
            yield self.junit, lambda: junit(document, strict=strict)
        if self.summary:
            yield self.summary, lambda: job_summary(document, strict=strict)


def _save(path: Path, render: Callable[[], str]) -> None:
    atomic_write.save(path, render())
