"""Renders the defects in ``bugs.toml`` for ``docs/checks.md``."""

from collections.abc import Iterator

from tests.real_bugs import bugs
from tests.real_bugs.bugs import CPYTHON, Bug, Proof

HEAD = """\
## Real bugs

Each of these defects was reported in public, and a check catches a server that has it. The versions are those that the
report or the history of the package names; if neither names one, the date of the report stands there. Where the last
column names two releases, `tox -e old-releases` installs both, and asserts that the check fails three times of three on
the first one and passes three times of three on the second one.
[CONTRIBUTING.md](../CONTRIBUTING.md#add-a-real-bug) explains how to add one.
"""


def links(check: str) -> str:
    """Return links to the defects that a check would have caught, each with the versions that had them."""
    found = [bug for bug in bugs.read() if check in bug.checks]
    return ", ".join(f"[{bug.name}]({bug.link}) ({bug.package} {bug.affected})" for bug in found)


def section() -> Iterator[str]:
    """Yield the lines of the section that describes all defects."""
    yield HEAD
    yield "| issue | package | affected | mended in | defect | checks | shown by |"
    yield "|---|---|---|---|---|---|---|"
    for bug in bugs.read():
        shown = "; ".join(_shown(bug, proof) for proof in bug.proofs)
        columns = [bug.package, bug.affected, bug.mended, bug.what, ", ".join(bug.checks), shown]
        yield f"| [{bug.name}]({bug.link}) | {' | '.join(columns)} |"


def _shown(bug: Bug, proof: Proof) -> str:
    python = "" if bug.package == CPYTHON else f" (Python {proof.python})"
    return f"{proof.check} over {proof.family.value}, {proof.old} and {proof.new}{python}"
