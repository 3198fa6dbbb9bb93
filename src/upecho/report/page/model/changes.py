"""What a page shows of the difference between two runs, as plain data: BASE is the earlier run, NEW one of the page."""

from dataclasses import dataclass

from upecho.measure.plan.scenarios import Scenario
from upecho.measure.statistics.ratios import Ratio
from upecho.net.address import Family
from upecho.report.page.model.conformance import Detail, Subject


@dataclass(frozen=True)
class Fact:
    """Something that is known about both runs, such as the version of upecho.

    Attributes:
        name: What it is.
        base: What it is in BASE; empty if the run has no such fact.
        new: What it is in NEW; empty if the run has no such fact.
    """

    name: str
    base: str
    new: str


@dataclass(frozen=True)
class CostChange:
    """A server whose cost is known in both runs.

    Attributes:
        label: What distinguishes it in its table, marked if it fails checks in NEW.
        subject: The target and the Python that ran it.
        base_us: Cost of a request in BASE in microseconds, a median.
        new_us: The same in NEW.
        ratio: Cost in NEW relative to BASE.
        has_interval: Whether both runs have enough rounds for an interval of the ratio; otherwise it must not be shown.
        conclusion: What is known about the difference, in words.
        costs_more: Whether a request is known to cost more than before.
        costs_less: Whether a request is known to cost less than before.
    """

    label: str
    subject: Subject
    base_us: float
    new_us: float
    ratio: Ratio
    has_interval: bool
    conclusion: str
    costs_more: bool
    costs_less: bool


@dataclass(frozen=True)
class CostTable:
    """The servers of one scenario over one family.

    Attributes:
        family: Socket family.
        floor: How far a server seems to differ from itself (A/A) in the worse of the runs, as a share; None if unknown.
        servers: The servers, in the order of NEW.
    """

    family: Family
    floor: float | None
    servers: tuple[CostChange, ...]


@dataclass(frozen=True)
class ScenarioChanges:
    """What changed in one scenario.

    Attributes:
        scenario: The load.
        conclusion: How many servers cost more, cost less, and cannot be told apart from before, in words.
        is_different: Whether a server costs more or less.
        tables: One table for each family.
    """

    scenario: Scenario
    conclusion: str
    is_different: bool
    tables: tuple[CostTable, ...]


@dataclass(frozen=True)
class NotCompared:
    """Servers that have figures in one of the runs only.

    Attributes:
        reason: Why they are not compared.
        is_broken: Whether they have figures in BASE, and did something wrong in NEW.
        where: The servers, each with family and scenario.
    """

    reason: str
    is_broken: bool
    where: tuple[str, ...]


@dataclass(frozen=True)
class CostComparison:
    """What changed between two runs of upecho bench.

    Attributes:
        base: Name of the file of BASE.
        new: Name of the file of NEW.
        conclusion: What changed, in one sentence.
        is_worse: Whether a server costs more, or fails now.
        scenarios: What changed in each scenario.
        not_compared: The servers that are not compared.
        meaning: What the figures mean and when a difference is claimed, in sentences.
        cautions: What restricts the comparison, such as another machine.
        facts: How the two runs were made.
    """

    base: str
    new: str
    conclusion: str
    is_worse: bool
    scenarios: tuple[ScenarioChanges, ...]
    not_compared: tuple[NotCompared, ...]
    meaning: tuple[str, ...]
    cautions: tuple[str, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Worsening:
    """Checks that passed in BASE and fail in NEW for one cause.

    Attributes:
        title: The check that is explained, with target and families.
        requirement: What this check demands of a server.
        source: Standard or manual page that the requirement follows from.
        detail: What was expected and seen.
        others: The other checks with the same cause, in words.
    """

    title: str
    requirement: str
    source: str
    detail: Detail
    others: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Changes of one kind that need no explanation, such as what was mended.

    Attributes:
        title: What they have in common.
        lines: The changes.
    """

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ChangedRequirement:
    """A check whose requirement has another text in NEW.

    Attributes:
        check: Id of the check.
        base: Requirement in BASE.
        new: Requirement in NEW.
    """

    check: str
    base: str
    new: str


@dataclass(frozen=True)
class VerdictComparison:
    """What changed between two runs of upecho check.

    Attributes:
        base: Name of the file of BASE.
        new: Name of the file of NEW.
        conclusion: What changed, in one sentence.
        is_worse: Whether a check got worse, or the code of a target can no longer be loaded.
        worse: Why each check fails that got worse.
        groups: All other changes, the most important kind first.
        requirements: Changed requirements.
        cautions: What restricts the comparison, or may have caused a change although the targets are the same.
        facts: How the two runs were made.
    """

    base: str
    new: str
    conclusion: str
    is_worse: bool
    worse: tuple[Worsening, ...]
    groups: tuple[Group, ...]
    requirements: tuple[ChangedRequirement, ...]
    cautions: tuple[str, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class PageChanges:
    """All comparisons of a page.

    Attributes:
        costs: Comparisons of results.
        verdicts: Comparisons of verdicts.
    """

    costs: tuple[CostComparison, ...]
    verdicts: tuple[VerdictComparison, ...]
