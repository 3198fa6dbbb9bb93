"""What a page shows of verdicts, as plain data."""

from dataclasses import dataclass

from upecho.conformance.check import Level
from upecho.conformance.findings import Explanation, Fault
from upecho.net.address import Family
from upecho.support.text import plural


@dataclass(frozen=True)
class CheckRow:
    """A check, as a row of the matrix.

    Attributes:
        id: Public name.
        topic: Subject, in one to three words.
        level: Weight of a failure.
        requirement: What a server has to do.
        source: Standard or manual page that the requirement follows from.
    """

    id: str
    topic: str
    level: Level
    requirement: str
    source: str


@dataclass(frozen=True)
class Subject:
    """A target as one Python ran it, and what readers select it by.

    Attributes:
        target: The target as the user named it.
        model: Name of its implementation; the target itself if it is a command or an address.
        loop: Event loop that it runs on; empty without one.
        framework: Framework that it is written for; empty if it is written for none.
        python: Version of the Python that ran the suite.
    """

    target: str
    model: str
    loop: str
    framework: str
    python: str


@dataclass(frozen=True)
class Column:
    """A column of the matrix: a target, with all Pythons on which its verdicts are the same for the same reasons.

    Attributes:
        subjects: The target with each of these Pythons.
        failed: Number of MUST checks that it failed, each counted once over all families. A check that was not run
            because of another failure is not counted.
    """

    subjects: tuple[Subject, ...]
    failed: int


@dataclass(frozen=True)
class Cell:
    """A verdict in the matrix.

    Attributes:
        family: The socket family.
        mark: One character.
        meaning: What the mark means.
        detail: Number of the detail that explains it, counted from 0; None for a check that passed.
    """

    family: Family
    mark: str
    meaning: str
    detail: int | None


@dataclass(frozen=True)
class Detail:
    """Why cells of the matrix are not passes; cells with the same reason share one.

    Attributes:
        target: The target.
        pythons: Versions of the Pythons that ran the suite.
        checks: Ids of the checks.
        families: The socket families.
        meaning: What the mark of the cells means.
        reason: What kept the checks from being run, or what the target lacks; empty for a check that was run.
        explanation: What was expected and seen, and what happened on the wire, over the first family and on the first
            Python; None for a check that was not run.
        fault: What kept upecho from a verdict; None unless the verdict is an error.
        known: Why the failure is known; empty if it is not.
        link: Where more about the known failure is found; empty if nowhere.
    """

    target: str
    pythons: tuple[str, ...]
    checks: tuple[str, ...]
    families: tuple[Family, ...]
    meaning: str
    reason: str
    explanation: Explanation | None
    fault: Fault | None
    known: str
    link: str = ""


@dataclass(frozen=True)
class RecordedValue:
    """What an INFO check observed.

    Attributes:
        subject: The target and the Python.
        family: The socket family.
        value: The number; None if the observation is given in words.
        text: The observation in words; empty if there is a number.
    """

    subject: Subject
    family: Family
    value: float | None
    text: str


@dataclass(frozen=True)
class Record:
    """All observations of one INFO check.

    Attributes:
        check: Id of the check.
        unit: Unit of the numbers; empty if all observations are given in words.
        values: The observations.
    """

    check: str
    unit: str
    values: tuple[RecordedValue, ...]


@dataclass(frozen=True)
class Divergence:
    """Where a loop or a framework does not do what its checks demand.

    Attributes:
        name: Name of the loop or the framework; of the implementation if it runs on neither.
        kind: ``event loop``, ``framework`` or ``server``.
        servers: Targets that ran on it.
        failures: Ids of the MUST and SHOULD checks that failed, each with the targets and families that failed it.
        unusable: Why targets could not be checked.
        not_run: Number of checks that failed nowhere and were not run somewhere, because a server did not start or did
            not answer its first client.
    """

    name: str
    kind: str
    servers: tuple[str, ...]
    failures: tuple[tuple[str, str], ...]
    unusable: tuple[str, ...]
    not_run: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether every check was run, and none failed."""
        return not (self.failures or self.unusable or self.not_run)

    @property
    def title(self) -> str:
        """What it is, and how many checks failed and were not run."""
        not_run = f", {self.not_run} not run" if self.not_run else ""
        return f"{self.name} ({self.kind}): {plural(len(self.failures), 'check')} failed{not_run}"


@dataclass(frozen=True)
class Conformance:
    """The verdicts of all files.

    Attributes:
        checks: Rows of the matrix, in the order of the suite.
        columns: Columns of the matrix.
        families: Families, in the order in which a cell shows them.
        cells: Cells of each row, by column; empty for a check that was not due.
        marks: The marks that occur, each with its meaning.
        details: Why cells are not passes.
        records: What INFO checks observed.
        divergences: Where each loop and framework diverges, those without a failure last.
        verdicts: Number of verdicts.
    """

    checks: tuple[CheckRow, ...]
    columns: tuple[Column, ...]
    families: tuple[Family, ...]
    cells: tuple[tuple[tuple[Cell, ...], ...], ...]
    marks: tuple[tuple[str, str], ...]
    details: tuple[Detail, ...]
    records: tuple[Record, ...]
    divergences: tuple[Divergence, ...]
    verdicts: int

    @property
    def without_failures(self) -> str:
        """A sentence that names the loops, frameworks and servers of which no check failed."""
        clean = [one.name for one in self.divergences if one.is_clean]
        return f"Without a failed check: {', '.join(clean) or 'none'}."
