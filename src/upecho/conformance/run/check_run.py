"""A run of the suite: what it has to check, the outcomes so far, and the exit status; also if it is cut short."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from upecho.conformance.check import Check
from upecho.conformance.run.known_failures.known import Known
from upecho.conformance.run.runner import Runner
from upecho.conformance.run.selection import Pair, is_due
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Outcome
from upecho.serving.target import Target


@dataclass(frozen=True)
class Plan:
    """What a run has to do.

    Attributes:
        pairs: The targets, each with each family that it is checked over.
        checks: The selected checks, in the order of the suite.
        known: The known failures of the targets.
        strict: Whether a failed SHOULD check fails the run.
        jobs: Number of checks that run at the same time; None means four per core.
        unusable: The targets that are not checked because their code cannot be used, each with the reason.
        run_all: Whether every check is run, even if a target answers nothing or failed checks take long.
        suite: The revision of the suite that the levels of the checks are those of; empty if there is none.
    """

    pairs: Sequence[Pair]
    checks: Sequence[Check]
    known: Known = field(default_factory=Known)
    strict: bool = False
    jobs: int | None = None
    unusable: Mapping[str, str] = field(default_factory=dict)
    run_all: bool = False
    suite: str = ""

    @property
    def targets(self) -> list[Target]:
        """The targets, each once, in the order in which the user named them."""
        return list(dict.fromkeys(target for target, _ in self.pairs))

    @property
    def due(self) -> int:
        """Number of verdicts of a complete run."""
        return sum(is_due(check, *pair) for pair in self.pairs for check in self.checks)


class CheckRun:
    """Carries out a plan and keeps the outcomes.

    Attributes:
        plan: What the run has to do.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._outcomes: list[Outcome] = []

    def outcomes(self) -> Iterator[Outcome]:
        """Run the checks, and yield each outcome as soon as it is known.

        Raises:
            HarnessError: The suite could not be run to its end.
        """
        plan = self.plan
        for outcome in Runner(plan.pairs, plan.checks, jobs=plan.jobs, run_all=plan.run_all).outcomes():
            self._outcomes.append(plan.known.marked(outcome))
            yield self._outcomes[-1]

    def results(self) -> list[Outcome]:
        """Return the outcomes so far, in the order of the plan."""
        pairs = [(target.text, family) for target, family in self.plan.pairs]
        ids = [check.id for check in self.plan.checks]
        return sorted(self._outcomes, key=lambda one: (pairs.index((one.target, one.family)), ids.index(one.check)))

    def document(self) -> Document:
        """Return the outcomes so far as a document for ``upecho check --json``."""
        plan = self.plan
        return Document.of(self.results(), plan.due, checks=plan.checks, unusable=plan.unusable, suite=plan.suite)

    def exit_status(self) -> int:
        """Return 0 if all is well, 1 if a target or an outcome fails the run, 3 if a check has no verdict."""
        return self.document().exit_status(strict=self.plan.strict)
