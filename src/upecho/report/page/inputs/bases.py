"""Reads earlier runs, and finds the run of the page that each of them is compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from upecho.conformance.run.verdicts.document import Document
from upecho.measure.results import Results
from upecho.report.page.inputs.files import Inputs, expect_unused
from upecho.report.saved_runs import read_run
from upecho.support.errors import CallerError

Content = TypeVar("Content", Results, Document)


@dataclass(frozen=True)
class Pair(Generic[Content]):
    """Two runs of one kind.

    Attributes:
        base_name: Name of the file of the earlier run.
        new_name: Name of the file of the later run.
        base: Earlier run.
        new: Later run.
    """

    base_name: str
    new_name: str
    base: Content
    new: Content

    def __str__(self) -> str:
        return f"--base {self.base_name} and {self.new_name}"


@dataclass(frozen=True)
class Bases:
    """Earlier runs, each with the run of the page that it is compared with.

    Attributes:
        results: Runs of upecho bench.
        verdicts: Runs of upecho check.
    """

    results: tuple[Pair[Results], ...] = ()
    verdicts: tuple[Pair[Document], ...] = ()


def read(paths: Sequence[Path], inputs: Inputs) -> Bases:
    """Read earlier runs and pair them with those of a page.

    Args:
        paths: Files of the earlier runs.
        inputs: The runs of the page.

    Raises:
        CallerError: A file cannot be read, is something else, or does not have exactly one counterpart.
    """
    results: dict[str, Results] = {}
    verdicts: dict[str, Document] = {}
    for path in paths:
        expect_unused(path.name, (*results, *verdicts))
        content = read_run(path)
        if isinstance(content, Results):
            results[path.name] = content
        else:
            verdicts[path.name] = content
    return Bases(
        tuple(_pair(name, one, inputs.results, "results") for name, one in results.items()),
        tuple(_pair(name, one, inputs.verdicts, "verdicts") for name, one in verdicts.items()),
    )


def _pair(name: str, base: Content, candidates: Mapping[str, Content], kind: str) -> Pair[Content]:
    """Pair a run with the only one of its kind, or else with the one whose file has the same name."""
    new_name = next(iter(candidates)) if len(candidates) == 1 else name
    if new_name not in candidates:
        raise _no_counterpart(name, candidates, kind)
    pair = Pair(name, new_name, base, candidates[new_name])
    if pair.base == pair.new:
        raise CallerError("both contain the same run", subject=str(pair), hint="give an earlier run with --base")
    return pair


def _no_counterpart(name: str, candidates: Mapping[str, object], kind: str) -> CallerError:
    if not candidates:
        return CallerError(
            f"it contains {kind}, but no file of the page does",
            subject=f"--base {name}",
            hint=f"add a file of {kind}, or leave out this --base",
        )
    return CallerError(
        f"it can be compared with each of {', '.join(candidates)}",
        subject=f"--base {name}",
        hint=f"give it the name of one of them, or make a page of only one file of {kind}",
    )
